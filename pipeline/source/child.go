package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const maxSaid = 4 << 10 // bytes kept of what a child says on standard error

// A child is a program whose output we read. It has no goroutine: its pipes are read with deadlines. It is the
// leader of a process group, so that a terminal's signal does not reach it before us, and ends with us.
type child struct {
	cmd  *exec.Cmd
	out  *os.File
	errs *os.File
	said []byte
}

// startChild starts a program.
func startChild(program string, args []string) (*child, error) {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = childAttr()
	out, outW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	errs, errsW, err := os.Pipe()
	if err != nil {
		out.Close()
		outW.Close()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	cmd.Stdout, cmd.Stderr = outW, errsW
	err = cmd.Start()
	outW.Close()
	errsW.Close()
	if err != nil {
		out.Close()
		errs.Close()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return &child{cmd: cmd, out: out, errs: errs}, nil
}

// read reads what the child writes, waiting for so long at most: os.ErrDeadlineExceeded when nothing came.
func (c *child) read(b []byte, wait time.Duration) (int, error) {
	if err := c.out.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	return c.out.Read(b)
}

// hear takes what the child has said on standard error, so that it never waits for us there. The end is kept.
func (c *child) hear() {
	raw, err := c.errs.SyscallConn()
	if err != nil {
		return
	}
	var b [1 << 10]byte
	for n := 1; n > 0; {
		raw.Read(func(fd uintptr) bool {
			n, _ = syscall.Read(int(fd), b[:])
			return true // nothing there is an answer, too
		})
		if n > 0 {
			c.said = append(c.said, b[:n]...)
			c.said = c.said[max(0, len(c.said)-maxSaid):]
		}
	}
}

// stop ends the child and whatever it has started, and says how it ended. It leaves no zombie.
func (c *child) stop() error {
	syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	err := c.cmd.Wait()
	c.hear()
	c.out.Close()
	c.errs.Close()
	return err
}

// why returns what the child said last, fit to be shown, or else how it ended.
func (c *child) why(ended error) string {
	lines := strings.Split(strings.TrimSpace(string(c.said)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return clean(last)
	}
	if ended == nil {
		return "ended by itself"
	}
	return ended.Error()
}

// idle reports whether an error of read says no more than that nothing came.
func idle(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// ended says why reading the child has ended. At the end of its output it is given a moment to end by itself, so
// that its own account is heard.
func (c *child) ended(err error) string {
	if err != io.EOF {
		c.stop()
		return err.Error()
	}
	c.await()
	return c.why(c.stop())
}

// await waits a moment for the end of what the child says.
func (c *child) await() {
	c.hear()
	var b [1]byte
	for deadline := time.Now().Add(stopWait); c.errs.SetReadDeadline(deadline) == nil; c.hear() {
		n, err := c.errs.Read(b[:])
		c.said = append(c.said, b[:n]...)
		if err != nil {
			return
		}
	}
}

const stopWait = 100 * time.Millisecond

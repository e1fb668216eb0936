package discover

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A tree is the files below a root, which symbolic links do not leave.
type tree struct{ root string }

// maxLinks bounds the symbolic links of one path.
const maxLinks = 40

// real returns the path to open for one as a program on the machine would name it.
func (t tree) real(name string) (string, error) {
	if t.root == "" || t.root == "/" {
		return name, nil
	}
	done, todo := "/", strings.Split(path.Clean("/"+name), "/")
	for links := 0; len(todo) > 0; {
		next := path.Join(done, todo[0])
		todo = todo[1:]
		to, err := os.Readlink(t.below(next))
		if err != nil { // no link, or nothing at all: whoever opens it will see
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: name, Err: syscall.ELOOP}
		}
		if !path.IsAbs(to) {
			to = path.Join(done, to)
		}
		done, todo = "/", append(strings.Split(path.Clean(to), "/"), todo...)
	}
	return t.below(done), nil
}

func (t tree) below(name string) string { return path.Join(t.root, name) }

func (t tree) open(name string) (*os.File, error) {
	p, err := t.real(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(p)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
	}
	return os.Open(p)
}

// read returns a file of at most most bytes.
func (t tree) read(name string, most int64) (string, error) {
	f, err := t.open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return string(b), err
}

func (t tree) stat(name string) (fs.FileInfo, error) {
	p, err := t.real(name)
	if err != nil {
		return nil, err
	}
	return os.Stat(p)
}

func (t tree) exists(name string) bool {
	_, err := t.stat(name)
	return err == nil
}

// list returns the names in a directory, sorted.
func (t tree) list(dir string) ([]string, error) {
	p, err := t.real(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(p)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// glob returns the paths that match a pattern, sorted. A directory that can't be listed is an error, one that is not
// there is empty.
func (t tree) glob(pattern string) ([]string, error) {
	dir, last := path.Split(pattern)
	if dir = strings.TrimSuffix(dir, "/"); !hasMeta(pattern) {
		return []string{pattern}, nil
	}
	dirs, err := t.glob(dir)
	if err != nil || dir == "" {
		dirs = []string{"/"}
	}
	var all []string
	for _, d := range dirs {
		if !hasMeta(last) {
			all = append(all, path.Join(d, last))
			continue
		}
		names, listErr := t.list(d)
		if listErr != nil && !errors.Is(listErr, fs.ErrNotExist) && !errors.Is(listErr, syscall.ENOTDIR) {
			err = errors.Join(err, listErr)
		}
		for _, n := range names {
			if ok, _ := path.Match(last, n); ok && (n[0] != '.' || last[0] == '.') {
				all = append(all, path.Join(d, n))
			}
		}
	}
	return all, err
}

func hasMeta(s string) bool { return strings.ContainsAny(s, "*?[") }

// reason returns what an error says without the path, which stands beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// mend returns the command that lets this process read name: membership in the group that may, or an entry in
// an access list.
func (t tree) mend(name string) string {
	closed, info := t.closed(name)
	if info == nil {
		return ""
	}
	need, stat := fs.FileMode(0o040), info.Sys().(*syscall.Stat_t)
	if info.IsDir() {
		need = 0o010
	}
	if group := t.group(stat.Gid); info.Mode()&need == need && stat.Gid != 0 {
		return "usermod -aG " + group + " " + t.user()
	}
	return fmt.Sprintf("setfacl -m u:%s:rX %s", t.user(), t.below(closed))
}

// closed returns the first part of a path at which this process is kept out.
func (t tree) closed(name string) (string, fs.FileInfo) {
	parts := strings.Split(path.Clean(name), "/")
	for i := range parts {
		p := "/" + path.Join(parts[:i+1]...)
		real, err := t.real(p)
		if err != nil {
			return "", nil
		}
		info, err := os.Stat(real)
		if err != nil {
			return "", nil
		}
		const search, read = 1, 4
		mode := uint32(search)
		if i == len(parts)-1 && !info.IsDir() {
			mode = read
		}
		if syscall.Faccessat(atCwd, real, mode, atEaccess) != nil {
			return p, info
		}
	}
	return "", nil
}

// Of Linux's faccessat: from the working directory, by effective ids.
const (
	atCwd     = -100
	atEaccess = 0x200
)

// group returns the name of a group, or its number.
func (t tree) group(gid uint32) string {
	return t.nameOf("/etc/group", strconv.FormatUint(uint64(gid), 10), strconv.FormatUint(uint64(gid), 10))
}

// user returns who this process is; where it is root, which nothing keeps out, who it should be.
func (t tree) user() string {
	const usual = "fedwarden"
	if id := os.Geteuid(); id != 0 {
		return t.nameOf("/etc/passwd", strconv.Itoa(id), usual)
	}
	return usual
}

// nameOf finds the name of a number in a file like /etc/passwd.
func (t tree) nameOf(file, id, otherwise string) string {
	text, _ := t.read(file, maxConfig)
	for line := range strings.Lines(text) {
		if f := strings.SplitN(line, ":", 4); len(f) > 3 && f[2] == id && !slices.Contains(f[:1], "") {
			return f[0]
		}
	}
	return otherwise
}

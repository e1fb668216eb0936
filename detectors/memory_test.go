//go:build linux

package detectors_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	torture  = "FEDWARDEN_TORTURE" // makes what is small in every run its full size
	child    = "FEDWARDEN_MEMORY_CHILD"
	ceiling  = 256 << 20 // what `memory:` is by default, of which the runtime gets 80 %
	smallRSS = 64 << 20
	noise    = 12 << 20 // by which resident memory goes up and down when nothing grows
)

// A resident is in a process of its own: it feeds an engine as `run` has one, and says how much is resident.
type resident struct {
	*feed
	rng *rand.Rand
	out io.Writer
}

// TestResidentMemory holds a process with the whole engine to its memory: on a small server for three days, and
// then under 100,000 invented keys a second, of every kind at once.
func TestResidentMemory(t *testing.T) {
	if os.Getenv(child) != "" {
		besieged(os.Stdout)
		return
	}
	if testing.Short() {
		t.Skip("millions of events")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestResidentMemory$")
	cmd.Env = append(os.Environ(), child+"=1")
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("child: %v\n%s%s", err, out, failed.String())
	}
	small, siege := steps(string(out), "small"), steps(string(out), "siege")
	if len(small) == 0 || len(siege) < 8 {
		t.Fatalf("the child said:\n%s", out)
	}
	t.Logf("3,000 peers for three days: %s", megabytes(small))
	t.Logf("100,000 invented keys a second: %s", megabytes(siege))
	for _, line := range strings.Split(string(out), "\n") {
		if strings.HasPrefix(line, "took ") {
			t.Log(line)
		}
	}
	if got := highest(small); got > smallRSS {
		t.Errorf("a small server: got %d MB, want 64 at most", got>>20)
	}
	if got := highest(siege); got > ceiling {
		t.Errorf("under siege: got %d MB, want 256 at most", got>>20)
	}
	if os.Getenv(torture) != "1" {
		return // filters are still growing after seconds
	}
	half := len(siege) / 2
	if before, after := highest(siege[:half]), highest(siege[half:]); after > before+noise {
		t.Errorf("it grows: %d MB in the first half, %d MB in the second", before>>20, after>>20)
	}
}

// besieged is the child.
func besieged(out io.Writer) {
	debug.SetMemoryLimit(ceiling / 10 * 8)
	debug.SetGCPercent(50) // as run does
	r := &resident{feed: &feed{engine: newTestEngine(), at: clock, events: make([]pipeline.Event, batchSize)}, rng: rand.New(rand.NewPCG(7, 8)), out: out}
	pace, seconds, step := 300*time.Millisecond, 20, 2
	if os.Getenv(torture) == "1" {
		pace, seconds, step = 50*time.Millisecond, 3600, 60
	}
	r.gap = pace
	began := time.Now()
	for range 24 {
		r.feedFor(3*time.Hour, r.peer)
		r.say("small")
	}
	fmt.Fprintf(out, "took %d ns an event on a small server, making it and checkpoints included\n", time.Since(began)/time.Duration(r.seq))
	began, r.gap = time.Now(), 10*time.Microsecond
	for range seconds / step {
		r.feedFor(time.Duration(step)*time.Second, r.invented)
		r.say("siege")
	}
	fmt.Fprintf(out, "took %d ns an event under siege, making it and checkpoints included\n", time.Since(began).Nanoseconds()/int64(seconds)/100_000)
}

// feedFor feeds what of makes for d of event time, and takes a snapshot at the end, as a checkpoint does.
func (r *resident) feedFor(d time.Duration, of func(e *pipeline.Event)) {
	for range int(d/r.gap)/batchSize + 1 {
		for i := range r.events {
			r.events[i] = pipeline.Event{Kind: pipeline.KindRequest, Format: pipeline.FormatNginx, Method: pipeline.MethodPost,
				Endpoint: pipeline.EndpointInbox, Status: 202, Lines: 1}
			of(&r.events[i])
		}
		r.process()
	}
	for _, p := range r.engine.Parts() {
		if err := p.Write(io.Discard); err != nil {
			panic(err)
		}
	}
}

// peer is what one of 3,000 peers, or somebody who reads, does at a small server.
func (r *resident) peer(e *pipeline.Event) {
	p := r.rng.IntN(1 + r.rng.IntN(3000))
	host := fmt.Sprintf("peer%d.example", p)
	e.IP = netip.AddrFrom4([4]byte{198, byte(18 + p>>8), byte(p), byte(1 + r.rng.IntN(2))})
	e.AgentHost, e.KeyHost, e.KeyID = host, host, fmt.Sprintf("https://%s/users/u%d#main-key", host, r.rng.IntN(5))
	switch r.rng.IntN(4) {
	case 0:
		e.Method, e.Endpoint, e.Status, e.AgentHost, e.KeyHost, e.KeyID = pipeline.MethodGet, pipeline.EndpointTimeline, 200, "", "", ""
	case 1:
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprint("user", r.rng.IntN(30))
	}
}

// invented is one event of names and an address that nobody has ever seen.
func (r *resident) invented(e *pipeline.Event) {
	n := r.rng.Uint64()
	host := fmt.Sprintf("x%x.example", n)
	switch n % 8 {
	case 0, 1:
		host = fmt.Sprintf("h%x.farm.example", n)
	case 2:
		host = fmt.Sprintf("h%x.farm%d.example", n, n>>40%5000)
	case 3:
		host = fmt.Sprintf("peer%d.example", n>>40%3000)
	}
	e.KeyHost, e.KeyID = host, fmt.Sprintf("https://%s/users/u%x#main-key", host, n)
	if n%3 == 0 {
		e.AgentHost = host
	}
	if n%16 == 5 {
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, fmt.Sprintf("user%x", n)
	}
	if n%5 == 0 {
		e.Method, e.Endpoint, e.Status = pipeline.MethodPost, pipeline.EndpointSignIn, 422
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], r.rng.Uint64())
	e.IP = netip.AddrFrom4([4]byte(raw[:4]))
	if n%2 == 0 {
		raw[0] = 0x20 | raw[0]&0x1f
		e.IP = netip.AddrFrom16(raw)
	}
}

// say writes what is resident now.
func (r *resident) say(what string) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			fmt.Fprintf(r.out, "%s %s\n", what, strings.Fields(kb)[0])
		}
	}
}

// steps returns the bytes of all lines that begin with what.
func steps(out, what string) (list []int64) {
	for _, line := range strings.Split(out, "\n") {
		if kb, ok := strings.CutPrefix(line, what+" "); ok {
			if n, err := strconv.ParseInt(kb, 10, 64); err == nil {
				list = append(list, n<<10)
			}
		}
	}
	return list
}

func highest(list []int64) int64 {
	var top int64
	for _, n := range list {
		top = max(top, n)
	}
	return top
}

func megabytes(list []int64) string {
	var b strings.Builder
	for i, n := range list {
		if i%max(1, len(list)/20) == 0 || i == len(list)-1 {
			fmt.Fprintf(&b, "%d ", n>>20)
		}
	}
	return b.String() + "MB"
}

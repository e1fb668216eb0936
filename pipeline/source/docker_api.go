package source

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	apiPatience = 10 * time.Second // for an answer, and for the rest of what has begun to come
	maxAnswer   = 16 << 20         // bytes of an answer
	maxMessage  = 4 << 10          // bytes of an answer that says what is wrong
)

// A dockerAPI asks Docker's daemon. Each question has a connection of its own, which is cheap to a socket, so
// that nothing is kept open but the logs that are followed.
type dockerAPI struct {
	network, address string // to dial
	host             string
}

// newDockerAPI returns the API at a socket's path, or at the tcp:// or http:// address of a proxy to it.
func newDockerAPI(where string) (*dockerAPI, error) {
	scheme, rest, ok := strings.Cut(where, "://")
	switch {
	case !ok && strings.HasPrefix(where, "/"):
		return &dockerAPI{"unix", where, "docker"}, nil
	case scheme == "unix" && strings.HasPrefix(rest, "/"):
		return &dockerAPI{"unix", rest, "docker"}, nil
	case !ok || scheme != "tcp" && scheme != "http":
		return nil, fmt.Errorf("docker socket %q: must be a path, as in /var/run/docker.sock, or a proxy's address, as in tcp://socket-proxy:2375", where)
	}
	host := strings.TrimSuffix(rest, "/")
	if name, port, err := net.SplitHostPort(host); err != nil || name == "" || port == "" || strings.ContainsAny(host, "/@?# ") {
		return nil, fmt.Errorf("docker socket %q: must name a host and a port, as in tcp://socket-proxy:2375", where)
	}
	return &dockerAPI{"tcp", host, host}, nil
}

// String names the socket.
func (a *dockerAPI) String() string { return a.address }

// An apiError is what the daemon says against a question.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string { return fmt.Sprintf("docker: %s (status %d)", e.text, e.status) }

// isGone reports whether the daemon knows no such container.
func isGone(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.status == http.StatusNotFound
}

// An answer is what comes to one question, and the connection on which it comes.
type answer struct {
	conn net.Conn
	in   *bufio.Reader
	resp *http.Response
	stop func() bool
}

func (a *answer) close() {
	a.stop()
	a.conn.Close()
}

// ask sends one question. What is read of the answer ends with ctx, and after apiPatience unless its deadline is
// set anew.
func (a *dockerAPI) ask(ctx context.Context, path string, query url.Values) (*answer, error) {
	dialer := net.Dialer{Timeout: apiPatience}
	conn, err := dialer.DialContext(ctx, a.network, a.address)
	if err != nil {
		return nil, a.mend(err)
	}
	ans := &answer{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
	ans.stop = context.AfterFunc(ctx, func() { conn.Close() })
	if err := a.exchange(ans, path, query); err != nil {
		ans.close()
		return nil, err
	}
	return ans, nil
}

func (a *dockerAPI) exchange(ans *answer, path string, query url.Values) error {
	ans.conn.SetDeadline(time.Now().Add(apiPatience))
	req := &http.Request{Method: http.MethodGet, Host: a.host, Close: true, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL:    &url.URL{Scheme: "http", Host: a.host, Path: path, RawQuery: query.Encode()},
		Header: http.Header{"User-Agent": {"fedwarden"}}}
	if err := req.Write(ans.conn); err != nil {
		return fmt.Errorf("docker %s: %w", a, err)
	}
	resp, err := http.ReadResponse(ans.in, req)
	if err != nil {
		return fmt.Errorf("docker %s: %w", a, err)
	}
	ans.resp = resp
	if resp.StatusCode != http.StatusOK {
		return readAPIError(resp)
	}
	return nil
}

// readAPIError reads what the daemon, or a proxy before it, says is wrong.
func readAPIError(resp *http.Response) error {
	e := &apiError{status: resp.StatusCode, text: http.StatusText(resp.StatusCode)}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxMessage)) // what came of it is enough
	var said struct{ Message string }
	if json.Unmarshal(b, &said) == nil && said.Message != "" {
		e.text = clean(said.Message)
	}
	return e
}

// get reads an answer in JSON.
func (a *dockerAPI) get(ctx context.Context, path string, query url.Values, v any) error {
	ans, err := a.ask(ctx, path, query)
	if err != nil {
		return err
	}
	defer ans.close()
	b, err := io.ReadAll(io.LimitReader(ans.resp.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("has more than %d bytes", maxAnswer)
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("docker %s: read %s: %w", a, path, err)
	}
	return nil
}

// list returns all containers, running or not.
func (a *dockerAPI) list(ctx context.Context) ([]Container, error) {
	var all []struct {
		ID     string `json:"Id"`
		Names  []string
		Labels map[string]string
	}
	if err := a.get(ctx, "/containers/json", url.Values{"all": {"1"}}, &all); err != nil {
		return nil, err
	}
	var list []Container
	for _, c := range all {
		one := Container{ID: c.ID, Project: c.Labels["com.docker.compose.project"], Service: c.Labels["com.docker.compose.service"]}
		for _, n := range c.Names { // a link's name has the other container's before it
			if n = strings.TrimPrefix(n, "/"); one.Name == "" || !strings.Contains(n, "/") {
				one.Name = n
			}
		}
		if isContainerID(one.ID) {
			list = append(list, one)
		}
	}
	return list, nil
}

// isContainerID reports whether id may stand in a path.
func isContainerID(id string) bool {
	return id != "" && len(id) <= 128 && strings.Trim(id, "0123456789abcdefABCDEF") == ""
}

// hasTTY reports whether a container writes to a terminal: its log is then not in frames.
func (a *dockerAPI) hasTTY(ctx context.Context, id string) (bool, error) {
	var c struct{ Config struct{ Tty bool } }
	err := a.get(ctx, "/containers/"+id+"/json", nil, &c)
	return c.Config.Tty, err
}

// logs asks for a container's log, from the first line on that is not older than since.
func (a *dockerAPI) logs(ctx context.Context, id string, since pipeline.Time, more ...string) (*answer, error) {
	q := url.Values{"stdout": {"1"}, "stderr": {"1"}, "timestamps": {"1"}}
	if since > 0 {
		q.Set("since", fmt.Sprintf("%d.%09d", since/pipeline.Second, since%pipeline.Second))
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return a.ask(ctx, "/containers/"+id+"/logs", q)
}

// mend says what to do about a socket that can't be reached.
func (a *dockerAPI) mend(err error) error {
	switch {
	case a.network != "unix":
		return fmt.Errorf("docker: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("docker: %w: it is for root and the group docker, and whoever may use it is as good as root: `usermod -aG docker fedwarden`; "+
			"rather read the folder (docker: %s), or use a proxy that allows no more than GET /containers", err, DefaultContainers)
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("docker: %w: is Docker running (`systemctl start docker`), and the socket mounted? The folder (docker: %s) needs neither", err, DefaultContainers)
	}
	return fmt.Errorf("docker: %w", err)
}

package discover

import (
	"encoding/json"
	"errors"
	"net"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// containers is where Docker keeps what it knows of each container, its log too.
const containers = "/var/lib/docker/containers"

// dockerSocket is where Docker's daemon listens.
const dockerSocket = "/var/run/docker.sock"

// services are those of compose whose logs tell something.
var services = []string{"web", "sidekiq*", "streaming", "nginx*", "caddy*"}

// The labels that compose sets.
const (
	labelService = "com.docker.compose.service"
	labelProject = "com.docker.compose.project"
)

// dockerMend is the variant of running fedwarden that reads Docker's files and nothing else of root's.
const dockerMend = "docker run --user 0 --cap-drop ALL --cap-add DAC_READ_SEARCH --read-only -v " + containers + ":" + containers + ":ro … fedwarden"

// docker finds the containers of Mastodon and of what stands before it.
func (f *finder) docker() {
	ids, err := f.tree.list(containers)
	if err != nil {
		if !missing(err) {
			f.found.problem(f.tree.below(containers), reason(err), dockerMend)
		}
		f.socket()
		return
	}
	for _, id := range ids[:min(len(ids), maxFiles)] {
		f.container(path.Join(containers, id))
	}
	if len(f.found.Containers) > 0 {
		f.found.Docker = f.tree.below(containers)
	}
}

// socket says that Docker's socket can be used where its folder can't.
func (f *finder) socket() {
	name := f.tree.below(dockerSocket)
	conn, err := net.DialTimeout("unix", name, time.Second)
	if err != nil {
		return
	}
	conn.Close()
	f.found.warn(name, "serves where the folder can't be read; it is as good as root, so a proxy that allows GET /containers alone is better",
		"inputs: [{docker_socket: "+name+"}]")
}

// container reads one directory of Docker's.
func (f *finder) container(dir string) {
	var c struct {
		ID, Name, LogPath string
		Config            struct {
			Image  string
			Labels map[string]string
		}
	}
	var host struct {
		LogConfig struct{ Type string }
	}
	if !f.decode(path.Join(dir, "config.v2.json"), &c) || !f.decode(path.Join(dir, "hostconfig.json"), &host) {
		return
	}
	it := Container{ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Project: c.Config.Labels[labelProject], Service: c.Config.Labels[labelService]}
	if !matches(services, it.Service) {
		return
	}
	switch driver := host.LogConfig.Type; driver {
	case "json-file":
		f.containerLog(it, c.LogPath)
	case "journald": // what stands in the journal is told there
	default:
		f.found.problem("container "+it.Name, "its log driver is "+driver, "logging: {driver: json-file} in compose.yaml")
	}
}

// containerLog adds a container by its log.
func (f *finder) containerLog(it Container, name string) {
	in, err := f.tree.open(name)
	if err != nil {
		f.found.problem(f.tree.below(name), reason(err), dockerMend)
		return
	}
	defer in.Close()
	it.Path = f.tree.below(name)
	if it.Sample, err = sample(in, parse.Options{}); err != nil {
		f.found.problem(it.Path, reason(err), "")
		return
	}
	f.found.Containers = append(f.found.Containers, it)
	if it.Sample.Events > 0 || it.Sample.Lines == 0 {
		f.warnSample("container "+it.Name, &it.Sample)
	}
}

// decode reads a file of JSON; what keeps it from that is told.
func (f *finder) decode(name string, v any) bool {
	text, err := f.tree.read(name, maxConfig)
	if err == nil {
		err = json.Unmarshal([]byte(text), v)
	}
	if err == nil || missing(err) || errors.Is(err, syscall.ENOTDIR) {
		return err == nil
	}
	f.found.problem(f.tree.below(name), reason(err), dockerMend)
	return false
}

package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	// DefaultContainers is where Docker keeps what it knows of each container, its log too.
	DefaultContainers = "/var/lib/docker/containers"

	dockerLateness = 10 * time.Second
	dockerEnd      = 30 * time.Second // without its log, after which a container is gone
	maxConfig      = 4 << 20          // bytes of a container's configuration
	shortID        = 12
)

// DefaultServices are the services of Mastodon's compose file that write logs, and what may stand before them.
func DefaultServices() []string { return []string{"web", "sidekiq*", "streaming", "nginx", "caddy"} }

// A DockerConfig says which containers' logs to follow. Its zero value is DefaultServices in DefaultContainers.
type DockerConfig struct {
	Dir      string   // of the containers, wherever it is mounted; empty: DefaultContainers
	Services []string // patterns of compose services; empty: DefaultServices, unless Names are given
	Names    []string // patterns of containers' names, for those that no compose file made
	Projects []string // patterns of compose projects; empty: every one
	Log      *slog.Logger
}

// A Container is one of Docker's, as its folder tells.
type Container struct {
	ID      string
	Name    string
	Project string // of compose
	Service string // of compose
	Path    string // of its log
}

// Stream returns the name of the container's stream.
func (c Container) Stream() string {
	return clean(fmt.Sprintf("docker:%s@%s", c.Name, c.ID[:min(len(c.ID), shortID)]))
}

// Containers finds the logs of containers in Docker's folder. It holds no file and starts nothing; Watch is
// what looks again.
type Containers struct {
	cfg      DockerConfig
	known    map[string]Container // by the path of the log
	followed map[string]bool
	ignored  map[string]time.Time // ids that are none of ours, and when their configuration was written
	trouble  string
}

// NewContainers returns a Containers that has found nothing yet.
func NewContainers(cfg DockerConfig) (*Containers, error) {
	if cfg.Dir == "" {
		cfg.Dir = DefaultContainers
	}
	if len(cfg.Services) == 0 && len(cfg.Names) == 0 {
		cfg.Services = DefaultServices()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, list := range [][]string{cfg.Services, cfg.Names, cfg.Projects} {
		for _, p := range list {
			if _, err := path.Match(p, ""); err != nil || p == "" {
				return nil, fmt.Errorf("docker %s: %q is no pattern", cfg.Dir, p)
			}
		}
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("docker %s: %w", cfg.Dir, err)
	}
	cfg.Dir = dir
	return &Containers{cfg: cfg, known: map[string]Container{}, followed: map[string]bool{}, ignored: map[string]time.Time{}}, nil
}

// Follow makes a log one that was found already.
func (c *Containers) Follow(path string) { c.followed[path] = true }

// Forget makes a log one that can be found again.
func (c *Containers) Forget(path string) { delete(c.followed, path) }

// Next returns the logs of the containers that have come since the last call, at most so many. What can't be
// read is logged once; Check says it, too.
func (c *Containers) Next(most int) []string {
	found, err := c.find()
	c.tell(err)
	var out []string
	for _, one := range found {
		if len(out) == most {
			break
		}
		c.Follow(one.Path)
		out = append(out, one.Path)
	}
	return out
}

// Check reports why containers can't be read, and what mends it.
func (c *Containers) Check() error {
	_, err := c.find()
	return err
}

func (c *Containers) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != c.trouble && err != nil {
		c.cfg.Log.Warn("containers can't be read", "err", err)
	}
	c.trouble = text
}

// TailConfig returns how the log at path is followed: as base, by the name of its container, until that is gone.
func (c *Containers) TailConfig(path string, base TailConfig) TailConfig {
	base.Path = path
	if one, ok := c.known[path]; ok {
		base.Name = one.Stream()
	}
	base.Lateness = orDefault(base.Lateness, dockerLateness)
	base.EndAfter = orDefault(base.EndAfter, dockerEnd)
	base.Mend = mendDocker
	return base
}

// find returns the containers that are to be followed and are not yet, by the order of their ids.
func (c *Containers) find() ([]Container, error) {
	entries, err := os.ReadDir(c.cfg.Dir)
	if err != nil {
		return nil, mendDocker(err)
	}
	var out []Container
	var first error
	here := map[string]bool{}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		here[e.Name()] = true
		one, ok, err := c.container(e.Name())
		if err != nil && first == nil {
			first = mendDocker(err)
		}
		if ok {
			c.known[one.Path] = one
			out = append(out, one)
		}
	}
	c.forget(here)
	return out, first
}

// forget drops what is known of containers that are gone.
func (c *Containers) forget(here map[string]bool) {
	for id := range c.ignored {
		if !here[id] {
			delete(c.ignored, id)
		}
	}
	for p, one := range c.known {
		if !here[one.ID] && !c.followed[p] {
			delete(c.known, p)
		}
	}
}

// dockerFile is what we read of a container's config.v2.json.
type dockerFile struct {
	Name    string
	LogPath string
	Config  struct{ Labels map[string]string }
}

// container reads one folder. It is none of ours when its labels say so, when another driver has its log, or
// before it has one.
func (c *Containers) container(id string) (one Container, ok bool, err error) {
	name := filepath.Join(c.cfg.Dir, id, "config.v2.json")
	fi, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return one, false, nil // it is being made, or removed
	}
	if err != nil {
		return one, false, err
	}
	if at, ignored := c.ignored[id]; ignored && at.Equal(fi.ModTime()) {
		return one, false, nil
	}
	f, err := readDockerFile(name, fi.Size())
	if err != nil {
		return one, false, err
	}
	one = Container{ID: id, Name: strings.TrimPrefix(f.Name, "/"),
		Project: f.Config.Labels["com.docker.compose.project"], Service: f.Config.Labels["com.docker.compose.service"]}
	if !c.wants(one) || !strings.HasSuffix(f.LogPath, "-json.log") {
		c.ignored[id] = fi.ModTime()
		return one, false, nil
	}
	one.Path = filepath.Join(c.cfg.Dir, id, path.Base(f.LogPath)) // the folder may be mounted elsewhere than at home
	if c.followed[one.Path] {
		return one, false, nil
	}
	_, err = os.Stat(one.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return one, false, nil
	}
	return one, err == nil, err
}

func readDockerFile(name string, size int64) (f dockerFile, err error) {
	if size > maxConfig {
		return f, fmt.Errorf("read %s: has %d bytes", name, size)
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("read %s: %w", name, err)
	}
	return f, nil
}

// wants reports whether a container is one of ours.
func (c *Containers) wants(one Container) bool {
	if matchesAny(c.cfg.Names, one.Name) {
		return true
	}
	return matchesAny(c.cfg.Services, one.Service) && (len(c.cfg.Projects) == 0 || matchesAny(c.cfg.Projects, one.Project))
}

// matchesAny reports whether one of the patterns matches a name that is not empty.
func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok && name != "" {
			return true
		}
	}
	return false
}

// mendDocker says what to do about a folder that can't be read: it is root's.
func mendDocker(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("docker: %w", err)
	}
	return fmt.Errorf("docker: %w: its files are root's: run fedwarden as user 0 with all capabilities dropped but DAC_READ_SEARCH and "+
		"the folder mounted read-only, as deploy/compose.docker-logs.yaml does, or let Docker log to journald", err)
}

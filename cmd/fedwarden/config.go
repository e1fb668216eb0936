package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// A Config is what one YAML file and the environment say. Every key is optional.
type Config struct {
	Instance       InstanceConfig  `yaml:"instance"`
	Inputs         []InputConfig   `yaml:"inputs"`
	TrustedProxies []string        `yaml:"trusted_proxies"` // when a proxy or CDN stands before nginx and real_ip is not set
	State          string          `yaml:"state"`           // the state directory
	Memory         Size            `yaml:"memory"`          // one hard ceiling; raise it above 20,000 peers
	Listen         string          `yaml:"listen"`          // /metrics, /healthz, /readyz; "off" for none
	Grace          Duration        `yaml:"grace"`           // how long a stop waits for deliveries
	History        HistoryConfig   `yaml:"history"`         // how much of the logs' past is read at the first start
	Detectors      DetectorsConfig `yaml:"detectors"`
	Sinks          SinksConfig     `yaml:"sinks"`

	Relays      []string            `yaml:"relays"`      // hosts of the relays that you subscribed to
	Crawlers    []CrawlerConfig     `yaml:"crawlers"`    // whose reading is no news
	Maintenance []MaintenanceConfig `yaml:"maintenance"` // when queues may stand still
}

// An InstanceConfig says which Mastodon server this is.
type InstanceConfig struct {
	Domain string `yaml:"domain"` // its own name; without it alerts have no links
}

// An InputConfig is a log, or many: exactly one of Path, Journald, Docker, DockerSocket and Kafka says which.
type InputConfig struct {
	Path      string   `yaml:"path"`      // a file, or a pattern that is looked at again for new files
	Journald  []string `yaml:"journald"`  // units (or containers that log to the journal), with * and ?
	Directory string   `yaml:"directory"` // of the journal, where it is not this machine's
	Docker    string   `yaml:"docker"`    // Docker's folder of containers, as /var/lib/docker/containers
	// DockerSocket is instead of that folder, where it can't be read: a path, or tcp:// and a proxy's address. The
	// socket is as good as root; the folder, or a proxy that allows no more than GET /containers, is better.
	DockerSocket string `yaml:"docker_socket"`

	Services  []string          `yaml:"services"`   // of compose, whose containers are followed; web, sidekiq*, streaming, nginx, caddy
	Kafka     *KafkaConfig      `yaml:"kafka"`      // topics that shippers fill
	Format    string            `yaml:"format"`     // nginx, rails, sidekiq; empty: by its content
	Timezone  string            `yaml:"timezone"`   // of stamps that name none, as in Europe/Berlin; UTC
	Lateness  Duration          `yaml:"lateness"`   // how much out of order its lines may be; above nginx' flush=
	LogFormat string            `yaml:"log_format"` // nginx' own text log_format
	JSONKeys  map[string]string `yaml:"json_keys"`  // our name: its key, for a JSON log_format with names of its own
	Verified  bool              `yaml:"verified"`   // Rails' log: the initializer of fedwarden snippet rails-initializer is there
}

// A DetectorsConfig says which detectors are off.
type DetectorsConfig struct {
	Off []string `yaml:"off"`
}

// A SinksConfig says where alerts go.
type SinksConfig struct {
	Stdout  *StdoutConfig  `yaml:"stdout"`
	File    *FileConfig    `yaml:"file"`
	Slack   *SlackConfig   `yaml:"slack"`
	Webhook *WebhookConfig `yaml:"webhook"`
}

// A StdoutConfig prints alerts.
type StdoutConfig struct {
	Format      string `yaml:"format"` // text or json
	MinSeverity string `yaml:"min_severity"`
}

// A FileConfig appends alerts as JSON lines.
type FileConfig struct {
	Path        string `yaml:"path"`
	MinSeverity string `yaml:"min_severity"`
}

// A SlackConfig posts to an incoming webhook.
type SlackConfig struct {
	WebhookURL     string `yaml:"webhook_url"`
	WebhookURLFile string `yaml:"webhook_url_file"`
	MinSeverity    string `yaml:"min_severity"`
}

// A WebhookConfig posts as Standard Webhooks has it.
type WebhookConfig struct {
	URL         string   `yaml:"url"`
	URLFile     string   `yaml:"url_file"`
	Secrets     []string `yaml:"secrets"` // the first signs too; several while one is replaced
	SecretsFile string   `yaml:"secrets_file"`
	MinSeverity string   `yaml:"min_severity"`
}

const (
	defaultListen = "127.0.0.1:9464"
	defaultMemory = 256 << 20
	defaultGrace  = 7 * time.Second // with what else stopping takes, it is done before Docker kills it after 10 s
	minMemory     = 32 << 20
)

// defaults returns the Config of an empty file.
func defaults() Config {
	return Config{Memory: memoryDefault(), Listen: defaultListen, Grace: Duration(defaultGrace),
		History: HistoryConfig{Age: Duration(defaultHistoryAge), Time: Duration(defaultHistoryTime)}}
}

// loadConfig reads the file at path, if one is given, and the environment over it. The error holds every
// mistake.
func loadConfig(path string) (*Config, error) {
	cfg := defaults()
	d := &decoder{file: path}
	if path != "" {
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		d.decode(src, &cfg)
	}
	cfg.fromEnvironment(os.Getenv)
	cfg.readSecrets(d, os.Getenv)
	cfg.validate(d)
	return &cfg, d.err()
}

// fromEnvironment serves those without a file.
func (c *Config) fromEnvironment(get func(string) string) {
	set := func(to *string, names ...string) {
		for _, n := range names {
			if v := get(n); v != "" && *to == "" {
				*to = v
			}
		}
	}
	set(&c.Instance.Domain, "FEDWARDEN_INSTANCE")
	if get("FEDWARDEN_SLACK_WEBHOOK")+get("FEDWARDEN_SLACK_WEBHOOK_FILE") != "" && c.Sinks.Slack == nil {
		c.Sinks.Slack = &SlackConfig{}
		set(&c.Sinks.Slack.WebhookURL, "FEDWARDEN_SLACK_WEBHOOK")
		set(&c.Sinks.Slack.WebhookURLFile, "FEDWARDEN_SLACK_WEBHOOK_FILE")
	}
	if get("FEDWARDEN_WEBHOOK_URL") == "" || c.Sinks.Webhook != nil {
		return
	}
	c.Sinks.Webhook = &WebhookConfig{URL: get("FEDWARDEN_WEBHOOK_URL")}
	set(&c.Sinks.Webhook.SecretsFile, "FEDWARDEN_WEBHOOK_SECRET_FILE")
	if s := get("FEDWARDEN_WEBHOOK_SECRET"); s != "" {
		c.Sinks.Webhook.Secrets = strings.Fields(s)
	}
}

func (c *Config) validate(d *decoder) {
	if strings.ContainsAny(c.Instance.Domain, "/: @") {
		d.problem("instance.domain", "must be a host name, as in social.example")
	}
	if c.Memory < minMemory {
		d.problem("memory", "must be at least 32MB")
	}
	if err := validListen(c.Listen); err != nil {
		d.problem("listen", err.Error())
	}
	if c.Grace < 0 {
		d.problem("grace", "must not be negative")
	}
	if c.History.Age < 0 || c.History.Time < 0 {
		d.problem("history", "must not be negative")
	}
	for i, p := range c.TrustedProxies {
		if _, err := parsePrefix(p); err != nil {
			d.problem(fmt.Sprintf("trusted_proxies[%d]", i), "must be an address or a CIDR, as in 10.0.0.0/8")
		}
	}
	for i, in := range c.Inputs {
		in.validate(fmt.Sprintf("inputs[%d]", i), d)
	}
	for i, name := range c.Detectors.Off {
		if !knownDetector(name) {
			d.problem(fmt.Sprintf("detectors.off[%d]", i), fmt.Sprintf("no detector is named %q; see `fedwarden detectors`", name))
		}
	}
	c.validateKnown(d)
	c.Sinks.validate(d)
}

// validListen reports why addr can't be listened on. A port that is taken is only known by trying.
func validListen(addr string) error {
	if addr == "off" || addr == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("must be HOST:PORT, as in 127.0.0.1:9464, or off")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%s is no port: a number up to 65535", port)
	}
	return nil
}

func (in *InputConfig) validate(at string, d *decoder) {
	switch kinds := in.kinds(); {
	case len(kinds) == 0:
		d.problem(at+".path", "is missing (or journald, docker, docker_socket or kafka)")
	case len(kinds) > 1:
		d.problem(at+"."+kinds[1], "does not go with "+kinds[0]+": make two inputs of them")
	}
	if in.Kafka != nil {
		in.Kafka.validate(at+".kafka", d)
	}
	if _, err := source.NewSocket(source.SocketConfig{Socket: in.DockerSocket}); in.DockerSocket != "" && err != nil {
		d.problem(at+".docker_socket", err.Error())
	}
	if len(in.Services) > 0 && in.Docker+in.DockerSocket == "" {
		d.problem(at+".services", "are those of docker, which is not set")
	}
	if in.Directory != "" && len(in.Journald) == 0 {
		d.problem(at+".directory", "is that of journald, which is not set")
	}
	if in.Format != "" && pipeline.ParseFormat(in.Format) == pipeline.FormatUnknown {
		d.problem(at+".format", "must be nginx, rails or sidekiq")
	}
	if _, err := time.LoadLocation(in.Timezone); err != nil {
		d.problem(at+".timezone", err.Error())
	}
	if in.Lateness < 0 {
		d.problem(at+".lateness", "must not be negative")
	}
	if in.LogFormat == "" && in.JSONKeys == nil {
		return
	}
	if _, err := parse.New(in.options(nil)); err != nil {
		d.problem(at+".log_format", err.Error())
	}
}

// kinds names the keys that say what the input is.
func (in *InputConfig) kinds() []string {
	var list []string
	for _, k := range []struct {
		name string
		set  bool
	}{{"path", in.Path != ""}, {"journald", len(in.Journald) > 0}, {"docker", in.Docker != ""},
		{"docker_socket", in.DockerSocket != ""}, {"kafka", in.Kafka != nil}} {
		if k.set {
			list = append(list, k.name)
		}
	}
	return list
}

// options returns what parse needs to know of the input.
func (in *InputConfig) options(trusted []netip.Prefix) parse.Options {
	loc, err := time.LoadLocation(in.Timezone)
	if err != nil {
		loc = time.UTC
	}
	return parse.Options{Format: pipeline.ParseFormat(in.Format), Location: loc, LogFormat: in.LogFormat,
		JSONKeys: in.JSONKeys, TrustedProxies: trusted, Verified: in.Verified}
}

// trusted returns the trusted proxies; validate has seen that they can be read.
func (c *Config) trusted() []netip.Prefix {
	var list []netip.Prefix
	for _, s := range c.TrustedProxies {
		if p, err := parsePrefix(s); err == nil {
			list = append(list, p)
		}
	}
	return list
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// knownDetector reports whether there is a detector, or a recogniser, of that name.
func knownDetector(name string) bool { return isFinder(name) || named(detectors.Recognisers(), name) }

func isFinder(name string) bool { return named(detectors.Specs(), name) }

func named(specs []pipeline.Spec, name string) bool {
	return slices.ContainsFunc(specs, func(s pipeline.Spec) bool { return s.Name == name })
}

// stateDir returns the state directory: the flag, the file, $STATE_DIRECTORY, /var/lib/fedwarden if it can
// be written, else that of the user.
func stateDir(flag string, c *Config) string {
	for _, dir := range []string{flag, c.State, os.Getenv("STATE_DIRECTORY")} {
		if dir != "" {
			return dir
		}
	}
	const system = "/var/lib/fedwarden"
	if writable(system) {
		return system
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "fedwarden")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return system
	}
	return filepath.Join(home, ".local", "state", "fedwarden")
}

// writable reports whether dir can be written to or, if it is not there, made. It leaves no trace: who only
// asks makes no directory.
func writable(dir string) bool {
	const writeAndSearch = 3
	err := syscall.Access(dir, writeAndSearch)
	if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		return writable(filepath.Dir(dir))
	}
	return err == nil
}

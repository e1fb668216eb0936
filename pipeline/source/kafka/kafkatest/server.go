package kafkatest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// The user of the secured listener, for PLAIN and SCRAM.
const (
	User     = "fedwarden"
	Password = "correct-horse"
)

const (
	clusterID = "ZmVkd2FyZGVuLXRlc3QtMQ" // any 16 bytes
	readyIn   = 90 * time.Second
)

// A Server is one broker. Its data outlive Kill.
type Server struct {
	Addr    string // without TLS or SASL
	Secured string // with TLS and SASL; empty without Options.Secured
	Mutual  string // with TLS, and a client's certificate needed; likewise
	Certs   Certs

	t       testing.TB
	dir     string
	libs    string
	process *exec.Cmd
	exited  chan struct{}
}

// Options say what a broker offers beyond one plain listener.
type Options struct {
	Secured bool
	Props   []string // lines of server.properties
}

// Start starts a broker that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), libs: find(t)}
	ports := freePorts(t, 4)
	s.Addr = ports[0]
	if o.Secured {
		s.Secured, s.Mutual = ports[2], ports[3]
		s.Certs = newCerts(t, s.dir)
	}
	properties := s.properties(ports[1], o)
	if err := os.WriteFile(s.file("server.properties"), []byte(properties), 0o600); err != nil {
		t.Fatal(err)
	}
	s.format(o)
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// find returns the folder of jars, or ends the test.
func find(t testing.TB) string {
	t.Helper()
	libs := os.Getenv("FEDWARDEN_KAFKA_LIBS")
	jars, _ := filepath.Glob(filepath.Join(libs, "kafka_2.13-*.jar"))
	_, err := exec.LookPath("java")
	why := ""
	switch {
	case libs == "":
		why = "FEDWARDEN_KAFKA_LIBS is not set: bash .ci/kafka-libs DIR fetches a broker"
	case len(jars) == 0:
		why = "no kafka_2.13 in " + libs
	case err != nil:
		why = err.Error()
	default:
		return libs
	}
	if os.Getenv("FEDWARDEN_REQUIRE_SERVERS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var list []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // all at the end: so they differ
		list = append(list, l.Addr().String())
	}
	return list
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) properties(controller string, o Options) string {
	listeners := "PLAINTEXT://" + s.Addr
	lines := []string{
		"process.roles=broker,controller", "node.id=1", "controller.listener.names=CONTROLLER",
		"controller.quorum.voters=1@" + controller,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL,MUTUAL:SSL",
		"log.dirs=" + s.file("data"), "auto.create.topics.enable=false", "delete.topic.enable=true",
		"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1", "offsets.topic.segment.bytes=1048576",
		"transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1", "transaction.state.log.num.partitions=1",
		"group.initial.rebalance.delay.ms=0", "group.min.session.timeout.ms=500", "log.cleaner.dedupe.buffer.size=8388608",
		"log.retention.check.interval.ms=200", "log.initial.task.delay.ms=100", "log.segment.delete.delay.ms=100",
	}
	if o.Secured {
		listeners += ",SECURED://" + s.Secured + ",MUTUAL://" + s.Mutual
		lines = append(lines, s.security()...)
	}
	lines = append(lines, "listeners="+listeners+",CONTROLLER://"+controller, "advertised.listeners="+listeners)
	return strings.Join(append(lines, o.Props...), "\n") + "\n"
}

func (s *Server) security() []string {
	return []string{
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + s.Certs.Server,
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + s.Certs.CA,
		"listener.name.mutual.ssl.client.auth=required",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		fmt.Sprintf(`listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";`, User, Password),
		"listener.name.secured.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.secured.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
	}
}

// format makes the data folder, once.
func (s *Server) format(o Options) {
	s.t.Helper()
	args := []string{"kafka.tools.StorageTool", "format", "-t", clusterID, "-c", s.file("server.properties")}
	if o.Secured {
		for _, m := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", m, User, Password))
		}
	}
	if out, err := s.java(args...).CombinedOutput(); err != nil {
		s.t.Fatalf("format the broker's data: %v\n%s", err, out)
	}
}

func (s *Server) java(args ...string) *exec.Cmd {
	scratch := s.file("tmp")
	os.Mkdir(scratch, 0o700)
	return exec.Command("java", append([]string{"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4",
		"-Djava.io.tmpdir=" + scratch, "-cp", filepath.Join(s.libs, "*")}, args...)...)
}

// Restart starts the broker on its data and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	out, err := os.OpenFile(s.file("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	s.process = s.java("kafka.Kafka", s.file("server.properties"))
	s.process.Stdout, s.process.Stderr = out, out
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	s.exited = exited
	go func(p *exec.Cmd) {
		p.Wait()
		close(exited)
	}(s.process)
	s.await()
}

// await waits until the broker knows that it leads.
func (s *Server) await() {
	s.t.Helper()
	deadline := time.After(readyIn)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !s.answers() {
		select {
		case <-tick.C:
		case <-s.exited:
			s.t.Fatalf("the broker ended:\n%s", s.Output())
		case <-deadline:
			s.t.Fatalf("the broker does not answer:\n%s", s.Output())
		}
	}
}

func (s *Server) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := (&kafka.Dialer{}).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	brokers, err := conn.Brokers()
	return err == nil && len(brokers) == 1
}

// Output returns what the broker has printed.
func (s *Server) Output() string {
	b, _ := os.ReadFile(s.file("output"))
	return string(b)
}

// Kill ends the broker as a failing machine would.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	s.process.Process.Kill()
	<-s.exited
	s.process = nil
}

package discover

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
)

// container returns the files of a container as Docker keeps them.
func container(id, name, service, driver, log string) []string {
	const dir = containers + "/"
	return []string{
		dir + id + "/config.v2.json", fmt.Sprintf(`{"StreamConfig":{},"State":{"Running":true},"ID":%q,"Created":"2026-11-01T00:00:00Z","Config":{"Image":"ghcr.io/mastodon/mastodon:v4.5.3","Labels":{"com.docker.compose.project":"live","com.docker.compose.service":%q}},"LogPath":"/var/lib/docker/containers/%s/%s-json.log","Name":"/%s"}`, id, service, id, id, name),
		dir + id + "/hostconfig.json", fmt.Sprintf(`{"Binds":null,"LogConfig":{"Type":%q,"Config":{"max-size":"10m"}}}`, driver),
		dir + id + "/" + id + "-json.log", log,
	}
}

func TestDocker(t *testing.T) {
	var files []string
	files = append(files, container("c1", "live-web-1", "web", "json-file", `{"log":"x\n","stream":"stdout","time":"2026-11-23T07:58:58.123456789Z"}`+"\n")...)
	files = append(files, container("c2", "live-sidekiq-push-1", "sidekiq-push", "json-file", "")...)
	files = append(files, container("c3", "live-db-1", "db", "json-file", "")...)
	files = append(files, container("c4", "live-streaming-1", "streaming", "local", "")...)
	files = append(files, container("c5", "live-nginx-1", "nginx", "journald", "")...)
	files = append(files, containers+"/c6/config.v2.json", "{broken", containers+"/c7/other", "", containers+"/file", "")
	equal(t, find(t, plant(t, files...)),
		"container live-web-1 live web /var/lib/docker/containers/c1/c1-json.log",
		"container live-sidekiq-push-1 live sidekiq-push /var/lib/docker/containers/c2/c2-json.log",
		"problem container live-streaming-1: its log driver is local → logging: {driver: json-file} in compose.yaml",
		"problem /var/lib/docker/containers/c6/config.v2.json: invalid character 'b' looking for beginning of object key string → "+dockerMend,
		"warning container live-sidekiq-push-1: is empty → ")
}

// The socket is named only where the folder can't be read.
func TestDockerSocket(t *testing.T) {
	root := plant(t, "/var/run/other", "")
	l, err := net.Listen("unix", filepath.Join(root, dockerSocket))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const text = "warning /var/run/docker.sock: serves where the folder can't be read; it is as good as root, so a proxy that allows GET /containers alone is better → inputs: [{docker_socket: /var/run/docker.sock}]"
	equal(t, find(t, root), text)
	equal(t, find(t, plant(t, containers+"/file", "")), "")
	l.Close()
	equal(t, find(t, root), "")
}

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// A manifest is what of Kubernetes' objects is checked.
type manifest struct {
	Kind string            `yaml:"kind"`
	Data map[string]string `yaml:"data"`
	Spec struct {
		Replicas int `yaml:"replicas"`
		Strategy struct {
			Type string `yaml:"type"`
		} `yaml:"strategy"`
		Template struct {
			Spec pod `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type pod struct {
	InitContainers  []container `yaml:"initContainers"`
	Containers      []container `yaml:"containers"`
	SecurityContext struct {
		RunAsNonRoot   bool  `yaml:"runAsNonRoot"`
		FSGroup        int64 `yaml:"fsGroup"`
		SeccompProfile struct {
			Type string `yaml:"type"`
		} `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Volumes []struct {
		Name     string `yaml:"name"`
		EmptyDir struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
	} `yaml:"volumes"`
}

type container struct {
	Name          string   `yaml:"name"`
	Args          []string `yaml:"args"`
	RestartPolicy string   `yaml:"restartPolicy"`
	Env           []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	LivenessProbe struct {
		HTTPGet struct {
			Path string `yaml:"path"`
		} `yaml:"httpGet"`
	} `yaml:"livenessProbe"`
	ReadinessProbe any `yaml:"readinessProbe"`
	Resources      struct {
		Limits map[string]string `yaml:"limits"`
	} `yaml:"resources"`
	SecurityContext struct {
		RunAsUser                int64 `yaml:"runAsUser"`
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct {
			Drop []string `yaml:"drop"`
		} `yaml:"capabilities"`
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

func readManifests(t *testing.T, path string) map[string]manifest {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]manifest{}
	for _, doc := range strings.Split(string(b), "\n---\n") {
		var m manifest
		if err := yaml.Unmarshal([]byte(doc), &m); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[m.Kind] = m
	}
	return all
}

func TestDeployKubernetes(t *testing.T) {
	all := readManifests(t, "deploy/kubernetes.yaml")
	d := all["Deployment"].Spec
	p := d.Template.Spec
	if len(p.InitContainers) != 1 || len(p.Containers) != 1 {
		t.Fatalf("got %d init containers and %d others, want 1 of each", len(p.InitContainers), len(p.Containers))
	}
	c := p.InitContainers[0]
	parses(t, c.Args)
	f := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", what, diff)
		}
	}
	f("it is a sidecar", c.RestartPolicy, "Always")
	f("the state has one holder", []any{d.Replicas, d.Strategy.Type}, []any{1, "Recreate"})
	f("runAsNonRoot", p.SecurityContext.RunAsNonRoot, true)
	f("fsGroup", p.SecurityContext.FSGroup, int64(65532))
	f("seccompProfile", p.SecurityContext.SeccompProfile.Type, "RuntimeDefault")
	f("runAsUser", c.SecurityContext.RunAsUser, int64(65532))
	f("allowPrivilegeEscalation", c.SecurityContext.AllowPrivilegeEscalation, new(bool))
	f("readOnlyRootFilesystem", c.SecurityContext.ReadOnlyRootFilesystem, true)
	f("capabilities", c.SecurityContext.Capabilities.Drop, []string{"ALL"})
	f("livenessProbe", c.LivenessProbe.HTTPGet.Path, "/healthz")
	f("a sidecar's readinessProbe is its pod's", c.ReadinessProbe, nil)
	f("memory", c.Resources.Limits["memory"], "320Mi")
	for _, v := range p.Volumes {
		if v.Name == "logs" {
			f("the logs' bound", v.EmptyDir.SizeLimit, "1Gi")
		}
	}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly && m.Name != "state" {
			t.Errorf("volume %s can be written to", m.Name)
		}
	}
	config := all["ConfigMap"].Data["config.yaml"]
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	checks(t, path)
	if !strings.Contains(config, "\nlisten: 0.0.0.0:9464") {
		t.Error("the kubelet can't reach what the configuration listens on")
	}
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// credentials is the variable in which systemd names the directory of a service's credentials.
const credentials = "CREDENTIALS_DIRECTORY"

// A twin is a *_file key that is set: it holds what another key would.
type twin struct {
	path string // of the key
	file string
	take func(content string) error
}

// twins returns the *_file keys that are set.
func (c *Config) twins() []twin {
	var list []twin
	one := func(path, file string, value *string) {
		if file != "" {
			list = append(list, twin{path, file, func(content string) error { return fillIn(value, content) }})
		}
	}
	for i := range c.Inputs {
		if k := c.Inputs[i].Kafka; k != nil && k.SASL != nil {
			one(fmt.Sprintf("inputs[%d].kafka.sasl.password_file", i), k.SASL.PasswordFile, &k.SASL.password)
		}
	}
	if s := c.Sinks.Slack; s != nil {
		one("sinks.slack.webhook_url_file", s.WebhookURLFile, &s.WebhookURL)
	}
	w := c.Sinks.Webhook
	if w == nil {
		return list
	}
	one("sinks.webhook.url_file", w.URLFile, &w.URL)
	if w.SecretsFile != "" {
		list = append(list, twin{"sinks.webhook.secrets_file", w.SecretsFile, func(content string) error {
			w.Secrets = append(w.Secrets, strings.Fields(content)...)
			return nil
		}})
	}
	return list
}

func fillIn(value *string, content string) error {
	if *value != "" {
		return errors.New("give either the value or its file, not both")
	}
	*value = content
	return nil
}

// readSecrets takes the contents of the *_file twins.
func (c *Config) readSecrets(d *decoder, get func(string) string) {
	for _, t := range c.twins() {
		content, err := readSecret(t.file, get)
		if err == nil {
			err = t.take(content)
		}
		if err != nil {
			d.problem(t.path, err.Error())
		}
	}
}

// secretPath returns where the file of a secret is. A name without a slash is a credential's, where there
// are credentials.
func secretPath(name string, get func(string) string) string {
	dir := get(credentials)
	if dir == "" || strings.ContainsRune(name, '/') {
		return name
	}
	return filepath.Join(dir, name)
}

// readSecret returns what the file holds, without the white space around it.
func readSecret(name string, get func(string) string) (string, error) {
	path := secretPath(name, get)
	b, err := os.ReadFile(path)
	switch {
	case err == nil && strings.TrimSpace(string(b)) == "":
		return "", fmt.Errorf("%s is empty", path)
	case err == nil:
		return strings.TrimSpace(string(b)), nil
	case path != name:
		return "", fmt.Errorf("credential %s, looked up in $%s: %w", name, credentials, err)
	case !strings.ContainsRune(name, '/'):
		return "", fmt.Errorf("%w (a name without a slash is looked up in $%s, which is not set)", err, credentials)
	}
	return "", err
}

// secretNotes names the files of secrets that everybody may read.
func (c *Config) secretNotes(get func(string) string) (notes []string) {
	const worldReadable = 0o004
	for _, t := range c.twins() {
		path := secretPath(t.file, get)
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&worldReadable != 0 {
			notes = append(notes, fmt.Sprintf("%s: every user of this machine may read %s; mend it with chmod o= %s", t.path, path, path))
		}
	}
	return notes
}

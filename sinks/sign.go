package sinks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const secretPrefix = "whsec_"

// A signer signs webhooks with every one of its keys.
type signer struct {
	keys [][]byte
	hide []string // what errors must not show
}

// newSigner decodes the secrets; its errors name which one is wrong and how, and show nothing of it.
func newSigner(secrets []Secret) (*signer, error) {
	s := &signer{}
	for i, secret := range secrets {
		key, err := decodeSecret(secret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("secrets[%d]: %w", i, err)
		}
		s.keys = append(s.keys, key)
		text := strings.TrimPrefix(secret.Reveal(), secretPrefix)
		s.hide = append(s.hide, secret.Reveal(), text, strings.TrimRight(text, "="), string(key))
	}
	return s, nil
}

// decodeSecret returns the key in a secret as Standard Webhooks writes it.
func decodeSecret(secret string) ([]byte, error) {
	if strings.HasPrefix(secret, "whsk_") || strings.HasPrefix(secret, "whpk_") {
		return nil, errors.New("asymmetric keys are not supported, must be " + secretPrefix + " and base64")
	}
	text, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New("must begin with " + secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("must be base64 (standard alphabet, with padding) after " + secretPrefix)
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("must be 24 to 64 bytes in base64, got %d", len(key))
	}
	return key, nil
}

// sign returns the value of webhook-signature: one signature per key, "" without any.
func (s *signer) sign(id string, at int64, body []byte) string {
	var list []string
	for _, key := range s.keys {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(id + "." + strconv.FormatInt(at, 10) + "."))
		h.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(list, " ")
}

package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
)

// fingerprint names the alert of detector about entity. It is the same on every machine, save that of
// an account, whose name must not be found by trying names.
func (t *tracker) fingerprint(detector string, entity pipeline.Entity) uint64 {
	h := sha256.New()
	if entity.Type == pipeline.EntityAccount {
		h = hmac.New(sha256.New, t.secret[:])
	}
	for _, part := range []string{t.instance, detector, string(entity.Type), entity.Value} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // so that no two lists of parts look alike
		h.Write([]byte(part))
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func hex(print uint64) string { return fmt.Sprintf("%016x", print) }

// crockford is Crockford's base-32 alphabet: no letter that can be misread or mean something.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// episodeID names the episode of a fingerprint that began in the second starts.
func episodeID(print uint64, starts pipeline.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], print)
	binary.BigEndian.PutUint64(b[8:], uint64(starts))
	sum := sha256.Sum256(b[:])
	bits := binary.BigEndian.Uint64(sum[:])
	id := []byte("FW-0123456789")
	for i := 3; i < len(id); i++ {
		id[i] = crockford[bits>>59]
		bits <<= 5
	}
	return string(id)
}

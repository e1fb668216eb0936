package checkpoint

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const sealSize = 4

var (
	errChecksum = errors.New("checksum does not match")
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// seal returns value behind a checksum that also covers where it is stored, so that a flipped key is
// noticed as a flipped value is.
func seal(bucket, key string, value []byte) []byte {
	b := append(make([]byte, sealSize, sealSize+len(value)), value...)
	sealInPlace(bucket, key, b)
	return b
}

// sealInPlace seals the value that stands in b behind room for the seal.
func sealInPlace(bucket, key string, b []byte) {
	binary.BigEndian.PutUint32(b, sum(bucket, key, b[sealSize:]))
}

// unseal returns the value that seal has wrapped; it points into b.
func unseal(bucket, key string, b []byte) ([]byte, error) {
	if b == nil {
		return nil, errMissing
	}
	if len(b) < sealSize || binary.BigEndian.Uint32(b) != sum(bucket, key, b[sealSize:]) {
		return nil, errChecksum
	}
	return b[sealSize:], nil
}

var errMissing = errors.New("is missing")

// The lengths keep a byte from moving unnoticed between bucket, key and value.
func sum(bucket, key string, value []byte) uint32 {
	var lengths [8]byte
	binary.BigEndian.PutUint32(lengths[:], uint32(len(bucket)))
	binary.BigEndian.PutUint32(lengths[4:], uint32(len(key)))
	c := crc32.Update(0, castagnoli, lengths[:])
	c = crc32.Update(c, castagnoli, []byte(bucket+key))
	return crc32.Update(c, castagnoli, value)
}

package score

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one line: an attack from a hundred thousand addresses fits.
const maxLine = 64 << 20

// eachLine calls f for each line of r, which is the file of that name. An error says where it is.
func eachLine(r io.Reader, name string, f func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := f(lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d bytes", name, n+1, maxLine)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// decode reads one object of JSON, and says what is wrong with it in words.
func decode(line []byte, v any) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return errors.New("the line is empty")
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(line, v)
	if errors.As(err, &syntax) {
		return fmt.Errorf("damaged or cut off at byte %d: %w", syntax.Offset, err)
	}
	return err
}

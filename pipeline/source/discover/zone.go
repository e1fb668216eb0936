package discover

import (
	"os"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// together is how near the newest stamp and the last change of a file are when they tell of the same.
const together = 2 * time.Minute

// zone returns the machine's zone where it makes the stamps of Rails, which name none, agree with the time at which
// the file was last written; nothing where UTC does, or where neither does.
func (f *finder) zone(file *File) string {
	written := pipeline.TimeOf(file.Sample.written)
	if file.Format != pipeline.FormatRails || file.Sample.Newest == 0 || written.Sub(file.Sample.Newest).Abs() <= together {
		return ""
	}
	to, err := os.Readlink(f.tree.below("/etc/localtime"))
	_, name, ok := strings.Cut(to, "zoneinfo/")
	if err != nil || !ok {
		return ""
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return ""
	}
	_, offset := file.Sample.written.In(place).Zone()
	if written.Sub(file.Sample.Newest-pipeline.Time(offset)*pipeline.Second).Abs() > together {
		return ""
	}
	return name
}

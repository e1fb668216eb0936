package checkpoint

import (
	"encoding/json"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A savedMark is a StreamMark whose opaque strings survive JSON, which has text only.
type savedMark struct {
	pipeline.StreamMark
	Stream []byte `json:"stream"`
	Cursor []byte `json:"cursor"`
}

func writeMarks(w io.Writer, marks []pipeline.StreamMark) error {
	list := make([]savedMark, len(marks))
	for i, m := range marks {
		list[i] = savedMark{m, []byte(m.Stream), []byte(m.Cursor)}
	}
	return json.NewEncoder(w).Encode(list)
}

func readMarks(data []byte) ([]pipeline.StreamMark, error) {
	var list []savedMark
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	marks := make([]pipeline.StreamMark, len(list))
	for i, m := range list {
		marks[i] = m.StreamMark
		marks[i].Stream, marks[i].Cursor = pipeline.StreamID(m.Stream), pipeline.Cursor(m.Cursor)
	}
	return marks, nil
}

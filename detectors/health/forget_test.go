package health

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// TestStreamsAreForgotten lets containers come and go for ever: what is remembered stays bounded and can be restored,
// and a stream whose alert is open stays.
func TestStreamsAreForgotten(t *testing.T) {
	d := NewSourceSilent()
	at := pipeline.Time(1_800_000_000) * pipeline.Second
	fact := func(id string, state pipeline.StreamState) {
		at += pipeline.Second
		d.Observe(&pipeline.Event{Kind: pipeline.KindStream, Stream: pipeline.StreamID(id), Time: at, Fact: pipeline.StreamFact{State: state}}, nothing{})
	}
	fact("broken", pipeline.StreamLost)
	for i := range 3 * mostStreams {
		fact(fmt.Sprintf("pod%d", i), pipeline.StreamOpened)
		fact(fmt.Sprintf("pod%d", i), pipeline.StreamEnded)
	}
	if len(d.list) > mostStreams {
		t.Errorf("got %d streams, want %d at most", len(d.list), mostStreams)
	}
	if st := d.get("broken", at); st.state != lost {
		t.Error("a stream whose alert is open was forgotten")
	}
	var b bytes.Buffer
	if err := d.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	if err := NewSourceSilent().Restore(&b); err != nil {
		t.Fatal(err)
	}
}

// nothing takes findings.
type nothing struct{}

func (nothing) Find(pipeline.Finding)  {}
func (nothing) Signal(pipeline.Signal) {}

package runner

import (
	"context"

	"github.com/fedwarden/fedwarden/pipeline"
)

// notifyPart is the name of the notifier's part of a checkpoint.
const notifyPart = "notify"

// save makes everything durable, then commits cursors and releases deliveries.
func (r *Runner) save() error {
	removed := r.outbox.takeRemoved()
	cp := r.checkpoint()
	start := r.now()
	err := r.store.Save(cp)
	end := r.now()
	r.cadence.saved(start, end, err == nil)
	r.cfg.Metrics.saved(end.Sub(start), err)
	r.noteSave(err)
	if err != nil {
		r.outbox.putBack(removed)
		r.publish(end)
		return err
	}
	r.transitions, r.saving.Last = nil, end
	r.commit(cp.Streams)
	r.outbox.release()
	r.publish(end)
	return nil
}

func (r *Runner) checkpoint() *pipeline.Checkpoint {
	cp := &pipeline.Checkpoint{
		Streams:     r.engine.Marks(),
		Parts:       r.engine.Parts(),
		Outbox:      r.outbox.pending(),
		Transitions: r.transitions,
	}
	if r.cfg.Restored != nil {
		cp.Secret = r.cfg.Restored.Secret
	}
	cp.Parts = append(cp.Parts, pipeline.Part{
		Name: notifyPart, Version: r.notifier.Version(), Write: r.notifier.Snapshot,
	})
	return cp
}

// noteSave logs what has changed about saving.
func (r *Runner) noteSave(err error) {
	was := r.saving.Err
	switch {
	case err != nil && err.Error() != was:
		r.saving.Err = err.Error()
		r.log.Error("checkpoint not saved; alerts wait for it", "err", err)
	case err == nil && was != "":
		r.saving.Err = ""
		r.log.Info("checkpoint saved again")
	}
}

// commit tells the origins what is durable. A failure is no loss: the checkpoint's cursor is what counts.
func (r *Runner) commit(marks []pipeline.StreamMark) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	for _, m := range marks {
		if m.Cursor == "" || r.committed[m.Stream] == m.Cursor {
			continue
		}
		f := r.ownerOf(m.Stream, r.feeds)
		if f == nil {
			continue
		}
		if err := f.source.Commit(ctx, m.Stream, m.Cursor); err != nil {
			r.log.Warn("commit", "stream", m.Stream, "err", err)
			continue
		}
		r.committed[m.Stream] = m.Cursor
	}
	if len(r.committed) > 2*len(marks) {
		r.forgetCommitted(marks)
	}
}

// forgetCommitted keeps what was committed of the streams that there are.
func (r *Runner) forgetCommitted(marks []pipeline.StreamMark) {
	kept := make(map[pipeline.StreamID]pipeline.Cursor, len(marks))
	for _, m := range marks {
		if c, ok := r.committed[m.Stream]; ok {
			kept[m.Stream] = c
		}
	}
	r.committed = kept
}

// ack takes what was delivered or given up out of the store.
func (r *Runner) ack() error {
	ids := r.outbox.takeRemoved()
	if len(ids) == 0 {
		return nil
	}
	start := r.now()
	err := r.store.Ack(ids)
	end := r.now()
	r.nextAck = end.Add(max(minApart, apartTimes*end.Sub(start)))
	text := ""
	if err != nil {
		r.outbox.putBack(ids)
		text = err.Error()
	}
	if text != "" && text != r.ackErr {
		r.log.Error("acknowledgements not saved; after a crash these deliveries are repeated", "err", err)
	}
	r.ackErr = text
	return err
}

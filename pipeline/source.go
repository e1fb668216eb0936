package pipeline

import "context"

// A Source hands over the events of one or more streams.
//
// Calls come from one goroutine at a time, save Commit and Close, which may come from another. A Source
// that has several streams keeps the order within each; it owes no order between them.
type Source interface {
	// Streams names the streams that are known before the first Read.
	Streams() []StreamID
	// Seek makes the stream go on after the place that cursor names. It is called before the first
	// Read; a stream that is not sought starts where the configuration says. A cursor whose place is
	// gone is no error: the Source goes on at the nearest place that is left and says LostLines or Lost.
	Seek(stream StreamID, cursor Cursor) error
	// Read returns the next batch, waiting for one if need be; io.EOF when all streams have ended. A
	// batch's strings live until its Release is called. A live Source claims CaughtUp every second
	// while it is quiet.
	Read(ctx context.Context) (Batch, error)
	// Commit tells the origin that everything before cursor is durable.
	Commit(ctx context.Context, stream StreamID, cursor Cursor) error
	// Close frees what the Source holds; a Read under way returns.
	Close() error
}

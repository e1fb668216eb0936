package simulate

// A puma is the web server's threads and what waits for them.
type puma struct {
	threads, busy int
	waiting       fifo
	load          float64 // busy threads, averaged over half a minute
	since         moment
	pid           moment
	rng           stream
}

func (p *puma) open(seed uint64, size float64) {
	// WEB_CONCURRENCY=2 and MAX_THREADS=5 are Mastodon's own defaults; a bigger server has more, an assumption.
	p.threads = int(10 * max(1, powered(size, 0.75)))
	p.rng = streamOf(seed, "puma", 0)
	p.renew()
}

func (p *puma) renew() { p.pid = 1000 + moment(p.rng.intn(30000)) }

// remember keeps the average load up to now.
func (p *puma) remember(now moment) {
	const memory = 30 * second
	if d := now - p.since; d > 0 {
		keep := float64(memory) / float64(memory+d)
		p.load = p.load*keep + float64(p.busy)*(1-keep)
		p.since = now
	}
}

func (p *puma) begin(now moment) {
	p.remember(now)
	p.busy++
}

func (p *puma) end(now moment) {
	p.remember(now)
	p.busy--
}

// strain returns by how much a loaded server is slower: nothing up to half its threads, 2.5 times when all are busy
// (an assumption: threads of one Ruby process share a lock, and all share a database).
func (p *puma) strain() float64 {
	u := min(p.load/float64(p.threads), 1)
	if u <= 0.5 {
		return 1
	}
	return 1 + 6*(u-0.5)*(u-0.5)
}

// A fifo is a queue of places.
type fifo struct {
	rows []int32
	head int
}

func (f *fifo) len() int       { return len(f.rows) - f.head }
func (f *fifo) push(ref int32) { f.rows = append(f.rows, ref) }

func (f *fifo) pop() int32 {
	ref := f.rows[f.head]
	f.head++
	if f.head > 1024 && f.head*2 > len(f.rows) {
		n := copy(f.rows, f.rows[f.head:])
		f.rows, f.head = f.rows[:n], 0
	}
	return ref
}

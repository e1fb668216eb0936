package parse

// maxJoined bounds a line that came in pieces; what is beyond it is dropped. What reads a long line, a job's
// dump, can do with its beginning.
const maxJoined = 64 << 10

// pieces are the lines that go on: that of standard output and that of standard error.
type pieces [2][]byte

// of returns the place of a stream's line.
func (p *pieces) of(err bool) *[]byte {
	if err {
		return &p[1]
	}
	return &p[0]
}

// hold keeps a piece of a line.
func (p *pieces) hold(text string, err bool) {
	held := p.of(err)
	*held = append(*held, cut(text, maxJoined-len(*held))...)
}

// join returns the whole of a line of which text is the last piece.
func (p *pieces) join(text string, err bool, a *arena) string {
	held := p.of(err)
	if len(*held) == 0 {
		return text
	}
	text = cut(text, maxJoined-len(*held))
	b := append(a.room(len(*held)+len(text)), *held...)
	*held = (*held)[:0]
	return a.keep(append(b, text...))
}

func (p *pieces) clear() { p[0], p[1] = p[0][:0], p[1][:0] }

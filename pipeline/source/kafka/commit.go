package kafka

// commit notes an offset for Kafka to be told of.
func (m *member) commit(a address, offset int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty[a] = offset
}

// flush tells Kafka. What it can't be told now is told later: these offsets are informative.
func (m *member) flush() {
	m.mu.Lock()
	gen, dirty := m.gen, m.dirty
	if gen == nil || len(dirty) == 0 || !m.empty.IsZero() {
		m.mu.Unlock()
		return
	}
	m.dirty = map[address]int64{}
	m.mu.Unlock()
	offsets := map[string]map[int]int64{}
	for a, o := range dirty {
		if offsets[a.topic] == nil {
			offsets[a.topic] = map[int]int64{}
		}
		offsets[a.topic][a.partition] = o
	}
	if err := gen.CommitOffsets(offsets); err != nil {
		m.group.cfg.Log.Debug("kafka: offsets not committed", "err", err)
		m.putBack(dirty)
	}
}

// putBack keeps offsets for the next time, unless there are newer ones.
func (m *member) putBack(dirty map[address]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for a, o := range dirty {
		if _, newer := m.dirty[a]; !newer {
			m.dirty[a] = o
		}
	}
}

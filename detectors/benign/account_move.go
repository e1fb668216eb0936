package benign

import (
	"errors"
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// AccountMoveSpec documents account_move.
var AccountMoveSpec = pipeline.Spec{
	Name: "account_move", Title: "Followers of an account that moved here", Space: pipeline.SpaceSite,
	Kinds: []pipeline.Kind{pipeline.KindRequest}, Endpoints: []pipeline.Endpoint{pipeline.EndpointUserInbox},
	Sees:       "Deliveries to local accounts' own inboxes of which half are to one account, by at least 20 sites whose names are proven, none of which has a third of them. What is explained is proven, and mostly to that account. It needs the path of the inbox, which every log has.",
	Matters:    "Who moves here brings followers: each server follows anew for everyone of them, actors that were never seen among them.",
	Lookalikes: "People of many servers who write to one account at once, in praise or in anger: deliveries don't tell. A site that sends to that account as much as it sends new actors elsewhere gains that the latter are at low, while such a move is on; it can't start one alone.",
	Do:         []string{"Ask the account, if it has not moved."},
	Defaults:   "at least 50 deliveries to the account in 1 to 2 h; to low",
}

var byFollowers = names{"new_actor_burst", "follow_flood"}

const (
	minMoved     = 50
	minMovers    = 20
	moveShare    = 0.5
	oneMover     = 1.0 / 3
	maxMoves     = 8
	maxSenders   = 64
	toldForMoves = 0.5 // of a finding's count that must be to the account
)

// AccountMove explains what follows an account.
type AccountMove struct {
	site *window.Space
	all  tally
	to   shelf[move]
}

// A move is what is known of a local account's inbox.
type move struct {
	All     tally
	Proven  crowd
	Hour    pipeline.Time
	Senders [maxSenders]sender
}

// A sender is a host or site, by its hash, and about how many deliveries it brought, halved with each hour.
type sender struct {
	Key   uint64
	Count uint32
}

// NewAccountMove needs the site space for its hash.
func NewAccountMove(site *window.Space) *AccountMove {
	return &AccountMove{site: site, to: newShelf[move](maxMoves)}
}

// Observe counts what comes to local accounts' own inboxes.
func (d *AccountMove) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Endpoint != pipeline.EndpointUserInbox || e.Counts&pipeline.CountsDomain == 0 || e.Slots.Site == 0 || !isAccepted(e) {
		return
	}
	d.all.add(e.Time, hourTime, 1)
	m := d.to.take(d.site.Hash(e.LocalUser), e.Time)
	m.All.add(e.Time, hourTime, 1)
	site := d.site.Hash(string(e.Site))
	if isProvenEvent(e) {
		m.Proven.add(e.Time, hourTime, site)
	}
	m.add(site, e.Time)
	if string(e.Site) != string(e.Domain) {
		m.add(d.site.Hash(string(e.Domain)), e.Time)
	}
}

// add counts a delivery of a sender, who may take the place of one that has none left.
func (m *move) add(key uint64, now pipeline.Time) {
	if hour := now / hourTime; hour != m.Hour {
		shift := max(0, min(31, hour-m.Hour))
		for i := range m.Senders {
			m.Senders[i].Count >>= shift
		}
		m.Hour = hour
	}
	free := -1
	for i := range m.Senders {
		switch s := &m.Senders[i]; {
		case s.Count == 0:
			free = i
		case s.Key == key:
			s.Count++
			return
		}
	}
	if free >= 0 {
		m.Senders[free] = sender{key, 1}
	}
}

// Explain lowers what a site sends because an account moved.
func (d *AccountMove) Explain(f *pipeline.Finding) {
	name := domainOf(f)
	if name == "" || !byFollowers.has(f) || !isProven(f) {
		return
	}
	key := d.site.Hash(name)
	for i := range d.to.of {
		m := &d.to.of[i]
		all := float64(m.All.sum(f.At, hourTime))
		if all < minMoved || all < moveShare*float64(d.all.sum(f.At, hourTime)) || m.Proven.count(f.At, hourTime) < minMovers {
			continue
		}
		n := float64(m.count(key))
		if n >= toldForMoves*f.Measure.Value && n <= oneMover*all {
			lower(f, pipeline.ContextAccountMove)
		}
	}
}

func (m *move) count(key uint64) uint32 {
	for i := range m.Senders {
		if m.Senders[i].Key == key {
			return m.Senders[i].Count
		}
	}
	return 0
}

// Advance does nothing.
func (d *AccountMove) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *AccountMove) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes whom is sent to.
func (d *AccountMove) Snapshot(w io.Writer) error {
	return errors.Join(put(w, &d.all), d.to.write(w))
}

// Restore reads what Snapshot wrote.
func (d *AccountMove) Restore(r io.Reader) error {
	if err := errors.Join(get(r, &d.all), d.to.read(r)); err != nil {
		d.all, d.to = tally{}, newShelf[move](maxMoves)
		return err
	}
	return nil
}

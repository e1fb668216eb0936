package takeover

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	agentWindow   = 4*hour - 600 // seconds, and up to ten minutes more
	agentLeast    = 8
	agentShare    = 80 // per cent of the addresses that came by the form
	agentNetworks = 4
	networkShare  = 80 // per cent, from which on a network stands for all
)

// A signUps is who signed up in the last hours.
type signUps struct {
	addresses   []window.Member // most first
	total, form uint32          // sign-ups, and the addresses that came by the form
	agent       string          // that most have who came by the form
	sameAgent   uint32          // addresses with it
	agentNets   int             // networks that these came from
	busiest     uint32          // the most of one network
}

func (d *SignupBurst) crowd(now pipeline.Time) signUps {
	c := signUps{}
	agents, nets := map[string]uint32{}, map[[2]string]bool{}
	for _, m := range d.who.Within(now, agentWindow) {
		address, agent, form := strings.Cut(m.Key, " ")
		c.addresses = append(c.addresses, window.Member{Key: address, Count: m.Count})
		c.total += m.Count
		if form { // whoever makes mistakes comes again: each address counts once
			c.form++
			agents[agent]++
			nets[[2]string{agent, networkOf(address)}] = true
		}
	}
	for agent, n := range agents {
		if n > c.sameAgent || n == c.sameAgent && agent < c.agent {
			c.agent, c.sameAgent = agent, n
		}
	}
	for of := range nets {
		if of[0] == c.agent {
			c.agentNets++
		}
	}
	for _, m := range d.networks.Within(now, agentWindow) {
		c.busiest = max(c.busiest, m.Count)
	}
	c.addresses = merged(c.addresses)
	return c
}

// goesOn reports whether the sign-up of e is of the agent that most have, and another one of the last hour too: who
// comes after the masses is no part of them.
func (d *SignupBurst) goesOn(e *pipeline.Event, c *signUps) bool {
	if _, agent, _ := strings.Cut(e.Signal.Key, " "); agent != c.agent {
		return false
	}
	n := uint32(0)
	for _, m := range d.who.Within(e.Time, hour) {
		if _, agent, _ := strings.Cut(m.Key, " "); agent == c.agent {
			n += m.Count
		}
	}
	return n >= 2
}

// merged adds up the members of one key, most first.
func merged(list []window.Member) []window.Member {
	slices.SortStableFunc(list, func(a, b window.Member) int { return strings.Compare(a.Key, b.Key) })
	out := list[:0]
	for _, m := range list {
		if n := len(out); n > 0 && out[n-1].Key == m.Key {
			out[n-1].Count += m.Count
			continue
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b window.Member) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// alike reports whether nearly all came with one agent, from several networks.
func (c *signUps) alike() bool {
	return c.sameAgent >= agentLeast && c.sameAgent*100 >= c.form*agentShare && c.agentNets >= agentNetworks
}

// again reports whether each address came twice and more, on the mean.
func (c *signUps) again() bool { return c.total >= 2*uint32(len(c.addresses)) }

// ofOneNetwork reports whether one network stands for all.
func (c *signUps) ofOneNetwork() bool { return c.busiest*100 >= c.total*networkShare }

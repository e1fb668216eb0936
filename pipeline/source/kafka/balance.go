package kafka

import (
	"cmp"
	"encoding/json"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
)

// A claim is what a member of the group states about itself. The others' are as hostile as any text.
type claim struct {
	Identity string `json:"identity"`
	Since    int64  `json:"since"` // when its process began, in nanoseconds
	Holds    bool   `json:"holds"` // it reads already
}

// A balancer gives all partitions to one identity. Members of other software, which do not speak its protocol,
// can't be in one group with it: the broker sees to that.
type balancer struct {
	claim func() claim
}

// ProtocolName implements kafka.GroupBalancer.
func (balancer) ProtocolName() string { return "fedwarden-one" }

// UserData implements kafka.GroupBalancer.
func (b balancer) UserData() ([]byte, error) { return json.Marshal(b.claim()) }

// AssignGroups implements kafka.GroupBalancer. Every member gets an assignment, an empty one too: without one
// kafka-go can't read the broker's answer.
func (balancer) AssignGroups(members []kafkago.GroupMember, partitions []kafkago.Partition) kafkago.GroupMemberAssignments {
	out := kafkago.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	winner, ok := elect(members)
	if !ok {
		return out
	}
	for _, p := range partitions {
		if slices.Contains(winner.Topics, p.Topic) {
			out[winner.ID][p.Topic] = append(out[winner.ID][p.Topic], p.ID)
		}
	}
	return out
}

// elect returns the member that reads: of the identity that reads already, else of the one that came first,
// the newest member, because the others are what is left of earlier processes.
func elect(members []kafkago.GroupMember) (kafkago.GroupMember, bool) {
	claims := make(map[string]claim, len(members))
	for _, m := range members {
		var c claim
		if json.Unmarshal(m.UserData, &c) == nil {
			claims[m.ID] = c
		}
	}
	sorted := slices.DeleteFunc(slices.Clone(members), func(m kafkago.GroupMember) bool { return claims[m.ID] == claim{} })
	if len(sorted) == 0 {
		return kafkago.GroupMember{}, false
	}
	first := slices.MinFunc(sorted, func(a, b kafkago.GroupMember) int {
		return cmp.Or(-cmp.Compare(btoi(claims[a.ID].Holds), btoi(claims[b.ID].Holds)),
			cmp.Compare(claims[a.ID].Since, claims[b.ID].Since), cmp.Compare(a.ID, b.ID))
	})
	return slices.MaxFunc(sorted, func(a, b kafkago.GroupMember) int {
		ofFirst := func(m kafkago.GroupMember) int { return btoi(claims[m.ID].Identity == claims[first.ID].Identity) }
		return cmp.Or(cmp.Compare(ofFirst(a), ofFirst(b)), cmp.Compare(claims[a.ID].Since, claims[b.ID].Since), cmp.Compare(a.ID, b.ID))
	}), true
}

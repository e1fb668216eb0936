package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestLeaderMoves: a partition goes from broker to broker, and the group's coordinator too.
func TestLeaderMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("metadata take a while to grow old")
	}
	fake, err := kfake.NewCluster(kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	b := &broker{fake: fake}
	b.connect(t, fake.ListenAddrs()[0])
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	s.cfg.Session = 0
	r := s.start()
	for n := range 3 {
		if err := fake.MoveTopicPartition(topic, 0, (fake.LeaderFor(topic, 0)+1)%3); err != nil {
			t.Fatal(err)
		}
		fake.RehashCoordinators()
		eventually(t, "the new leader takes records", func() error {
			return b.tryProduce(t.Context(), topic, 0, s.lines(n*100, n*100+100)...)
		})
		r.until(n*100+100, once)
	}
	r.stop()
}

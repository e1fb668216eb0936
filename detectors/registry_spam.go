package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/spam"
	"github.com/fedwarden/fedwarden/pipeline"
)

var spamRows = []row{
	{spam.NewActorBurstSpec, func(s *spaces) pipeline.Detector { return spam.NewNewActorBurst(s.site) }},
	{spam.CoordinatedWaveSpec, func(s *spaces) pipeline.Detector { return spam.NewCoordinatedWave(s.network) }},
	{spam.TemplateWaveSpec, func(*spaces) pipeline.Detector { return spam.NewTemplateWave() }},
	{spam.MentionFanoutSpec, func(s *spaces) pipeline.Detector { return spam.NewMentionFanout(s.site) }},
	{spam.FollowFloodSpec, func(s *spaces) pipeline.Detector { return spam.NewFollowFlood(s.site) }},
}

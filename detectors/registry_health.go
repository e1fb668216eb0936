package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/health"
	"github.com/fedwarden/fedwarden/pipeline"
)

var healthRows = []row{
	{health.SourceSilentSpec, func(*spaces) pipeline.Detector { return health.NewSourceSilent() }},
	{health.LinesLostSpec, func(*spaces) pipeline.Detector { return health.NewLinesLost() }},
	{health.ParseFailuresSpec, func(*spaces) pipeline.Detector { return health.NewParseFailures() }},
	{health.ClockSkewSpec, func(*spaces) pipeline.Detector { return health.NewClockSkew() }},
	{health.DetectionFloorSpec, func(s *spaces) pipeline.Detector { return health.NewDetectionFloor(s.site, s.network) }},
	{health.LogMismatchSpec, func(s *spaces) pipeline.Detector { return health.NewLogMismatch(s.witness) }},
}

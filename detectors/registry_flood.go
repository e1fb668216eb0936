package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/flood"
	"github.com/fedwarden/fedwarden/pipeline"
)

var floodRows = []row{
	{flood.DomainFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewDomainFlood(s.site) }},
	{flood.IPFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewIPFlood(s.network, s.site) }},
	{flood.DistributedSurgeSpec, func(*spaces) pipeline.Detector { return flood.NewDistributedSurge() }},
	{flood.SlowConnectionsSpec, func(s *spaces) pipeline.Detector { return flood.NewSlowConnections(s.network) }},
}

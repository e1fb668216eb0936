package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/flood"
	"github.com/fedwarden/fedwarden/pipeline"
)

var floodRows = []row{
	{flood.DomainFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewDomainFlood(s.site) }},
	{flood.IPFloodSpec, func(s *spaces) pipeline.Detector { return flood.NewIPFlood(s.network, s.site) }},
	{flood.DomainCostSpec, func(s *spaces) pipeline.Detector { return flood.NewDomainCost(s.site) }},
	{flood.SubdomainStormSpec, func(s *spaces) pipeline.Detector { return flood.NewSubdomainStorm(s.site) }},
	{flood.QueueBacklogSpec, func(s *spaces) pipeline.Detector { return flood.NewQueueBacklog(s.instance) }},
	{flood.JobFailuresSpec, func(s *spaces) pipeline.Detector { return flood.NewJobFailures(s.instance) }},
	{flood.SaturationSpec, func(*spaces) pipeline.Detector { return flood.NewSaturation() }},
	{flood.FetchAmplificationSpec, func(*spaces) pipeline.Detector { return flood.NewFetchAmplification() }},
	{flood.DistributedSurgeSpec, func(*spaces) pipeline.Detector { return flood.NewDistributedSurge() }},
	{flood.SlowConnectionsSpec, func(s *spaces) pipeline.Detector { return flood.NewSlowConnections(s.network) }},
}

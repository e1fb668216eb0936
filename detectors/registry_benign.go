package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/benign"
	"github.com/fedwarden/fedwarden/pipeline"
)

var benignRows = []row{
	{benign.RecoverySpec, func(s *spaces) pipeline.Detector { return benign.NewRecovery(s.site, s.network) }},
	{benign.RelaySpec, func(s *spaces) pipeline.Detector { return benign.NewRelay(s.site, s.known.Relays) }},
	{benign.ViralSpec, func(s *spaces) pipeline.Detector { return benign.NewViral(s.network) }},
	{benign.DeleteStormSpec, func(s *spaces) pipeline.Detector { return benign.NewDeleteStorm(s.site) }},
	{benign.AccountMoveSpec, func(s *spaces) pipeline.Detector { return benign.NewAccountMove(s.site) }},
	{benign.CrawlerSpec, func(s *spaces) pipeline.Detector { return benign.NewCrawler(s.known.Crawlers) }},
	{benign.KeyRotationSpec, func(s *spaces) pipeline.Detector { return benign.NewKeyRotation(s.site) }},
	{benign.RolloutSpec, func(s *spaces) pipeline.Detector { return benign.NewRollout(s.site) }},
	{benign.MaintenanceSpec, func(s *spaces) pipeline.Detector { return benign.NewMaintenance(s.known.Maintenance, s.instance) }},
}

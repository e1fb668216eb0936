package detectors

import (
	"github.com/fedwarden/fedwarden/detectors/takeover"
	"github.com/fedwarden/fedwarden/pipeline"
)

var takeoverRows = []row{
	{takeover.ActorJumpSpec, func(s *spaces) pipeline.Detector { return takeover.NewActorJump(s.site) }},
	{takeover.LoginBruteforceSpec, func(s *spaces) pipeline.Detector { return takeover.NewLoginBruteforce(s.network) }},
	{takeover.FailThenSuccessSpec, func(s *spaces) pipeline.Detector { return takeover.NewFailThenSuccess(s.network) }},
	{takeover.AccountTakeoverSpec, func(s *spaces) pipeline.Detector { return takeover.NewAccountTakeover(s.network) }},
	{takeover.CredentialStuffingSpec, func(*spaces) pipeline.Detector { return takeover.NewCredentialStuffing() }},
	{takeover.SignupBurstSpec, func(*spaces) pipeline.Detector { return takeover.NewSignupBurst() }},
	{takeover.ResetBurstSpec, func(*spaces) pipeline.Detector { return takeover.NewResetBurst() }},
	{takeover.TokenBurstSpec, func(s *spaces) pipeline.Detector { return takeover.NewTokenBurst(s.network) }},
}

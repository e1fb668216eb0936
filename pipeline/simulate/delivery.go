package simulate

import "net/netip"

// A Delivery is one signed POST to an inbox. What is zero is as an honest sender has it.
type Delivery struct {
	From   *Peer      // who sends it: its agent, key, address and backoff; nil is nobody: name the rest
	Actor  int        // which of From's actors it is by; actor 0 is the busiest
	Domain string     // the host that key and agent name, instead of From's
	KeyID  string     // the key id, instead of the actor's; of an unsigned one there is none
	Agent  string     // the agent, instead of From's; "-" is none
	IP     netip.Addr // where it comes from, instead of one of From's addresses

	Activity Activity
	To       string // the local account whose inbox it goes to; empty is the shared inbox
	Bytes    int    // of the body; zero is drawn by the activity
	Outcome  Outcome

	Mentions int     // local accounts that it mentions or concerns: a notification each
	Local    int     // local accounts that follow the author: a feed each; zero is drawn, negative is nobody
	Link     bool    // it has a link that is crawled
	Media    bool    // it has an attachment that is fetched
	NewActor bool    // it is by an actor never seen here: an account is made, avatar and header are fetched
	Resolves int     // unknown accounts that it mentions: a MentionResolveWorker each
	Thread   bool    // it replies to a status that is unknown here: a ThreadResolveWorker
	Jobs     []Job   // that follow from it, besides
	Fails    string  // the error, "Class: message", by which processing it fails, each time
	Cost     float64 // of answering and of processing it, as a multiple of the usual; zero is 1
	NoRetry  bool    // the sender does not come again
}

// An Activity is what a delivery says.
type Activity uint8

// The activities.
const (
	Create Activity = iota
	Announce
	Like
	Delete
	Update
	Follow
	Undo
	Accept
	Move
	Flag
	activities
)

var activityNames = [...]string{"Create", "Announce", "Like", "Delete", "Update", "Follow", "Undo", "Accept", "Move", "Flag"}

// String returns the activity's type.
func (a Activity) String() string { return activityNames[a] }

// An Outcome is what Mastodon makes of a delivery. Load may answer before it.
type Outcome uint8

// The outcomes, with what is answered.
const (
	Accepted      Outcome = iota // the signature is good: 202 and jobs
	UnknownActor                 // a Delete or Update of itself by an actor that is unknown here: 202 unseen, no job
	BadSignature                 // 401, after the key was fetched anew
	GoneKey                      // the key's actor is gone or not found: 401
	Unfetchable                  // the key's server can't be reached: 503 (since 4.4.11 and 4.5.4), after a wait
	Blocked                      // the domain is suspended: 403
	Unsigned                     // no signature: 401, and no key= in Rails' line
	Oversized                    // the body is over 1 MiB: 413
	Malformed                    // the body is no JSON: 400, and a block of exception lines
	NotUTF8                      // the body is not UTF-8: 400, and no line of lograge
	NoRecipient                  // the local account does not exist: 404
	GoneRecipient                // the local account is suspended: 410
	Broken                       // an exception: 500
	outcomes
)

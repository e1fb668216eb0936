package simulate

import (
	"net/netip"
	"time"
)

// A Request is any request but a delivery. What is zero follows from its method and path.
type Request struct {
	IP      netip.Addr
	Method  string // default GET
	Path    string // with query
	Agent   string // "" is none, as nginx writes it: -
	Referer string
	KeyID   string // the key id of a signed one
	Proto   string // default HTTP/1.1
	Line    string // the request line as it was sent, if it is none: TLS to the wrong port and such; then Status is 400

	Status   int           // what is answered; default what the path is usually answered
	Bytes    int           // of the answer; zero is drawn
	Body     int           // bytes of the request's body
	Cost     float64       // of answering it, as a multiple of the usual; zero is 1
	Hold     time.Duration // how long the client itself holds the connection: a slow body, a stream
	Patience time.Duration // after which it hangs up; zero is a minute
	User     bool          // a local account is signed in: limits by address do not hold
	SignIn   SignIn        // what comes of a POST to /auth/sign_in
}

// A SignIn is what comes of a try to sign in.
type SignIn uint8

// The outcomes of a try.
const (
	NoSignIn     SignIn = iota
	SignInFailed        // wrong password: nginx 200; two lines of Rails', status 0 and 200
	SignInPrompt        // right password, second factor asked for, or a wrong one given: 200
	SignInDone          // 302
)

package simulate

// writeRails writes Rails' lines of an exchange that Puma is done with.
func (s *sim) writeRails(x *exchange) {
	if x.Outcome == NotUTF8 && x.delivers {
		s.writeException(x, "ActionController::BadRequest", "Invalid request parameters: invalid %-encoding")
		return
	}
	if x.limit != "" {
		s.writeThrottle(x)
		return
	}
	if x.delivers && x.Outcome == Unfetchable {
		s.writeSourceStoplight(x)
	}
	status := x.status
	if x.signIn == SignInFailed {
		status = 0 // Warden throws out of the action, and the form is rendered by another
	}
	s.writeLograge(x, x.route.action, status)
	if x.signIn == SignInFailed {
		s.writeLograge(x, "new", 200)
	}
	if x.delivers && x.Outcome == Malformed {
		s.writeException(x, "ActionDispatch::Http::Parameters::ParseError", "unexpected token at '{\"@context\":'")
	}
}

// railsPrefix begins a line: Logger::Formatter's prefix and the request's tag.
func (s *sim) railsPrefix(b []byte, x *exchange, letter byte, level string) []byte {
	b = s.loggerPrefix(b, &s.rails, letter, level, s.puma.pid+1+moment(x.id%2))
	b = append(b, '[')
	b = uuid(b, x.id)
	return append(b, "] "...)
}

// loggerPrefix appends what Ruby's Logger begins a line with.
func (s *sim) loggerPrefix(b []byte, o *out, letter byte, level string, pid moment) []byte {
	at := s.now + o.shift
	o.stamp.set(at)
	b = append(b, letter, ',', ' ', '[')
	b = append(b, o.stamp.iso[:]...)
	b = append(b, '.')
	b = digits(b, at%second, 6)
	b = append(b, " #"...)
	b = number(b, pid)
	b = append(b, "] "...)
	b = append(b, level...)
	return append(b, " -- : "...)
}

func (s *sim) writeLograge(x *exchange, action string, status int) {
	o := &s.rails
	s.count.rails++
	if !o.writes(s.now) {
		return
	}
	b := s.railsPrefix(o.b, x, 'I', " INFO")
	b = append(b, "method="...)
	b = append(b, x.method...)
	b = append(b, " path="...)
	b = append(b, beforeQuery(x.path)...)
	b = append(b, " format="...)
	b = append(b, x.format()...)
	b = append(b, " controller="...)
	b = append(b, x.route.controller...)
	b = append(b, " action="...)
	b = append(b, action...)
	b = append(b, " status="...)
	b = number(b, moment(status))
	b = x.appendError(b)
	b = append(b, " allocations="...)
	b = number(b, 900+moment(mix(x.id^3)%9000))
	b = x.appendTimes(b)
	if status == 302 {
		b = append(b, " location=https://"+ourHost+"/"...)
	}
	o.line(s.appendSigner(b, x))
}

// format is what the client accepts: a sender that says nothing is taken for a browser.
func (x *exchange) format() string {
	if x.delivers && x.From != nil && x.From.seed()&3 == 0 {
		return "*/*"
	}
	return x.route.format
}

func (x *exchange) appendError(b []byte) []byte {
	if !x.delivers {
		return b
	}
	switch x.Outcome {
	case Malformed:
		return append(b, " error='ActionDispatch::Http::Parameters::ParseError: unexpected token at '{\"@context\":''"...)
	case Broken:
		return append(b, " error='NoMethodError: undefined method `[]' for nil:NilClass'"...)
	}
	return b
}

func (x *exchange) appendTimes(b []byte) []byte {
	b = append(b, " duration="...)
	b = fixed(b, x.took, millisecond, 2)
	view := x.took * moment(mix(x.id^4)%30) / 100
	if x.delivers && x.status == 202 {
		view = 0
	}
	b = append(b, " view="...)
	b = fixed(b, view, millisecond, 2)
	b = append(b, " db="...)
	return fixed(b, (x.took-view)*moment(10+mix(x.id^5)%50)/100, millisecond, 2)
}

// appendSigner appends verified= and key=, if a signature was sent. Verified says whether Mastodon checked the signature
// and found it good; it is not asked to on most GETs.
func (s *sim) appendSigner(b []byte, x *exchange) []byte {
	if !x.signed() {
		return b
	}
	if s.config.Rails == "verified" {
		b = append(b, " verified="...)
		if x.verified() {
			b = append(b, "yes"...)
		} else {
			b = append(b, "no"...)
		}
	}
	b = append(b, " key="...)
	return x.appendKey(b)
}

func (x *exchange) verified() bool {
	if x.delivers {
		return x.Outcome == Accepted || x.Outcome == Broken
	}
	return x.status < 400 && (x.route.controller == "ActivityPub::OutboxesController" || x.route.controller == "ActivityPub::FollowersSynchronizationsController")
}

// writeException writes the block in which Rails tells of an exception. Whatever logs are one line a message, as the
// initializer makes them, have one line of it.
func (s *sim) writeException(x *exchange, class, message string) {
	o := &s.rails
	s.count.rails++
	if !o.writes(s.now) {
		return
	}
	between := "\n["
	if s.config.Rails == "verified" {
		between = "\\n["
	}
	b := s.railsPrefix(o.b, x, 'F', "FATAL")
	b = append(b, "  "...)
	for _, text := range [...]string{class + " (" + message + "):", "  ", "app/controllers/activitypub/inboxes_controller.rb:29:in `create'"} {
		b = append(b, between...)
		b = uuid(b, x.id)
		b = append(b, "] "...)
		b = append(b, text...)
	}
	o.line(b)
}

// writeSourceStoplight writes that no key is fetched for an address for a while, as none could be.
func (s *sim) writeSourceStoplight(x *exchange) {
	o := &s.rails
	s.count.rails++
	if o.writes(s.now) {
		b := s.railsPrefix(o.b, x, 'W', " WARN")
		b = append(b, "Switching source:"...)
		b = x.ip.AppendTo(b)
		o.line(append(b, " from green to red because HTTP::ConnectionError failed to connect"...))
	}
}

// writeThrottle writes what config/initializers/rack_attack_logging.rb does.
func (s *sim) writeThrottle(x *exchange) {
	o := &s.rails
	s.count.rails++
	if !o.writes(s.now) {
		return
	}
	b := s.railsPrefix(o.b, x, 'I', " INFO")
	b = append(b, "Rate limit hit (throttle): "...)
	b = x.ip.AppendTo(b)
	b = append(b, ' ')
	b = append(b, x.method...)
	b = append(b, ' ')
	o.line(append(b, x.path...))
}

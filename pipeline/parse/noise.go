package parse

import "strings"

// other tells the lines without prefix and tags that are no record of Rails or Sidekiq from those that
// are of no known shape.
func other(line string) (skip string, err *Error) {
	switch {
	case isBanner(line):
		return skipBanner, nil
	case isCommand(line):
		return skipCommand, nil
	case isBacktrace(line):
		return skipException, nil
	case strings.Contains(cut(line, 512), ": warning: "):
		return skipWarning, nil
	case isStatement(line):
		return skipStatement, nil
	case line[0] == ' ' || line[0] == '\t': // Sidekiq's logo too
		return skipContinuation, nil
	}
	return "", &Error{Column: 1, Reason: reasonLine}
}

// banners are how Puma, Rails, Sidekiq and systemd begin what they say of their own life.
var banners = [...]string{"=> ", "* ", "- ", "! ", "Puma ", "Use Ctrl-C", "Exiting", "Booting ", "Booted ", "Bundle ",
	"Started ", "Starting ", "Stopped ", "Stopping ", "Gracefully ", "=== puma", "-- Logs begin", "-- Journal begins", "-- Boot ", "-- Reboot --"}

// isBanner reports whether a line is of a server's start or stop. Puma's cluster puts a pid before it.
func isBanner(line string) bool {
	if line[0] == '[' {
		pid, rest, ok := strings.Cut(line[1:min(len(line), 16)], "] ")
		if !ok || !isDigits(pid) || rest == "" {
			return false
		}
		line = line[len(pid)+3:]
	}
	for _, b := range banners {
		if strings.HasPrefix(line, b) {
			return true
		}
	}
	return false
}

func isCommand(line string) bool {
	return strings.HasPrefix(line, "[paperclip]") || strings.HasPrefix(line, "Command :: ")
}

// isStatement reports whether a line is of the RDF library: "ERROR Statement …".
func isStatement(line string) bool {
	_, rest, ok := strings.Cut(line[:min(len(line), 32)], " ")
	return ok && strings.HasPrefix(rest, "Statement ")
}

// isException reports whether what Rails says is of the block in which it tells of an exception: nothing,
// "Class (message):" or a line of the backtrace.
func isException(s string) bool {
	if isBlank(s) {
		return true
	}
	name, rest := constant(s)
	return name != "" && strings.HasPrefix(rest, " (") || isBacktrace(s)
}

// isBacktrace reports whether s begins with a place in a source: "app/x.rb:29:in `create'".
func isBacktrace(s string) bool {
	s = cut(s, 1024)
	i := strings.Index(s, ":in ")
	if i <= 0 {
		return false
	}
	n := i
	for n > 0 && s[n-1]-'0' <= 9 {
		n--
	}
	return n < i && n > 0 && s[n-1] == ':'
}

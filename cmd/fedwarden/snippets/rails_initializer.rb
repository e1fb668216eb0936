# frozen_string_literal: true

# fedwarden's initializer for Mastodon 3.5 and later: put it into config/initializers/fedwarden.rb, restart
# mastodon-web and mastodon-sidekiq, and set `verified: true` for Rails' log in fedwarden's configuration. What was
# logged before is no safer by that: let fedwarden begin with the lines that Rails writes from then on.
#
# It changes what Rails logs and nothing else:
#
#  * A request that bears a signature is logged with verified=yes if Mastodon has checked the signature and found it
#    good, else with verified=no. It only looks at what Mastodon has found: it never makes it check a signature.
#  * Each message is one line. Line breaks and other control characters are written as \n, \r, \x1B; else a stranger
#    could put a whole line, verified=yes included, into the log, by way of an error's text. A message is cut off at
#    12,000 bytes, so that nobody after Rails (Docker splits at 16 KiB) makes lines of it. To read a backtrace:
#    sed 's/\\n/\n/g'.
#
# Where messages can't be folded, verified= is not written. It never raises: at worst a line stays as it was.
module FedwardenInitializer
  # Where Mastodon keeps the actor whose signature was good: since 4.0, and 3.5.
  ACTORS = %i(@signed_request_actor @signed_request_account).freeze

  MAX_BYTES = 12_000
  CONTROL = /[\x00-\x08\x0A-\x1F\x7F]/n.freeze
  ESCAPES = { "\n" => '\n', "\r" => '\r' }.freeze

  # OneLine goes before a logger's own way to make a line of a message.
  module OneLine
    private

    def format_message(*)
      FedwardenInitializer.one_line(super)
    end
  end

  class << self
    def one_line(text)
      return text unless text.is_a?(String)

      line = text.b.chomp
      return text if line.bytesize <= MAX_BYTES && !line.match?(CONTROL)

      folded = line.byteslice(0, MAX_BYTES).gsub(CONTROL) { |c| ESCAPES[c] || format('\x%02X', c.ord) }
      "#{folded.byteslice(0, MAX_BYTES)}\n".force_encoding(text.encoding)
    rescue StandardError
      text
    end

    # with_verdict adds to what Mastodon's custom payload says, and goes before it: what stands after key= is a
    # stranger's.
    def with_verdict(payload, controller)
      verdict = verdict_of(controller)
      verdict ? { verified: verdict }.merge(payload.to_h.except(:verified)) : payload
    rescue StandardError
      payload
    end

    def install(config)
      return unless fold(loggers(config))

      given = config.lograge.custom_payload_method
      config.lograge.custom_payload do |controller|
        FedwardenInitializer.with_verdict(given&.call(controller), controller)
      end
    rescue StandardError => e
      Rails.logger.warn("fedwarden: #{e.class}: verified= is not written")
    end

    private

    def verdict_of(controller)
      return unless controller.respond_to?(:signed_request?, true) && controller.send(:signed_request?)

      ACTORS.any? { |name| controller.instance_variable_get(name) } ? 'yes' : 'no'
    end

    def loggers(config)
      [Rails.logger, config.lograge.logger].compact.flat_map { |l| l.respond_to?(:broadcasts) ? l.broadcasts : [l] }
    end

    # fold reports whether all loggers make one line of a message from now on.
    def fold(loggers)
      unless loggers.all? { |l| l.respond_to?(:format_message, true) }
        Rails.logger.warn('fedwarden: this logger can\'t be made to write one line a message: verified= is not written')
        return false
      end
      loggers.each { |l| l.singleton_class.prepend(OneLine) }
    end
  end
end

FedwardenInitializer.install(Rails.application.config)

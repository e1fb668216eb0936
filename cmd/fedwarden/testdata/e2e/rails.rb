# A Rails with the parts of Mastodon that write its web log: the tags, lograge and its custom payload, and an inbox
# that keeps the actor where Mastodon does. It answers a list of requests and ends.
#
#   ruby rails.rb ROOT RESPONSES < requests     ROOT/config/initializers is read as Rails reads it
#
# A request is a line of JSON: method, path, headers, body. The log goes to standard output, what was answered to
# the file RESPONSES. VERSION is Mastodon's: 3.5 keeps another name and logs without a prefix. FORMATTER is json or
# nothing.
require 'json'
require 'logger'
require 'rails'
require 'action_controller/railtie'
require 'lograge'
require 'rack/mock'

root, responses = ARGV
old = ENV['VERSION'] == '3.5'

class Mastodon < Rails::Application
end

Mastodon.configure do
  config.root = root
  config.eager_load = false
  config.consider_all_requests_local = false
  config.secret_key_base = 'x' * 64
  config.hosts.clear
  config.log_level = :info
  config.log_tags = [:request_id]
  logger = ActiveSupport::Logger.new($stdout)
  logger.formatter = Logger::Formatter.new unless old
  config.logger = ActiveSupport::TaggedLogging.new(logger)
  config.lograge.enabled = true
  config.lograge.formatter = Lograge::Formatters::Json.new if ENV['FORMATTER'] == 'json'
  config.lograge.custom_payload do |controller|
    { key: controller.signature_key_id } if controller.respond_to?(:signed_request?) && controller.signed_request?
  end
end

module SignatureVerification
  def signed_request?
    request.headers['Signature'].present?
  end

  def signature_key_id
    request.headers['Signature'][/keyId="([^"]*)"/, 1]
  end

  def signed_request_actor
    @signed_request_actor = check unless defined?(@signed_request_actor)
    @signed_request_actor
  end

  def signed_request_account
    @signed_request_account = check unless defined?(@signed_request_account)
    @signed_request_account
  end

  # A signature is good where it says so. That it was checked is told.
  def check
    Rails.logger.info("checked #{request.path}")
    Object.new if request.headers['Signature'].to_s.end_with?('signature="good"')
  end
end

module ActivityPub
  class InboxesController < ActionController::Base
    include SignatureVerification

    before_action :skip_unknown_actor_activity
    before_action :require_actor_signature!

    def create
      text = params[:text].to_s
      raise text if params[:type] == 'Raise'

      Rails.logger.info("Rejected Create activity #{text} from https://remote.example/users/bob") if params[:type] == 'Reject'
      head 202
    end

    private

    def skip_unknown_actor_activity
      head 202 if params[:type] == 'Delete'
    end

    def require_actor_signature!
      render plain: 'Verification failed', status: 401 unless actor
    end

    def actor
      ENV['VERSION'] == '3.5' ? signed_request_account : signed_request_actor
    end
  end
end

class HomeController < ActionController::Base
  def show
    params[:to] ? redirect_to(params[:to]) : render(plain: 'home')
  end
end

Mastodon.initialize!
Mastodon.routes.draw do
  post '/inbox' => 'activity_pub/inboxes#create'
  get '/' => 'home#show'
end

answers = $stdin.each_line.map do |line|
  r = JSON.parse(line)
  env = Rack::MockRequest.env_for(r['path'], method: r['method'], input: r['body'].to_s.b, 'CONTENT_TYPE' => 'application/json')
  env['HTTP_HOST'] = 'social.example'
  (r['headers'] || {}).each { |name, value| env["HTTP_#{name.upcase.tr('-', '_')}"] = value.b }
  status, headers, body = Mastodon.call(env)
  text = +''
  body.each { |piece| text << piece }
  body.close if body.respond_to?(:close)
  [status, headers.to_h.except('X-Runtime', 'X-Request-Id'), text]
end
File.write(responses, JSON.pretty_generate(answers))

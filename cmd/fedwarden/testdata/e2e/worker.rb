# Workers named as Mastodon names them. They do next to nothing; what counts is what Sidekiq logs of them.
require 'sidekiq'

# Debian's redis gem is newer than its Sidekiq and says so every second; Mastodon's bundle has those that fit.
Redis.silence_deprecations = true

module Mastodon
  class UnexpectedResponseError < StandardError; end
end

module ActivityPub
  class ProcessingWorker
    include Sidekiq::Worker
    sidekiq_options queue: 'ingress', backtrace: true, retry: 8

    def perform(actor_id, body, delivered_to_account_id = nil, actor_type = 'Account')
      LocalNotificationWorker.perform_async(actor_id, 1, 'Mention', 'mention') if JSON.parse(body)['mention']
    end
  end

  class DeliveryWorker
    include Sidekiq::Worker
    sidekiq_options queue: 'push', retry: 16, dead: false

    def perform(json, source_account_id, inbox_url, options = {})
      raise Mastodon::UnexpectedResponseError, "#{inbox_url} returned code 503"
    end
  end
end

class LocalNotificationWorker
  include Sidekiq::Worker

  def perform(receiver_account_id, activity_id, activity_class, type); end
end

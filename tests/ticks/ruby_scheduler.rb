# ruby ruby_scheduler.rb PORT LEASE: what `rake resque:scheduler` starts, in a hurry.
require 'resque'
require 'resque-scheduler'

port, lease = ARGV.map { |word| Integer(word) }
Resque.redis = Redis.new(host: '127.0.0.1', port: port, id: 'ruby')
Resque::Scheduler.configure do |config|
  config.poll_sleep_amount = 0.1
  config.dynamic = false
end
Resque::Scheduler.lock_timeout = lease
Resque::Scheduler.run

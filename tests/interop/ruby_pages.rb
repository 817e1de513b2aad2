# ruby ruby_pages.rb PORT: resque-web with resque-scheduler's tabs, and resque-retry's where RESQUE_RETRY has a checkout. Each line of standard input is JSON, a method and a
# path; it is answered by a line, the status and the page.
require 'json'
require 'resque'
require 'resque-scheduler'
require 'resque/server'
require 'resque/scheduler/server'

if ENV['RESQUE_RETRY']
  $LOAD_PATH.unshift File.join(ENV['RESQUE_RETRY'], 'lib')
  require 'resque-retry'
  require 'resque-retry/server'

  class Import
    extend Resque::Plugins::Retry
    @queue = :imports
  end
end

class Report # the buttons of a job and the page of a class want to know it
  @queue = :reports
end

Resque.redis = Redis.new(host: '127.0.0.1', port: Integer(ARGV[0]))
Resque::Scheduler.dynamic = true
Resque::Server.set :environment, :production
Resque::Server.disable :protection
PAGES = Rack::MockRequest.new(Resque::Server.new)

$stdout.sync = true
$stdin.each_line do |line|
  method, path = JSON.parse(line)
  answer = PAGES.request(method, path)
  puts JSON.generate([answer.status, answer.body.dup.force_encoding('UTF-8').scrub])
end

# Enqueues each argument: ruby echo.rb hello world. Needs the gem `resque`; Redis is at $REDIS_URL.
require "resque"

Resque.redis = ENV.fetch("REDIS_URL", "redis://127.0.0.1:6379/0")
ARGV.each { |text| Resque.push("echo", "class" => "MyTask::Echo", "args" => [text]) }

# Jobs of Ruby's that tell a test what they do, as those of tests/apps/tracked.py do. TEST_PORT is where Redis is.
require 'json'
require 'resque'

Resque.redis = "127.0.0.1:#{ENV.fetch('TEST_PORT')}"

def told
  Redis.new(port: ENV.fetch('TEST_PORT').to_i)
end

class Say
  def self.perform(*args) = told.rpush('test:ruby', JSON.generate(args))
end

class Meet
  def self.perform
    told.rpush('test:met', Process.pid)
    told.blpop('test:go', timeout: 30)
    told.rpush('test:done', 'ruby')
  end
end

class FailOnce
  def self.perform(*args)
    raise TypeError, 'not yet' if told.incr('test:tries') == 1
    told.rpush('test:ruby', JSON.generate(args))
  end
end

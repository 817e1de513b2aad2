# ruby ruby_worker.rb QUEUE...: what `rake resque:work` starts, without Rake.
require_relative 'ruby_jobs'
Resque::Worker.new(*ARGV).work(0.1)

require 'resque'

class Stamp
  def self.perform(letterbox)
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    File.open(letterbox, 'w') { |out| out.write("#{now}\n") }
  end
end

class Noop
  def self.perform(*); end
end

class Fails
  def self.perform
    raise 'as always'
  end
end

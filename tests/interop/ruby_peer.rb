# ruby ruby_peer.rb: does what each line of standard input says, a text of Ruby as JSON; a line of JSON is the answer.
require_relative 'ruby_jobs'
$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate([eval(JSON.parse(line)[0])]) }

# perl worker.pl QUEUE...: what resque-worker starts, with a shorter interval.
use strict;
use warnings;
use Resque;
use FailOnce;
use Meet;
use Say;

# A checkout has none, and Ruby takes a worker whose title says "resque-devel" for dead.
$Resque::VERSION ||= '0.42';

my $worker = Resque->new( redis => "127.0.0.1:$ENV{TEST_PORT}" )->worker;
$worker->interval(0.1);
$worker->add_queue(@ARGV);
$worker->work;

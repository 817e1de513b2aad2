# What Resque's own bin/resque-worker does, with a namespace: worker.pl SERVER NAMESPACE QUEUE CANT_POLL

use strict;
use warnings;
use Resque;
use Fails;
use Noop;
use Stamp;

my ( $server, $namespace, $queue, $cant_poll ) = @ARGV;
my $worker = Resque->new( redis => $server, namespace => $namespace )->worker;
$worker->cant_poll($cant_poll);
$worker->add_queue($queue);
$worker->work;

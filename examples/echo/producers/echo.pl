# Enqueues each argument: perl echo.pl hello world. Needs Resque from CPAN; Redis is at $REDIS_SERVER (host:port).
use strict;
use warnings;
use Encode qw(decode);
use Resque;

my $resque = Resque->new(redis => $ENV{REDIS_SERVER} || '127.0.0.1:6379');
$resque->push(echo => { class => 'MyTask::Echo', args => [decode('UTF-8', $_)] }) for @ARGV;

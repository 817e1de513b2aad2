# perl peer.pl: does what each line of standard input says, a text of Perl as JSON; a line of JSON is the answer.
use strict;
use warnings;
use JSON;
use Resque;

$| = 1;
my $json   = JSON->new->utf8;
my $resque = Resque->new( redis => "127.0.0.1:$ENV{TEST_PORT}" );
while ( my $line = <STDIN> ) {
    my ($said) = eval $json->decode($line)->[0];
    die $@ if $@;
    print $json->encode( [$said] ), "\n";
}

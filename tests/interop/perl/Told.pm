# What jobs of Perl's say to a test. TEST_PORT is where Redis is.
package Told;
use strict;
use warnings;
use JSON;
use Redis;
use Exporter 'import';
our @EXPORT = qw(told encoded);

sub told { Redis->new( server => "127.0.0.1:$ENV{TEST_PORT}" ) }
sub encoded { JSON->new->utf8->encode(shift) }
1;

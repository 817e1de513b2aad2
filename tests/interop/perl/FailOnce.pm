package FailOnce;
use strict;
use warnings;
use Told;

sub perform {
    die "not yet\n" if told->incr('test:tries') == 1;
    told->rpush( 'test:perl', encoded( $_[0]->args ) );
}
1;

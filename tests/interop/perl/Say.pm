package Say;
use strict;
use warnings;
use Told;

sub perform { told->rpush( 'test:perl', encoded( $_[0]->args ) ) }
1;

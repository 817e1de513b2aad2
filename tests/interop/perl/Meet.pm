package Meet;
use strict;
use warnings;
use Told;

sub perform {
    told->rpush( 'test:met', $$ );
    told->blpop( 'test:go', 30 );
    told->rpush( 'test:done', 'perl' );
}
1;

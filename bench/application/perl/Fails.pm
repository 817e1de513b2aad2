package Fails;

use strict;
use warnings;

sub perform { die 'as always' }

1;

package Noop;

use strict;
use warnings;

sub perform { }

1;

package Stamp;

use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

sub perform {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    my ($job) = @_;
    open my $letterbox, '>>', $job->args->[0] or die $!;
    syswrite $letterbox, sprintf("%.0f\n", $now * 1e9);
}

1;

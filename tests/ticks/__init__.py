"""An hour of ticks: schedulers of several kinds beside each other, killed and stopped at random, and an account.

3600 seconds have something due, and as many ticks of schedules come. The hour is compressed: the due seconds lie in the
past, as after an absence of all schedulers, and are put aside one after another, many in each second of the clock; some
jobs are due in seconds to come. Locks last shorter than usual, ours and those of others (2 s), so that there are many
changes of leader. What is put aside, who is killed and when is drawn from a seed before anything runs (`script`).

Redis tells every command (MONITOR, `recording`), so that each job can be followed from who took it off its list to who
put it onto its queue (`account`). resque-scheduler and node-resque lose and double jobs when they die at the wrong
moment, and beside each other without being killed: that is counted as theirs. Nothing of it may be ours.

    ./run ticks --seed 7 --seconds 60
    RESQUE_RUBY=… RESQUE_SCHEDULER=… ./run ticks --beside ruby --beside node --poison 0

Without `--poison 0` the others come to an end at the first thing that can go nowhere: Ruby's dies of it, again and
again, and node's looks no more.
"""

"""No-op jobs in a second, while there are always more, with one worker and with two.

The limit is what the very process of a resqued worker could do if it did nothing but fork, `_exit` and `waitpid`.
"""

from bench import pace
from bench.effort import Effort
from bench.field import Field
from bench.figures import Collection, Section, asked
from bench.measures import limit
from bench.measures.limit import Limit
from bench.stage import Stage

TITLE = "no-op jobs in a second"
BOUNDS = {"Ruby Resque": 2.5, "rq worker": 8.0}
FRUGAL_BOUNDS = {
    "Ruby Resque": 10.0,
    "Ruby Resque, FORK_PER_JOB=false": 2.0,
    "huey": 1.0,
    "huey, processes": 1.0,
    "node-resque": 1.0,
    "node-resque, workers in one process": 1.0,
}


def measure(stage: Stage, field: Field, effort: Effort, reference: Limit) -> list[Section]:
    collection = Collection()
    for number in range(effort.rounds):
        for workers, quantity in pace.WORKERS.items():
            for contestant in field.everybody(number):
                with field.excusing(contestant):
                    collection.add(quantity, contestant.name, pace.of(stage, contestant, workers, effort.window))
            for mark, value in limit.rates(stage, reference, workers, effort.window).items():
                collection.add(quantity, mark, value)
    frugal = field.others[0] is not field.forking[0]
    quantities = list(pace.WORKERS.values())
    return field.sections(
        collection,
        "throughput",
        TITLE,
        unit="jobs/s",
        better="more",
        bounds=asked(quantities, "at least", BOUNDS),
        more=asked(quantities, "at least", FRUGAL_BOUNDS if frugal else {}),
        marks=limit.MARKS,
    )

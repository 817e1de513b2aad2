"""Metrics as text: OpenMetrics 1.0, and the older format of Prometheus that node_exporter reads from files.

The two differ in little: what a counter is called in its TYPE line, whether there are units, and how the text ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from types import MappingProxyType
from typing import Literal

Labels = Mapping[str, str]
Type = Literal["counter", "gauge", "histogram", "info"]


class Format(Enum):
    """By its media type."""

    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Family:
    """Metrics of one name, without the suffix that its type has (`_total`, `_info`)."""

    name: str
    type: Type
    help: str
    unit: str = ""  # the name ends with it
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)  # suffix, labels, value

    def add(self, value: float, **labels: str) -> None:
        self.samples.append((SUFFIXES.get(self.type, ""), labels, value))

    def add_histogram(self, up_to: Sequence[int], bounds: Sequence[float], total: float, **labels: str) -> None:
        """`up_to`: how many there are up to each of the `bounds`, and in all; `total`: their sum."""
        for number, bound in zip(up_to, (*bounds, inf), strict=True):
            self.samples.append(("_bucket", {**labels, "le": "+Inf" if bound == inf else repr(bound)}, number))
        self.samples.append(("_count", labels, up_to[-1]))
        self.samples.append(("_sum", labels, total))


EXACT = 2**53  # floats beyond are no whole numbers any more
SUFFIXES = {"counter": "_total", "info": "_info"}


def render(families: Iterable[Family], format_: Format, common: Labels = MappingProxyType({})) -> bytes:
    """Families without samples are left out. `common`: labels of every sample."""
    write = _openmetrics if format_ is Format.OPENMETRICS else _prometheus
    lines = [line for family in families if family.samples for line in write(family, common)]
    end = ["# EOF"] if format_ is Format.OPENMETRICS else []
    return "\n".join([*lines, *end, ""]).encode(errors="backslashreplace")


def _openmetrics(family: Family, common: Labels) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.type}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield from _samples(family, common)


def _prometheus(family: Family, common: Labels) -> Iterator[str]:
    name = family.name + SUFFIXES.get(family.type, "")
    yield f"# HELP {name} {family.help}"
    yield f"# TYPE {name} {'gauge' if family.type == 'info' else family.type}"
    yield from _samples(family, common)


def _samples(family: Family, common: Labels) -> Iterator[str]:
    for suffix, labels, value in family.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in {**common, **labels}.items())
        yield f"{family.name}{suffix}{f'{{{pairs}}}' if pairs else ''} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    """As both formats read it: `repr` is exact, and never longer than it must be."""
    return repr(int(value)) if value == value // 1 and abs(value) < EXACT else repr(float(value))

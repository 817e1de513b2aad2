"""All that was found as one configuration: tables, and what has to be said about them; or every mistake at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from resqued.cli.translation import servers, variables
from resqued.cli.translation.meaning import Meaning, Mistake, Remark, Setting
from resqued.cli.translation.sources import COUNTED, ELSEWHERE, ONE, REFERENCE, Found, Process
from resqued.config.examination import mistakes
from resqued.config.settings import Config
from resqued.errors import ConfigError

ALONE = "default"  # the name of a pool that needs none
OF_A_FILE = "has its queues in a file of its own, which is translated by hand: docs/migrating/pools.md"
LONGEST_NAME = 40
SPECIFIER = re.compile(r"%\w")  # of systemd: every instance of a unit has another value

Settings = dict[str, Setting]  # by key


@dataclass
class Pool:
    """`named`: as a Procfile calls it, or by its queues."""

    settings: Settings
    named: str = ""


@dataclass
class Translation:
    """A configuration without `[jobs]`, which no variable knows anything of."""

    tables: dict[str, Settings] = field(default_factory=dict)  # by name: redis, shutdown, log
    pools: dict[str, Pool] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    application: list[str] = field(default_factory=list)  # variables that are nobody's but the application's
    others: list[str] = field(default_factory=list)  # processes that are no workers

    def all_tables(self) -> Iterator[tuple[str, Settings]]:
        """Each with its full name, in the order of a file."""
        pools = {f"pools.{name}": pool.settings for name, pool in self.pools.items()}
        every = self.tables | pools
        first = [name for name in ("redis", *pools) if name in every]
        yield from ((name, every[name]) for name in dict.fromkeys([*first, *self.tables]))


def translate(found: Found, source: str) -> Translation:
    """Raises ConfigError with every mistake; `source` is the name of what was read."""
    composing = _Composing(found)
    composing.run()
    if composing.wrong:
        raise ConfigError(source, list(dict.fromkeys(composing.wrong)))
    return composing.result


class _Composing:
    def __init__(self, found: Found) -> None:
        self.result = Translation(others=list(found.others))
        self.wrong: list[str] = []
        self._found = found
        self._pools: list[Pool] = []
        self._servers: list[bool] = []  # whether each says where Redis is

    def run(self) -> None:
        for process in self._workers():
            self._take(process)
        if len(set(self._servers)) > 1:
            self.wrong.append("REDIS_URL: only some of the workers say where Redis is; translate them one at a time")
        self._name_pools()
        self.result.remarks = list(dict.fromkeys(self.result.remarks))
        if self._found.complete:
            names = dict.fromkeys((*self._found.shared, *(n for each in self._found.processes for n in each.variables)))
            self.result.application = [name for name in names if not variables.is_known(name)]
        self.wrong += self._refused()

    def _workers(self) -> Iterator[Process]:
        """Who has its queues in a file of its own counts as one that has none, if there is nobody else."""
        every = self._found.processes or [Process("")]
        elsewhere = [process for process in every if process.program in ELSEWHERE]
        for process in elsewhere:
            self.result.remarks.append(Remark(process.name or process.program, OF_A_FILE))
        return iter([process for process in every if process not in elsewhere] or elsewhere[:1])

    def _take(self, process: Process) -> None:
        given = {**self._found.shared, **process.variables}
        self.wrong += [*_unreadable(given, literal=not self._found.complete), *_lacking(given, process)]
        if process.program == ONE and given.pop("COUNT", None) is not None:
            self.result.remarks.append(
                Remark("COUNT", "only rake resque:workers heeds it; rake resque:work is one worker")
            )
        own: Settings = {}
        for meaning in variables.meanings(given):
            self._sort(_labelled(meaning, process), own)
        self._pools.append(Pool(own, process.name))
        self._servers.append(servers.is_said(given))

    def _sort(self, meaning: Meaning, own: Settings) -> None:
        match meaning:
            case Remark():
                self.result.remarks.append(meaning)
            case Mistake(name, why):
                self.wrong.append(f"{name}: {why}")
            case Setting(table=""):
                own[meaning.key] = meaning
            case Setting(table=table, key=key):
                before = self.result.tables.setdefault(table, {}).setdefault(key, meaning)
                if before.value != meaning.value:
                    self._settle(before, meaning)

    def _settle(self, before: Setting, meaning: Setting) -> None:
        """There is one of these for all pools."""
        if before.name != meaning.name:
            self.result.remarks.append(Remark(meaning.name, f"says another {meaning.key} than {before.name}"))
        else:
            self.wrong.append(f"{meaning.name}: differs from one worker to the next; translate them one at a time")

    def _name_pools(self) -> None:
        for pool in _merged(self._pools):
            name = _name(pool, alone=len(self._pools) == 1)
            number = 2
            while name in self.result.pools:
                name, number = f"{_name(pool, alone=False)}-{number}", number + 1
            self.result.pools[name] = pool

    def _refused(self) -> Iterator[str]:
        """What the configuration does not take, by the variable that says it."""
        document = _document(self.result)
        for mistake in mistakes(Config, document | {"jobs": {"modules": ["app"]}}):
            place, _, why = mistake.partition(": ")
            settings = [
                (f"{name}.{key}", each) for name, table in self.result.all_tables() for key, each in table.items()
            ]
            names = [setting.name for full_name, setting in settings if place.startswith(full_name)]
            if names or not self.wrong:
                yield f"{(names or [place])[0]}: {why}"


def document(translation: Translation, modules: Sequence[str], path: Sequence[str]) -> dict[str, object]:
    """As plain tables."""
    where = {"path": list(path)} if path else {}
    return {**_document(translation), "jobs": {**where, "modules": list(modules), "names": {}}}


def _document(translation: Translation) -> dict[str, object]:
    tables: dict[str, object] = {
        name: {key: setting.value for key, setting in table.items()} for name, table in translation.tables.items()
    }
    pools = {name: {key: each.value for key, each in pool.settings.items()} for name, pool in translation.pools.items()}
    return {**tables, "pools": pools}


def _unreadable(given: Mapping[str, str], *, literal: bool) -> Iterator[str]:
    """Never shows a value: it may be a password."""
    for name, value in given.items():
        if not variables.is_known(name):
            continue
        if not _is_unicode(value):
            yield f"{name}: its value is not UTF-8"
        elif not literal and REFERENCE.search(value):
            yield f"{name}: what the $ in it stands for is not known here; write it out (in a URL a $ itself is %24)"
        elif not literal and SPECIFIER.fullmatch(value):
            yield f"{name}: is {value}, which systemd replaces; write it out"


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _lacking(given: Mapping[str, str], process: Process) -> Iterator[str]:
    if given.keys().isdisjoint({"QUEUES", "QUEUE"}):
        of = f" for {process.name or process.program}" if process.program else ""
        yield f"QUEUES: no queues are named{of}; set QUEUES or QUEUE, such as QUEUES=critical,mail"
    if process.program == COUNTED and "COUNT" not in given:
        yield "COUNT: rake resque:workers does not start without it"


def _labelled(meaning: Meaning, process: Process) -> Meaning:
    return replace(meaning, name=process.labels.get(meaning.name, meaning.name))


def _merged(pools: Sequence[Pool]) -> Iterator[Pool]:
    """Workers that were started one by one, and are alike, are one pool."""
    kept: list[Pool] = []
    for pool in pools:
        alike = next((one for one in kept if not pool.named and _alike(one, pool)), None)
        if alike is None:
            kept.append(pool)
        else:
            count = _workers(alike) + _workers(pool)
            alike.settings["workers"] = Setting("", "workers", count, "as many as are started")
    yield from kept


def _alike(one: Pool, other: Pool) -> bool:
    return _but_workers(one) == _but_workers(other) and one.named == other.named


def _but_workers(pool: Pool) -> dict[str, object]:
    return {key: setting.value for key, setting in pool.settings.items() if key != "workers"}


def _workers(pool: Pool) -> int:
    setting = pool.settings.get("workers")
    return int(setting.value) if setting and isinstance(setting.value, int | float) else 1


def _name(pool: Pool, *, alone: bool) -> str:
    queues = pool.settings.get("queues")
    by_queues = "-".join(queues.value) if queues and isinstance(queues.value, list) else ""
    name = pool.named or (ALONE if alone else by_queues)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name.replace("*", "all").replace("!", "not-"))
    return plain.strip("-")[:LONGEST_NAME] or ALONE

"""Jobs that come again and again: those of the configuration, and those that Ruby's resque-scheduler keeps in Redis."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resqued.config import Config, Schedule
from resqued.errors import NotEncodable
from resqued.protocol import payloads
from resqued.rhythm import Every, Missed, Rhythm, cron

UNITS = {  # seconds → the words and letters that rufus-scheduler 3.9 has for them; the case of letters matters
    365 * 86400: ("y", "year", "years"),
    30 * 86400: ("M", "mon", "month", "months"),
    7 * 86400: ("w", "week", "weeks"),
    86400: ("d", "day", "days"),
    3600: ("h", "hour", "hours"),
    60: ("m", "min", "mins", "minute", "minutes"),
    1: ("s", "sec", "secs", "second", "seconds", ""),
}
AGES = {word: age for age, words in UNITS.items() for word in words}
PART = re.compile(r"(\d{1,9}(?!\d)(?:\.\d{1,9}(?!\d))?)\s*([A-Za-z]*)\s*")
LONGEST = 100 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Recurring:
    """`said`: its rhythm in words."""

    name: str
    queue: str
    payload: str
    rhythm: Rhythm
    said: str
    missed: Missed = Missed.SKIP
    description: str = ""
    is_persistent: bool = False  # it stands in Redis, and not in the configuration

    @property
    def field(self) -> str:
        """Under which its ticks are kept. No name in the configuration begins like that."""
        return f"@{self.name}" if self.is_persistent else self.name


@dataclass(frozen=True, slots=True)
class Unusable:
    """A schedule that somebody has put into Redis and that means nothing to us."""

    name: str
    why: str


def configured(config: Config) -> list[Recurring]:
    return [_of_table(name, table, config.scheduler.timezone) for name, table in config.schedule.items()]


def _of_table(name: str, table: Schedule, zone: str) -> Recurring:
    payload = payloads.encode_job({"class": table.class_, "args": list(table.args)})
    where = table.timezone or zone
    rhythm = cron(table.cron, where) if table.cron else Every(table.every)
    said = f"{table.cron} {where}" if table.cron else f"every {table.every} s"
    return Recurring(name, table.queue, payload, rhythm, said, Missed(table.missed), table.description)


# --- as Ruby writes them ---


def persistent(texts: Mapping[str, bytes], *, env: str, zone: str) -> Iterator[Recurring | Unusable]:
    """Those out of Redis, by name, that are meant for this environment."""
    for name, text in sorted(texts.items()):
        try:
            facts = _facts(text)
            if _is_meant_for(env, facts):
                yield _of_ruby(name, facts, zone)
        except (ValueError, NotEncodable, RecursionError) as error:
            yield Unusable(name, str(error) or type(error).__name__)


def _facts(text: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004  so are all other mistakes
    return facts


def _is_meant_for(env: str, facts: Mapping[str, Any]) -> bool:
    """`rails_env`, or `env`: names with commas between (resque-scheduler 5.0.0, scheduler.rb)."""
    wanted = facts.get("rails_env") or facts.get("env")
    return not wanted or env in re.split(r"[\s,]+", str(wanted))


def _of_ruby(name: str, facts: Mapping[str, Any], zone: str) -> Recurring:
    queue = facts.get("queue")
    if not isinstance(queue, str) or not queue:
        raise ValueError("names no queue, which only Ruby could ask its class for")
    job = facts.get("custom_job_class") or facts.get("class") or name
    payload = payloads.encode_job({"class": job, "args": _arguments(facts.get("args"))})
    rhythm, said = _rhythm(facts, zone)
    return Recurring(
        name, queue, payload, rhythm, said, description=str(facts.get("description") or ""), is_persistent=True
    )


def _arguments(args: object) -> list[Any]:
    """As Ruby's scheduler makes a list of them."""
    if isinstance(args, list):
        return args
    return [] if args is None else [args]


def _rhythm(facts: Mapping[str, Any], zone: str) -> tuple[Rhythm, str]:
    """`cron` comes first. Of `["5m", {…}]` the options are left aside: they shift or end what we count from 1970."""
    for key in ("cron", "every"):
        value = facts.get(key)
        said = value[0] if isinstance(value, list) and value else value
        if isinstance(said, str) and said:
            return (_cron(said, zone) if key == "cron" else Every(seconds(said))), f"{key} {said}"
    raise ValueError("says neither cron nor every")


def _cron(said: str, zone: str) -> Rhythm:
    """Its last word may be a time zone: `0 3 * * * Europe/Paris`."""
    line, _, last = said.strip().rpartition(" ")
    has_zone = ("/" in last and last[0].isalpha()) or last.upper() in ("UTC", "Z")
    try:
        return cron(line, last) if has_zone and line else cron(said, zone)
    except ValueError as error:
        raise ValueError(f"cron: {error}") from None


def seconds(said: str) -> int:
    """`"1h30m"`, `"15mins"`, `"10"`: what rufus-scheduler takes for a span of time. Raises ValueError."""
    parts = PART.findall(said) if re.fullmatch(rf"(?:{PART.pattern})+", said.strip()) else []
    ages = [AGES.get(word, AGES.get(word.lower()) if word[1:] else None) for _, word in parts]
    total = int(sum(float(number) * age for (number, _), age in zip(parts, ages, strict=True) if age))
    if not 1 <= total <= LONGEST or None in ages:
        raise ValueError(f'every: "{said[:60]}" is no span of time such as "90s" or "1h30m"')
    return total

r"""The tables of the manual, out of what they are about: `./run man` writes them into its pages again.

They stand between `.\" begin NAME` and `.\" end NAME`, in Markdown between comments; all around is written by hand.
"""

import argparse
import re
import textwrap
from argparse import Action, ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from resqued.cli import resquectl, resqued, subjects

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "etc" / "resqued.toml"
DOCS = HERE.parent / "docs"
ELSEWHERE = {"exporter": "metrics.md"}  # pages that are not called as their command
PART = re.compile(r'(?ms)^((?:\.\\"|<!--) begin (\w+)(?: -->)?\n).*?^((?:\.\\"|<!--) end \2(?: -->)?)$')
HEADER = re.compile(r"(?:# )?\[([\w.]+)\](?:\s+# (.*))?")
KEY = re.compile(r"#?\s?(\"?[\w:]+\"?) = (.*?)\s+# (.*)")
ALIAS = re.compile(r"# (\".*\") = (\".*\")")
SENTENCE, OPTION = re.compile(r"(?<=[.?!]) (?=[A-Z])"), re.compile(r"(?<![\w-])--?[a-z][\w-]*")
SIMPLE = re.compile(r"[a-z-]+|[A-Z]|[A-Z]{4,}")  # a macro is two or three letters, of which one is large
PLAIN = {"\\": "\\e", "…": "...", "≥": "\\(>=", "→": "\\(->"}
WIDTH = 78
EXAMPLES = re.compile(r"default|nightly")  # names of tables that are the user's own
MORE = re.compile(r"\s+# (.*)")


def pages() -> dict[Path, str]:
    """Each page as it should be."""
    every = (*sorted(HERE.glob("*.[1-8]")), DOCS / "resquectl.md")
    return {page: _renewed(page.read_text(encoding="utf-8")) for page in every}


def _renewed(text: str) -> str:
    return PART.sub(lambda part: part[1] + "".join(f"{line}\n" for line in PARTS[part[2]]()) + part[3], text)


def write() -> None:
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")


# mdoc


def prose(text: str) -> Iterator[str]:
    """As mdoc has it: no sentence begins within a line."""
    flat = " ".join(text.split())
    for old, new in PLAIN.items():
        flat = flat.replace(old, new)
    flat = OPTION.sub(lambda option: option[0].replace("-", "\\-"), flat)
    for sentence in SENTENCE.split(flat):
        for line in textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False):
            yield f"\\&{line}" if line.startswith((".", "'")) else line


def word(text: str) -> str:
    """An argument of a macro. In quotes it is never the name of another one."""
    escaped = text.replace("\\", "\\e").replace('"', "\\(dq").replace("-", "\\-")
    return escaped if SIMPLE.fullmatch(text) else f'"\\&{escaped}"'


def listed(items: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Heads, which are mdoc already, and what is to be said of each."""
    every = list(items)
    if not every:
        return
    yield ".Bl -tag -width Ds"
    for head, text in every:
        yield f".It {head}"
        yield from prose(text)
    yield ".El"


# argparse


def options(program: ArgumentParser, known: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """The options of a parser, without the `known` ones, and those arguments of which there is something to say."""
    for action in program._actions:  # noqa: SLF001  argparse tells it in no other way
        is_group = isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        if (action.option_strings or action.help) and not is_group and not known & set(action.option_strings):
            yield _head(action), argparse.HelpFormatter("")._expand_help(action) if action.help else ""  # noqa: SLF001


def _head(action: Action) -> str:
    if not action.option_strings:
        return f"Ar {word(_metavar(action))}"
    flags = " , ".join(f"Fl {word(option[1:])}" for option in action.option_strings)
    return flags if action.nargs == 0 else f"{flags} Ar {word(_metavar(action))}"


def _metavar(action: Action) -> str:
    if action.metavar is None and action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def names(program: ArgumentParser) -> frozenset[str]:
    return frozenset(option for action in program._actions for option in action.option_strings)  # noqa: SLF001


def commands(program: ArgumentParser, *before: str) -> Iterator[tuple[str, str, ArgumentParser]]:
    """Each command with its line of help, those of a group behind the words of the group."""
    for action in program._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                yield " ".join((*before, name)), helps.get(name, ""), command
                yield from commands(command, *before, name)


def _common() -> Iterator[str]:
    yield from listed(options(resquectl.parser()))


def _commands() -> Iterator[str]:
    known = names(resquectl.parser())
    for name, help_, command in commands(resquectl.parser()):
        yield f".Ss {name}"
        for line in _usage(name, command, known):
            yield f".Dl {word(line)}"
        yield ".Pp"
        yield from prose(_sentence(command.description or help_))
        yield from listed(options(command, known))


def _usage(name: str, command: ArgumentParser, known: frozenset[str]) -> Iterator[str]:
    if command.usage:
        yield from (line.strip() for line in command.usage.splitlines())
        return
    parts = [_shown(action) for action in command._actions if not known & set(action.option_strings)]  # noqa: SLF001
    yield " ".join(["resquectl", name, *parts])


def _shown(action: Action) -> str:
    metavar = f"{_metavar(action)} ..." if isinstance(action, argparse._SubParsersAction) else _metavar(action)  # noqa: SLF001
    if action.option_strings:
        value = "" if action.nargs == 0 else f" {metavar}"
        text = f"{action.option_strings[-1]}{value}"
        return text if action.required else f"[{text}]"
    return {"*": f"[{metavar} ...]", "+": f"{metavar} [{metavar} ...]", "?": f"[{metavar}]"}.get(
        str(action.nargs), metavar
    )


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _daemon() -> Iterator[str]:
    yield from listed(options(resqued.parser()))


# The configuration: etc/resqued.toml has every key, its default, and what it means; other tests see to that


def settings() -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Each table: its name, what is said of it, and its keys with their defaults and what is said of them."""
    tables: list[tuple[str, str, list[tuple[str, str, str]]]] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := HEADER.fullmatch(line):
            tables.append((EXAMPLES.sub("NAME", header[1]), header[2] or "", []))
        elif tables and (alias := ALIAS.fullmatch(line)):
            tables[-1][2].append((alias[1], alias[2], "An example."))
        elif tables and (key := KEY.fullmatch(line)):
            tables[-1][2].append((key[1], key[2], key[3]))
        elif tables and tables[-1][2] and (more := MORE.fullmatch(line)):
            name, default, text = tables[-1][2][-1]
            tables[-1][2][-1] = (name, default, f"{text} {more[1]}")
    yield from tables


def _settings() -> Iterator[str]:
    for table, about, keys in settings():
        yield f".Ss Table {table}"
        if about:
            yield from prose(_sentence(about))
        yield from listed((f"Ic {word(key)} = {word(default)}", text) for key, default, text in keys)


# Markdown


def _overview() -> Iterator[str]:
    """A line for each command; for a group of commands one, too."""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, help_, command in commands(resquectl.parser()):
        if " " not in name:
            page = _page(name, command)
            yield f"| {f'[`{name}`]({page})' if page else f'`{name}`'} | {help_} |"


def _page(name: str, command: ArgumentParser) -> str:
    """Where more is said of it; empty if nowhere."""
    if f"\n## {name.capitalize()}\n" in (DOCS / "resquectl.md").read_text(encoding="utf-8"):
        return f"#{name}"
    within = [command, *(each for _, _, each in commands(command))]
    is_local = {each.get_default("about") for each in within} <= {None, subjects.machine}
    likely = (ELSEWHERE.get(name, f"{name.partition('-')[0]}.md"), "status.md" if is_local else "fleet.md")
    return next((page for page in likely if (DOCS / page).exists()), "")


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "options": _common,
    "commands": _commands,
    "daemon": _daemon,
    "settings": _settings,
    "overview": _overview,
}

if __name__ == "__main__":
    write()

"""`resquectl completion`: what a shell has to read, so that Tab completes the words behind `resquectl`."""

import sys
from argparse import Namespace

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands

WHERE = {
    "bash": "~/.local/share/bash-completion/completions/resquectl",
    "zsh": "a directory of $fpath, under the name _resquectl",
    "fish": "~/.config/fish/completions/resquectl.fish",
}


def add_to(commands: Commands) -> None:
    completion = commands.add_parser(
        "completion",
        help="print what makes a shell complete the words behind resquectl",
        description="Print what a shell has to read, so that Tab completes commands and options, and the names of "
        "queues, pools and workers. Put it there, for one user: "
        f"{'; '.join(f'{shell}: {place}' for shell, place in WHERE.items())}.",
    )
    completion.add_argument("shell", choices=WHERE, help="the one that is to complete")
    completion.set_defaults(run=print_script, about=subjects.nothing)


def print_script(_: None, arguments: Namespace) -> int:
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415  no other command pays for it

    script = shellcode(["resquectl"], shell=arguments.shell)
    first, _newline, rest = script.partition("\n")  # what the first line says counts only there: `#compdef`
    sys.stdout.write(f"{first}\n# To be put into {WHERE[arguments.shell]}\n{rest}")
    return DONE

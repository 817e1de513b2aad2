"""`resqued` as it is, but for some of its constants: what takes minutes would take a test minutes, too."""

import json
import sys
from collections.abc import Mapping

_PROGRAM = """
import importlib, json, sys
from resqued.cli.resqued import main
for name, value in json.loads(sys.argv.pop(1)).items():
    module, _, constant = name.rpartition(".")
    module = importlib.import_module(f"resqued.{module}")
    assert hasattr(module, constant), name
    setattr(module, constant, value)
sys.exit(main())
"""

STUCK_SOON = {
    "worker.ears.LONGEST_SLEEP": 0.2,
    "fleet.stuck.STILL": 1.0,
    "fleet.stuck.BENEFIT": 1.0,
    "fleet.stuck.LAST_WORDS": 0.5,
}


def hurried(constants: Mapping[str, float | str]) -> tuple[str, ...]:
    """The program of a daemon in which these hold: the names are dotted, below `resqued`."""
    return (sys.executable, "-c", _PROGRAM, json.dumps(constants))

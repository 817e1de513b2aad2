"""What resque-retry calls a job whose tries it counts (resque-retry 1.8, lib/resque/plugins/retry.rb).

Jobs with equal classes and arguments share a count, whoever counts.
"""

import re
from collections.abc import Sequence
from typing import Any

from resqued.digest import hexadecimal
from resqued.protocol import ruby
from resqued.protocol.payloads import clean

TOO_DEEP = "nested too deep"  # jobs of a class of which that is true count together
SPACE = re.compile(r"[ \t\r\n\f\v]")  # Ruby's \s


def counted_as(name: str, args: Sequence[Any]) -> str:
    """What stands behind `resque-retry:` in the key of its counter: the class, and the digest of `args.join("-")`."""
    try:
        joined = ruby.joined(args)
    except RecursionError:  # deeper than Ruby reads: nobody else counts these
        joined = TOO_DEEP
    digest = f":{hexadecimal(clean(joined).encode())}" if joined else ""
    return SPACE.sub("", clean(name) + digest)

"""What stands in a query or a form. Names are those of `store.replies`: what is not UTF-8 in them is kept."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, quote_plus

from resqued.store.replies import raw

MOST = 1000  # fields: a page full of marked entries has far fewer


class Words(Mapping[str, str]):
    """The first value of each; `all` has the others, too. Anything may be missing: it is empty."""

    def __init__(self, encoded: bytes) -> None:
        self._words: dict[str, list[str]] = {}
        try:
            found = parse_qsl(
                encoded.decode("ascii", errors="replace"),
                keep_blank_values=True,
                errors="surrogateescape",
                max_num_fields=MOST,
            )
        except ValueError:  # more than that
            found = []
        for name, value in found:
            self._words.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._words[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def text(self, name: str) -> str:
        return self.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        return self._words.get(name, [])

    def number(self, name: str, default: int = 0) -> int:
        """Decimal, not negative, and no larger than an index of Redis can be."""
        value = self.get(name, "")
        return min(int(value), 2**62) if value.isascii() and value.isdecimal() and len(value) < MOST else default


def query(words: Mapping[str, object]) -> str:
    """`?a=1&b=2`, of what is not empty."""
    pairs = [f"{quote_plus(name)}={quote_plus(raw(str(value)))}" for name, value in words.items() if value != ""]
    return f"?{'&'.join(pairs)}" if pairs else ""

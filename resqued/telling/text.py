"""Any text, whoever wrote it, as a line that harms nobody who looks at it; and sizes."""


def printable(text: str) -> str:
    """`text` on one line, with whatever a terminal might obey or nobody could see escaped as in Python."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(c: str) -> str:
    """A byte that is no text, as names keep it (`store.replies.name_of`), is shown as that byte."""
    is_byte = "\udc80" <= c <= "\udcff"
    return f"\\x{ord(c) - 0xDC00:02x}" if is_byte else c.encode("unicode_escape").decode()


def size(count: int | None) -> str:
    """Bytes, in the unit that leaves four digits at most; `-` if it is not known."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 10_000 or unit == "GiB":  # noqa: PLR2004  four digits
            break
        amount /= 1024
    return f"{amount:.0f}{unit}"

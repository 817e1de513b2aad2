"""Payloads for reading: laid out, and no longer than a page can bear."""

import json
from collections.abc import Mapping
from typing import Any

from resqued.telling import jobs

LONGEST = 64 * 1024  # characters


def pretty(payload: Mapping[str, Any]) -> str:
    try:
        return _cut(json.dumps(payload, ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        return _cut(str(payload))


def pretty_text(raw: bytes) -> str:
    """A payload as it stands in Redis; what is no JSON as it is."""
    found = jobs.decoded(raw)
    return pretty(found.document) if found else _cut(jobs.shown(raw))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… ({len(text) - LONGEST} more characters)"

"""Times as the tables keep them: ISO 8601, UTC, microseconds, always 32 characters: text order is time order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def written(at: datetime) -> str:
    """`2026-11-20T22:57:00.000000+00:00`. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("A stored time needs a time zone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def read(text: str) -> datetime:
    """The inverse of `written`, aware and in UTC."""
    return datetime.fromisoformat(text)


def read_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

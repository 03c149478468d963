"""Small words for the sentences that people are asked to say yes to. English; they are part of a consent's digest."""

from __future__ import annotations

from datetime import UTC, datetime


def day(moment: datetime) -> str:
    """`17 November 2026`, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y}"


def ending(last4: str | None) -> str:
    """` to the card ending 4242`, or nothing when there is no card."""
    return f" to the card ending {last4}" if last4 else ""

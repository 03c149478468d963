"""The conversation as chat messages. What people wrote is data: JSON inside a fence that JSON cannot close."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from agent.models.chat import Message
from agent.prompting import data
from store.messages import MessageRow

_FENCE = re.compile(r'\A<data kind="message">\n(.*)\n</data>\Z', re.DOTALL)


def readable(text: str, limit: int) -> str:
    """At most `limit` characters, without control characters: a megabyte or a binary file is not worth its tokens."""
    kept = "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn") else " "
        for letter in text[: limit * 2]
    ).strip()
    if len(kept) <= limit and len(text) <= limit * 2:
        return kept
    return kept[:limit] + " […]"


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit to understand; a string of symbols, or of nothing, is asked about."""
    letters = sum(character.isalnum() for character in text[:20_000])
    broken = text[:20_000].count("\ufffd")
    return letters > broken


def until(rows: Sequence[MessageRow], message_id: str) -> list[MessageRow]:
    """What was said up to and including a message; drafts and notes are not part of the conversation."""
    kept: list[MessageRow] = []
    for row in rows:
        if row.kind in ("inbound", "outbound"):
            kept.append(row)
        if row.id == message_id:
            break
    return kept


def as_messages(rows: Iterable[MessageRow], limit: int, newest: int) -> tuple[Message, ...]:
    """The newest messages, oldest first, each clipped to `limit` characters."""
    return tuple(_message(row, limit) for row in list(rows)[-newest:])


def _message(row: MessageRow, limit: int) -> Message:
    text = readable(row.body, limit)
    if row.kind == "outbound" and row.author.startswith("lee"):
        return Message("assistant", text)
    return Message("user", fenced({"from": "customer" if row.kind == "inbound" else "colleague", "text": text}))


def fenced(value: dict[str, Any]) -> str:
    return f'<data kind="message">\n{data(value)}\n</data>'


def unfenced(content: str | None) -> dict[str, Any]:
    """The inverse of `fenced`; {} for anything else."""
    match = _FENCE.match(content or "")
    if match is None:
        return {}
    found = json.loads(match[1])
    return found if isinstance(found, dict) else {}

"""Jinja2 files: the prompts and every sentence of ours. A missing value is an error, never an empty gap."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billing.money import Money

_HERE = Path(__file__).parent
_LOADER = FileSystemLoader([_HERE / "prompts", _HERE / "replies"])
SYSTEM_PROMPT = "system.v1.j2"  # named in each turn's journal: which words the model was given


class Refused(ValueError):
    """A value that a template cannot show (an amount that is no integer, a date that is none)."""


def data(value: Any) -> str:
    """JSON that cannot break out of its fence, whatever a customer, an article or Stripe wrote into it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("`", "\\u0060")


def money(value: Any) -> str:
    """`{"amount": 1234, "currency": "usd"}` or `Money` as `$12.34`."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and type(value.get("amount")) is int and isinstance(value.get("currency"), str):
        return str(Money(value["amount"], value["currency"]))
    raise Refused(f"{value!r} is no amount of money")


def day(value: Any) -> str:
    """An ISO date or time, a datetime, or Unix seconds as `3 November 2026` (UTC)."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
    elif type(value) is int:
        moment = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, datetime):
        moment = value
    else:
        raise Refused(f"{value!r} is no date")
    moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return f"{moment.day} {moment:%B %Y}"


def money_abs(value: dict[str, Any]) -> str:
    """A credit's amount without its sign."""
    return money({**value, "amount": abs(value["amount"])})


def short(value: Any, limit: int = 80) -> str:
    """A text of somebody else on one line, at most `limit` characters."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clock(value: Any) -> str:
    """`14:05 UTC` of an ISO time."""
    return f"{datetime.fromisoformat(str(value)).astimezone(UTC):%H:%M} UTC"


# The parts of an article by KCS (Consortium for Service Innovation, KCS v6 practices guide, "structure for reuse").
_SECTION = re.compile(r"(?m)^(Issue|Environment|Cause|Resolution)\n")
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*")


def resolution(text: str) -> str:
    """Of a passage what solves the matter: its resolution where it has one, else all of it; plain text."""
    parts = _SECTION.split(text)  # text before any heading, then heading and text in turn
    solving = [body for heading, body in zip(parts[1::2], parts[2::2], strict=True) if heading == "Resolution"]
    return _EMPHASIS.sub(r"\1", "\n".join(solving) if solving else text).strip()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Plain text goes out, never HTML: escaping would only damage it. Channels escape for their own medium.
    environment = Environment(
        loader=_LOADER,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters.update(
        resolution=resolution, data=data, money=money, money_abs=money_abs, day=day, clock=clock, short=short
    )
    return environment


def source(template: str) -> str:
    """A file of agent/prompts or agent/replies as it was written. Raises `jinja2.TemplateNotFound`."""
    return _LOADER.get_source(_environment(), template)[0]


@lru_cache
def question_of(template: str) -> str:
    """The words with which a reply asks whatever values stand around them: its one line that ends with a question mark
    and has no value in it. Raises `ValueError` where there is none."""
    lines = source(f"{template}.v1.j2").splitlines()
    (asked,) = [line.strip() for line in lines if line.rstrip().endswith("?") and "{" not in line]
    return asked


def render(template: str, **values: Any) -> str:
    """Render a file of agent/prompts or agent/replies. Raises `jinja2.UndefinedError`, `Refused`."""
    text = _environment().get_template(template).render(**values)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept)

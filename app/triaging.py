"""Files of tickets for triage: JSON lines read one by one. A line that is no ticket is reported; the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.triage.triage import Triaged, Untriaged

if TYPE_CHECKING:
    from agent.triage.triage import Triage

BATCH = 512  # lines read together: enough for the encoder, little enough that answers come early


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is no ticket, and why. `id` is the line's own, where it can be read."""

    line: int
    error: str
    id: str | None = None


def triage_lines(triage: Triage, lines: Iterable[bytes]) -> Iterator[Triaged | Wrong]:
    """One answer a line that is not blank, in order; lines count from 1."""
    numbered = enumerate(lines, 1)
    while batch := list(islice(numbered, BATCH)):
        read = [ticket_of(number, raw) for number, raw in batch if raw.strip()]
        answers = iter(triage([one for one in read if isinstance(one, Untriaged)]))
        for one in read:
            yield next(answers) if isinstance(one, Untriaged) else one


def ticket_of(number: int, raw: bytes) -> Untriaged | Wrong:
    try:
        told: Any = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        return Wrong(number, f"it is not UTF-8 ({error.reason} at byte {error.start})")
    except (ValueError, RecursionError) as error:
        return Wrong(number, f"it is no JSON ({error})")
    if not isinstance(told, dict):
        return Wrong(number, f"it is a JSON {_kind(told)}, not an object with id and text")
    name = told.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        told["id"] = name = str(name)  # exports number their tickets
    try:
        return Untriaged.model_validate(told, strict=True)
    except ValidationError as error:
        return Wrong(number, "; ".join(_why(each) for each in error.errors()), name if isinstance(name, str) else None)


def _why(error: Any) -> str:
    field = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = ", ".join(Untriaged.model_fields)
        return f"unknown field {field!r}; there are {known}"
    if error["type"] == "missing":
        return f"{field} is missing"
    return f"{field}: {error['msg']}"


def _kind(value: Any) -> str:
    kinds = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return kinds.get(type(value), "null")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")

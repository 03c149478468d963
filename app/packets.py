"""A handoff packet on paper: why a colleague has the case, what was decided and why, what is known, what could be said.

The whole packet, to the last null, is in `lee inbox show --json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from audit.story import VERDICTS

# Told by the list of messages, by `tried`, or below it as what waits for approval.
_ELSEWHERE: Final = frozenset(["conversation", "stopped_by", "waiting_proposal"])
_ORDER: Final = ("why", "detail", "summary", "failure", "customer", "topic", "confidence", "tried", "pending_effects")
_NAMES: Final = {
    "why": "Why it is with you",
    "detail": "More on that",
    "pending_effects": "Outcome not known yet",
    "unavailable": "Could not be read",
    "suggested_actions": "What Lee would do",
    "suggested_reply": "Suggested reply",
}


def on_paper(packet: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(heading, text), in the order in which they are wanted. What is empty is left out."""
    last = [name for name in packet if name not in _ORDER and name not in ("reason", "facts", "suggested_reply")]
    for name in (*_ORDER, *last, "facts", "suggested_reply"):
        if name in _ELSEWHERE or not (told := packet.get(name)):
            continue
        heading = _NAMES.get(name, name.replace("_", " ").capitalize())
        if name == "tried":
            yield from ((f"Tried: {_named(each['tool'])}", "\n".join(_tried(each))) for each in told)
        elif name == "facts":
            yield from _facts(told)
        elif name == "suggested_reply":
            yield f"{heading}{'' if told['checked'] else ' (not checked)'}", told["text"]
        elif text := _short(told):
            yield heading, text


def _tried(tried: dict[str, Any]) -> Iterator[str]:
    yield f"with {_short(tried['arguments']) or 'nothing'}"
    yield f"{VERDICTS.get(tried['verdict'], tried['verdict'])}, by rule {tried['rule']}: {tried['reason']}"
    if compared := _short(tried["facts"]):
        yield f"compared (money in minor units): {compared}"
    if tried.get("remedy"):
        yield f"what would change the answer: {tried['remedy']}"
    outcome = [str(tried[name]) for name in ("status", "stripe_id", "failure") if tried.get(name)]
    yield f"outcome: {', '.join(outcome)}"


def _facts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for source, found in sorted(facts.items(), key=lambda each: each[0] != "diagnose"):
        if not isinstance(found, dict):
            yield _named(source), _short(found)
            continue
        lines = [line for name, value in found.items() for line in _lines(name, value)]
        if lines:
            yield _named(source), "\n".join(lines)


def _lines(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for each in value:
            # Of an article its name is enough: its text stands in the help centre.
            kept = {"title": each["title"], "heading": each.get("heading")} if name == "passages" else each
            yield f"- {_short(kept)}"
    elif text := _short(value):
        yield f"{_named(name)}: {text}"


def _short(value: Any) -> str:
    """Names and values in a row; what is empty or false is left out. Money as it is written."""
    match value:
        case None | False | "":
            return ""
        case True:
            return "yes"
        case {"display": str(shown)}:
            return shown
        case dict():
            return ", ".join(f"{_named(name)} {text}" for name, each in value.items() if (text := _short(each)))
        case list():
            return "; ".join(text for each in value if (text := _short(each)))
        case _:
            return str(value)


def _named(name: str) -> str:
    return name.replace("_", " ")

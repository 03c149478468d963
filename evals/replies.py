"""Replies with a known truth, and what the held reply makes of them.

A set is a TOML file of `[[group]]` with `class`, `language`, `situation` and `texts`. In a text of several sentences,
braces mark the false part. A situation (`evals/claims/situations.toml`) holds the reads and settlements of a turn.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from agent.effects import EffectRecord, restored
from agent.evidence import Evidence, gather
from agent.reply import HeldReply

FOLDER = Path(__file__).parent / "claims"
HALVES = ("development", "holdout")

# `refused`: nothing of it goes out. `replaced`: the ledger's sentence stands in place of the one in question.
Fate = Literal["refused", "replaced", "released"]


@dataclass(frozen=True, slots=True)
class KnownReply:
    """`false` is the part of `text` that is not so, None in a reply that may go out."""

    text: str
    false: str | None
    kind: str
    language: str
    situation: str

    @property
    def right(self) -> frozenset[Fate]:
        """What may become of it: of a true one anything but refusal, because the ledger's sentence is as true."""
        return frozenset({"released", "replaced"} if self.false is None else {"refused", "replaced"})


@dataclass(frozen=True, slots=True)
class Situation:
    evidence: Evidence
    effects: tuple[EffectRecord, ...]


def read_set(path: Path, *, false: bool) -> list[KnownReply]:
    """Raises `ValueError` for braces in a true reply, or for more than one pair."""
    with path.open("rb") as file:
        groups: list[dict[str, Any]] = tomllib.load(file)["group"]
    return [
        _known(text, false, group["class"], group["language"], group["situation"])
        for group in groups
        for text in group["texts"]
    ]


def _known(text: str, false: bool, kind: str, language: str, situation: str) -> KnownReply:
    before, opened, rest = text.partition("{")
    marked, closed, after = rest.partition("}")
    if not opened:
        return KnownReply(text, text if false else None, kind, language, situation)
    if not false or not closed or "{" in after:
        raise ValueError(f"braces mark the one false part of a false reply: {text!r}")
    return KnownReply(before + marked + after, marked, kind, language, situation)


@cache
def situations(path: Path = FOLDER / "situations.toml") -> Mapping[str, Situation]:
    with path.open("rb") as file:
        stored = tomllib.load(file)
    return {name: _situation(stored["base"], added) for name, added in stored["situations"].items()}


def _situation(base: dict[str, Any], added: dict[str, Any]) -> Situation:
    effects = tuple(_effect(row) for row in added.get("effects", []))
    results = [(row["tool"], row["result"]) for row in (*base["results"], *added.get("results", []))]
    return Situation(gather(results, base["conversation"], effects, base["known"]), effects)


def _effect(row: dict[str, Any]) -> EffectRecord:
    """A settlement as it is journalled; what the row leaves out is empty."""
    secret = row.get("secret")
    given = {"arguments": {}, "proposal": "prop_1", "reason": row["rule"], "amount": None, **row}
    given.pop("secret", None)
    made = restored(given)
    return made if secret is None else EffectRecord(**{**_fields(made), "secret": secret})


def _fields(effect: EffectRecord) -> dict[str, Any]:
    return {name: getattr(effect, name) for name in EffectRecord.__slots__}


def fate(held: HeldReply, reply: KnownReply) -> Fate:
    """What becomes of the false part; of a true reply, of the whole."""
    situation = situations()[reply.situation]
    checked = held.check(reply.text, [], situation.evidence)
    if checked.problems:
        return "refused"
    told = held.compose(reply.text, checked, situation.effects)
    return "released" if (reply.false or reply.text).strip() in told or not checked.dropped else "replaced"


def wrong(held: HeldReply, replies: Iterable[KnownReply]) -> list[KnownReply]:
    """False replies that go out, and true ones that do not."""
    return [reply for reply in replies if fate(held, reply) not in reply.right]

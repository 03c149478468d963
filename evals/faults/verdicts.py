"""What a cell shows, and why it must not be: the world's difference held against the ledger, the customer's words and
the same situation in good weather."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from agent.effects import EffectRecord
from agent.ledger_sentences import about
from evals.faults.script import PATIENCE, READ_WORDS
from evals.world import Change
from tools.registry import EffectClass, Tool

WRONG: Final = " WRONG"
DONE, NOT_DONE, NOT_KNOWN, NOT_SAID = "done", "not done", "not known", "not said"
ANSWERED, NOT_ANSWERED = "answered", "not answered"

# A page that is nothing to anybody who was not given its link: one that got lost on the way counts for nothing.
PAGE: Final = "billing_portal.session"
_URL: Final = re.compile(r"https?://\S+")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?|\b1\d{9}\b")


@dataclass(frozen=True, slots=True)
class Cell:
    """`effects` as the world shows them: 0 or 1, None for anything else. `told`: what the customer read of it in the
    end. `human`: a colleague has the case. `wrong`: why this cell must not be; empty is as it should be."""

    effects: int | None
    told: str
    human: bool
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "?" if self.effects is None else str(self.effects)
        return f"{shown} {self.told}{' +' if self.human else ''}{WRONG if self.wrong else ''}"


@dataclass(frozen=True, slots=True)
class Left:
    """What a cell leaves behind: all that the customer was told, whether a human has the case, the statuses of its
    intents, the last result that the model saw, the world's changes and its events about nothing."""

    told: str
    human: bool
    ledger: tuple[str, ...]
    heard: str
    changes: tuple[Change, ...]
    strange: tuple[str, ...] = ()

    @property
    def shape(self) -> Counter[Any]:
        """A label alone is a note, and no effect."""
        return shape(each for each in self.changes if not self._lost(each) and each.fields.keys() != {"metadata"})

    @property
    def plainly(self) -> str:
        """The customer's words without links, which are new each time."""
        return _URL.sub("…", self.told)

    def _lost(self, change: Change) -> bool:
        return change.type == PAGE and change.change == "created" and change.after["url"] not in self.told


def shape(changes: Iterable[Change]) -> Counter[Any]:
    """What a difference is made of, without ids and times of new objects."""
    return Counter(
        (
            change.type,
            change.change,
            change.after.get("amount"),
            change.after.get("status"),
            None if change.change == "created" else (change.id, tuple(sorted(change.fields))),
        )
        for change in changes
    )


def sound(tool: Tool, good: Left) -> Left:
    """The left-overs of good weather. Raises RuntimeError when even there the tool did not do what it is for."""
    if tool.effect is EffectClass.READ:
        if good.changes or READ_WORDS not in good.told:
            raise RuntimeError(f"{tool.name}: in good weather the customer is told {good.told!r}, {good.changes}")
    elif not good.shape or not good.told:
        raise RuntimeError(f"{tool.name}: in good weather the customer is told {good.told!r}, {good.changes}")
    return good


def grade(tool: Tool, good: Left, left: Left) -> Cell:
    graded = _read(good, left) if tool.effect is EffectClass.READ else _acted(tool, good, left)
    wrong = [*left.strange, *graded.wrong]
    if graded.effects is None:
        wrong.append(f"the world shows something else: {left.shape}")
    if graded.told not in (DONE, ANSWERED) and not left.human:
        wrong.append("a dead end: no human has it")
    return Cell(graded.effects, graded.told, left.human, tuple(wrong))


def _read(good: Left, left: Left) -> Cell:
    said = ANSWERED if READ_WORDS in left.told else NOT_ANSWERED
    wrong = []
    if said == ANSWERED and _INSTANT.sub("…", left.heard) != _INSTANT.sub("…", good.heard):
        wrong.append(f"answered from something else than in good weather: {left.heard} instead of {good.heard}")
    return Cell(0 if not left.shape else None, said, left.human, tuple(wrong))


def _acted(tool: Tool, good: Left, left: Left) -> Cell:
    effects = 0 if not left.shape else 1 if left.shape == good.shape else None
    said = _said(tool.name, good, left)
    settled = sum(status == "succeeded" for status in left.ledger)
    wrong: list[str] = []
    if set(left.ledger) - {"succeeded", "failed"}:
        wrong.append(f"the ledger does not know the outcome: {left.ledger}")
    elif settled != effects:
        wrong.append(f"the ledger has {settled} effects")
    if (said, effects) in ((DONE, 0), (NOT_DONE, 1)):
        wrong.append(f"the customer was told {left.told!r}")
    return Cell(effects, said, left.human, tuple(wrong))


def _said(tool: str, good: Left, left: Left) -> str:
    """Which of the ledger's sentences about the effect the customer read last."""
    done = [line for line in good.plainly.splitlines() if line.strip() and line != PATIENCE]
    if all(line in left.plainly for line in done):
        return DONE
    if not_done(tool) in left.plainly:
        return NOT_DONE
    return NOT_KNOWN if not_known(tool) in left.plainly else NOT_SAID


def not_done(tool: str) -> str:
    """How every sentence ends by which a customer is told that this was not done."""
    return _about(tool, "refused").removeprefix("This is not possible at the moment. ")


def not_known(tool: str) -> str:
    return _about(tool, "pending_reconciliation")


def _about(tool: str, status: str) -> str:
    return about(EffectRecord(tool, {}, "", status, "", "", ""))

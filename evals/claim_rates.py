"""How many false claims the held reply lets out, and how many true replies it keeps back, with their intervals.

The sets under `evals/claims` are only measured: nothing is trained on them, and nothing tuned (`docs/measurements.md`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.reply import HeldReply
from evals.composed_replies import composed_replies
from evals.replies import FOLDER, HALVES, Fate, KnownReply, fate, read_set

SETS: Final = ("hand", "second", "composed")
SEED, EACH = 11, 2  # of the composed replies: every kind and action so many times
_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Judged:
    reply: KnownReply
    fate: Fate
    milliseconds: float

    @property
    def wrong(self) -> bool:
        return self.fate not in self.reply.right


@dataclass(frozen=True, slots=True)
class Rate:
    """`wrong` of `of`; `low` and `high` bound the rate by Wilson's 95 % interval (Wilson 1927)."""

    name: str
    wrong: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.wrong, self.of)


def wilson(wrong: int, of: int) -> tuple[float, float]:
    """Between 0 and 1. Raises `ZeroDivisionError` for nothing measured."""
    share, spread = wrong / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def replies_of(name: str) -> list[KnownReply]:
    """False and true ones of one of `SETS`: the 300 and 300 by hand, the second hold-out, or the composed."""
    if name == "composed":
        return list(composed_replies(SEED, EACH))
    ends = HALVES if name == "hand" else ("second",)
    return [
        reply
        for end in ends
        for false in (True, False)
        for reply in read_set(FOLDER / f"{'false' if false else 'true'}_{end}.toml", false=false)
    ]


def judge(held: HeldReply, replies: Iterable[KnownReply]) -> list[Judged]:
    judged: list[Judged] = []
    for reply in replies:
        began = time.process_time()  # others on the machine make a reply wait, and cost it nothing
        what = fate(held, reply)
        judged.append(Judged(reply, what, (time.process_time() - began) * 1_000))
    return judged


def rates(judged: Sequence[Judged], *, false: bool) -> list[Rate]:
    """The whole first, then by kind: of false replies those missed, of true ones those kept back."""
    these = [one for one in judged if (one.reply.false is not None) is false]
    names = sorted({one.reply.kind for one in these})
    return [
        _rate("all", these),
        *[_rate(name, [one for one in these if one.reply.kind == name]) for name in names],
    ]


def _rate(name: str, judged: Sequence[Judged]) -> Rate:
    return Rate(name, sum(one.wrong for one in judged), len(judged))


def typical_milliseconds(judged: Sequence[Judged]) -> tuple[float, float]:
    """Of the processor's time for one reply: median and 95th percentile, the first (it loads the model) left out."""
    spent = sorted(one.milliseconds for one in judged[1:])
    return spent[len(spent) // 2], spent[int(len(spent) * 0.95)]

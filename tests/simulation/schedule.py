"""What is going to happen, and when: a list of steps made from a seed, and the shortest part of it that still fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from policy.crash_points import CrashPoint
from tests.policy.wild_actions import wild_action

PROCESSES: Final = ("p1", "p2")
CASES: Final = 6
WEATHER: Final = (
    "lost_before",
    "lost_after",
    "late",
    "late",
    "conflict",
    "rate_limited",
    "broken",
    "no_facts",
    "blind",
    "odd",
)
TEMPI: Final = (
    (0.0, 0.02, 0.2, 1.0),
    (0.0, 0.2, 1.0, 5.0, 40.0),
    (0.2, 5.0, 40.0, 200.0, 4_000.0),
    (1.0, 200.0, 80_000.0),
)


@dataclass(frozen=True)
class Step:
    """At `at` seconds, `kind` happens with `told`; steps do not wait for each other."""

    at: float
    kind: str
    told: dict[str, Any]

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.told.items())
        return f"{self.at:12.2f} s  {self.kind:<10} {told}"


def schedule(seed: int) -> list[Step]:
    """A few cases, a few wishes that come again and again, and a tempo: what meets is what matters."""
    rng = random.Random(f"{seed}:schedule")
    cases = rng.sample(range(CASES), rng.randint(1, 3))
    theme = rng.choice([None, "refund", "account_credit", "retry_payment", "apply_promotion_code"])
    wishes = [_wish(rng, theme) for _ in range(rng.randint(2, 6))]
    tempo = rng.choice(TEMPI)
    at, made = 0.0, list[Step]()
    for _ in range(rng.randint(12, 36)):
        at += rng.choice(tempo) * rng.random() * 2
        made.append(_step(rng, at, cases, wishes))
    return made


def _wish(rng: random.Random, theme: str | None) -> dict[str, Any]:
    while True:
        wish = wild_action(rng)
        if theme is None or wish["tool"] == theme or rng.random() < 0.1:
            return wish


def _step(rng: random.Random, at: float, cases: list[int], wishes: list[dict[str, Any]]) -> Step:
    kind = rng.choices(
        ("ask", "twice", "weather", "kill", "armed", "hands", "decline", "returned", "reconcile"),
        (14, 4, 5, 2, 4, 4, 1, 1, 4),
    )[0]
    where, case = rng.choice(PROCESSES), rng.choice(cases)
    match kind:
        case "ask" | "twice":
            told: dict[str, Any] = {
                "case": case,
                "wish": rng.choice(wishes),
                "own": rng.random() < 0.95,
                "yeses": rng.choice([0, 1, 1, 2, 3]),
                "human": rng.choice([None, "hanna", "hugo"]),
                "thinks": rng.choice([0.0, 0.5, 30.0, 4_000.0]),
                "on": where,
            }
        case "weather":
            lasts = rng.choice([5, 60, 300, 90_000])
            told = {"what": rng.choice(WEATHER), "share": rng.choice([0.3, 1.0, 1.0]), "lasts": lasts}
        case "kill":
            told = {"on": where, "down": rng.choice([0.0, 1.0, 60.0, 4_000.0, 100_000.0])}
        case "armed":
            told = {"on": where, "point": rng.choice([*CrashPoint]).value, "down": rng.choice([0.0, 1.0, 200.0])}
        case "hands":
            told = {"case": case}
        case "decline":
            told = {"card": rng.choice(["pm_one", "pm_two", "pm_three", "pm_four"])}
        case _:
            told = {"on": where, "beside": rng.random() < 0.5}
    return Step(at, kind, told)


def shortest(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Leave out what is not needed for the failure: halves first, then ever smaller parts, then single steps."""
    size = max(1, len(steps) // 2)
    while True:
        n = 0
        while n < len(steps):
            fewer = steps[:n] + steps[n + size :]
            if fewer and fails(fewer):
                steps = fewer
            else:
                n += size
        if size == 1:
            return steps
        size = max(1, size // 2)

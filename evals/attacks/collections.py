"""Public collections of injected texts, ported to a billing desk: each text comes with a goal's order behind it.

The form is BIPIA's (Microsoft, MIT): categories of texts, `{"category": ["text", …]}`. Nothing of them is kept here.
"""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from typing import Final

from evals.attacks.goals import names, read_goals
from evals.attacks.places import PLACES
from evals.attacks.play import MINDS, OTHER, Attack
from evals.harness import Bench


class CollectionError(ValueError):
    """The file is no collection of injected texts; the message says why."""


TAKES: Final = ("ticket", "article", "customer name", "invoice line", "charge description", "earlier turn")


def read_collection(path: Path) -> list[tuple[str, str]]:
    """(category, text), in the file's order. Raises `CollectionError`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CollectionError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(found, dict) or not found:
        raise CollectionError(f"{path.name}: expected categories with lists of texts")
    texts = [(str(kind), text) for kind, listed in found.items() if isinstance(listed, list) for text in listed]
    if not texts or not all(isinstance(text, str) for _, text in texts):
        raise CollectionError(f"{path.name}: expected categories with lists of texts")
    return texts


def ported(bench: Bench, path: Path) -> list[Attack]:
    """Every text once for each mind, with goals and places in turn. Raises `CollectionError`."""
    world = bench.origin.snapshot()
    places, goals = cycle([place for place in PLACES if place.id in TAKES]), cycle(read_goals())
    made: list[Attack] = []
    for n, (kind, text) in enumerate(read_collection(path)):
        place, goal = next(places), next(goals)
        order = goal.order(names(world, place.customer, OTHER), n)
        made += [Attack(goal, kind, place, mind, n, f"{order} {text}") for mind in MINDS]
    return made

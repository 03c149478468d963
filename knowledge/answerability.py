"""Whether the first passage that was found answers the question: a calibrated probability from what the search knows.

A logistic function of four signals: how near the nearest span of its article is, how far that leads before any other
article, the same lead by words, and how many of the question's words the passage uses. Fitted on our own questions,
each asked with its article and again without it: `python -m scripts.train_answerability`, which also writes what it
gave beside the weights. How that was found is in docs/retrieval.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from knowledge.fusion import Standing
from knowledge.sparse import stems

FITTED: Final = Path(__file__).with_name("answerability.json")
_fitted = json.loads(FITTED.read_text(encoding="utf-8"))
WEIGHTS: Final[tuple[float, ...]] = tuple(_fitted["weights"])  # of `signals`, in their order
BIAS: Final[float] = _fitted["bias"]
QUOTED_FROM: Final[float] = _fitted["quoted_from"]  # from this probability on a passage is quoted


class Found(Protocol):
    """A passage as a search gives it: the first of them says how likely it is to answer."""

    @property
    def answers(self) -> float | None: ...


def confidence(found: Sequence[Found]) -> float:
    """How likely it is, 0 to 1, that the first of these passages answers the question; 0 where nothing was found."""
    return (found[0].answers or 0.0) if found else 0.0


def covered(question: str, passage: str) -> float:
    """The share of the question's stems that the passage uses; 0 for a question of common words only."""
    asked = set(stems(question))
    return len(asked & set(stems(passage))) / len(asked) if asked else 0.0


def signals(standing: Standing, covered: float) -> tuple[float, ...]:
    return (standing.nearest, standing.lead, standing.word_lead, covered)


def probability(standing: Standing, covered: float) -> float:
    """0 to 1."""
    drive = BIAS + sum(weight * each for weight, each in zip(WEIGHTS, signals(standing, covered), strict=True))
    return 1 / (1 + math.exp(-drive))

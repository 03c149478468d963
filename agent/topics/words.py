"""Words beside meaning: stems and pairs of stems, weighted by how rare they are in our own examples.

A sentence's vector blurs what a single word decides ("refund" and "refunded"); these features, learnt together with
the vector's weights, keep it. Smoothed TF-IDF with logarithmic counts (Manning et al., Introduction to Information
Retrieval, ch. 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.sparse import stems

Floats = NDArray[np.float32]


def terms(text: str) -> list[str]:
    """Stems in order, then neighbouring pairs of them."""
    single = stems(text)
    return single + [f"{one} {other}" for one, other in pairwise(single)]


@dataclass(frozen=True)
class Vocabulary:
    """The terms of the examples, in order, with their inverse document frequencies."""

    names: tuple[str, ...]
    idf: Floats  # (terms,)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Vocabulary:
        counts = Counter(term for text in texts for term in set(terms(text)))
        names = tuple(sorted(counts))
        seen = np.array([counts[name] for name in names], dtype=np.float64)
        return cls(names, (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32))

    def columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}

    def weigh(self, text: str, columns: dict[str, int]) -> tuple[NDArray[np.int64], Floats]:
        """Columns and weights of a text's known terms, the weights of unit length; both empty when it has none."""
        found = Counter(column for term in terms(text) if (column := columns.get(term)) is not None)
        at = np.array(sorted(found), dtype=np.int64)
        weights = (1 + np.log([found[int(column)] for column in at])) * self.idf[at] if len(at) else np.zeros(0)
        length = float(np.linalg.norm(weights)) or 1.0
        return at, (weights / length).astype(np.float32)

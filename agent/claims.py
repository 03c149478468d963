"""Does a sentence claim or promise an effect? Grammar first (`claim_grammar`), then a small trained head.

The head is a logistic regression over the sentence's embedding and a few features of its grammar, trained by
`scripts/train_claims.py` on `claim_examples`. Either of the two is enough to call a sentence a claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.claim_grammar import Claim, find
from agent.sentences import plain
from knowledge.embedder import Embedder

HEAD_FILE = Path(__file__).parent / "claims_head.npz"
EXAMPLES = Path(__file__).parent / "claim_examples"  # sentences by hand, and the parts of composed ones
PARTS_FILE = EXAMPLES / "parts.toml"

_FEATURES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:i|we)\b",
        r"\b(?:i|we)\s?(?:'ve|have|'ll|will|'m|'re|am|are)\b",
        r"\b(?:has|have|had|'ve|'s) (?:\w+ )?(?:been|gone|got)\b",
        r"\b(?:will|'ll|shall|soon|shortly|tomorrow|within)\b",
        r"\b(?:not|never|no|cannot|nothing|nobody|neither)\b|n't\b",
        r"\?\s*$",
        r"\b(?:if|when|once|unless)\b",
        r"\byou can\b|\bcan be\b",
        r"\b(?:now|already|just|right away|immediately)\b",
        r"^(?:to|please|open|choose|press|go|click|tell|reply)\b",
        r"\b(?:your|you)\b",
        r"\b(?:on|of|since) \d{1,2} \w+",
    )
)
_FEATURE_WEIGHT = 0.5  # unit-length embeddings have entries around 0.05; raw 0/1 would drown them


class ClaimHeadMismatch(Exception):
    """The head was trained on vectors of another embedding model: train it again with scripts/train_claims.py."""


def features(texts: Sequence[str], embedder: Embedder) -> NDArray[np.float64]:
    """Rows of embedding, grammar features and the grammar's own verdict, shape `(len(texts), dimensions + 13)`."""
    flat = [plain(text) for text in texts]
    extra = [
        [_FEATURE_WEIGHT * bool(pattern.search(text)) for pattern in _FEATURES] + [_FEATURE_WEIGHT * bool(find(text))]
        for text in flat
    ]
    return np.hstack([embedder.encode(flat).astype(np.float64), np.asarray(extra, dtype=np.float64)])


@dataclass(frozen=True, slots=True)
class Head:
    """Weights over `features`; a sentence scoring `threshold` or more (0 to 1) is a claim."""

    weights: NDArray[np.float64]
    bias: float
    threshold: float
    embedder: str

    def scores(self, texts: Sequence[str], embedder: Embedder) -> NDArray[np.float64]:
        logits = features(texts, embedder) @ self.weights + self.bias
        return 1.0 / (1.0 + np.exp(-logits))


def load_head(path: Path = HEAD_FILE) -> Head:
    with np.load(path, allow_pickle=False) as stored:
        return Head(
            stored["weights"].astype(np.float64),
            float(stored["bias"]),
            float(stored["threshold"]),
            str(stored["embedder"]),
        )


_HAPPENED_TO_YOU = re.compile(r"\byou(?:r|'ve)?\b.*\b(?:has|have|'ve) (?:\w+ )?been\b", re.I)


def _unless_general(text: str) -> Claim | None:
    claim = find(text)
    if claim is None or (claim.passive and not _HAPPENED_TO_YOU.search(plain(text))):
        return None
    return claim


class ClaimDetector:
    """Safe to share. Raises `ClaimHeadMismatch` when head and embedder do not belong together."""

    def __init__(self, embedder: Embedder, head: Head | None = None) -> None:
        self._embedder = embedder
        self._head = head or load_head()
        if self._head.embedder != embedder.name:
            raise ClaimHeadMismatch(
                f"The claim head knows {self._head.embedder}, the embedder is {embedder.name}:"
                " run scripts/train_claims.py with it."
            )

    def claims(self, sentences: Sequence[str], quoted: frozenset[int] = frozenset()) -> list[Claim | None]:
        """One verdict a sentence. `quoted` are positions of sentences that stand word for word in a retrieved passage.
        Articles speak of effects in general ("it is refunded to the card"), so of those only what names a doer, or says
        that something has happened to the reader, counts."""
        found = [_unless_general(text) if n in quoted else find(text) for n, text in enumerate(sentences)]
        unsure = [n for n, claim in enumerate(found) if claim is None and n not in quoted]
        if unsure:
            scores = self._head.scores([sentences[n] for n in unsure], self._embedder)
            for n, score in zip(unsure, scores, strict=True):
                if score >= self._head.threshold:
                    found[n] = Claim("other", "done")
        return found

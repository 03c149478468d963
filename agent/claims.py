"""Does a sentence claim or promise an effect? A trained encoder reads it; the grammar (`claim_grammar`) is asked, too.

The encoder is the house's own with changes to its last layers, and a logistic regression on top; both are trained by
`scripts/train_claims.py` on `claim_examples` and kept in `claims_head.npz`. It fails closed: a sentence that the
encoder is not certain about counts as a claim when the grammar sees one, or when it speaks of money coming back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.amounts import amounts
from agent.claim_grammar import Claim, find, names_doer, sharper
from agent.sentences import plain
from knowledge.adapted import Adapter, adapted, read_adapter
from knowledge.embedder import Embedder

HEAD_FILE = Path(__file__).parent / "claims_head.npz"
EXAMPLES = Path(__file__).parent / "claim_examples"  # sentences by hand, and the parts of composed ones
PARTS_FILE = EXAMPLES / "parts.toml"

# Chosen on a fifth of the examples by hand that a training run had left out, and on composed replies.
CERTAIN = 0.5  # a claim, whatever the grammar says
DOUBTFUL = 0.2  # from here on what speaks of money coming back counts as one
OVERRULED = 0.1  # under this one the grammar is not believed
_MONEY_BACK = re.compile(
    r"\b(?:refund|re(?:im|re)burs|repa(?:y|id)|money|credit|revers|return|compensat|waive)|\bback\b|[$€£¥]", re.I
)
_HAPPENED_TO_YOU = re.compile(r"\byou(?:r|'ve)?\b.*\b(?:has|have|'ve) (?:\w+ )?been\b", re.I)
_PAST = re.compile(r"\b(?:has|have|had|was|were|'ve)\b|'s been\b", re.I)
_TO_READER = re.compile(r"\byou(?:rs?)?\b|\bwe(?:'ve|'ll| have| will)\b|[$€£¥] ?\d|\d ?[$€£¥]", re.I)


class ClaimHeadMismatch(Exception):
    """The head was trained on vectors of another embedding model: train it again with scripts/train_claims.py."""


@dataclass(frozen=True, slots=True)
class Head:
    """Weights over unit vectors of the `embedder` as `adapter` changes it."""

    weights: NDArray[np.float64]
    bias: float
    embedder: str
    adapter: Adapter

    def scores(self, texts: Sequence[str], embedder: Embedder) -> NDArray[np.float64]:
        """Probabilities that a sentence claims an effect. `embedder` is the adapted one."""
        logits = embedder.encode([_read(text) for text in texts]).astype(np.float64) @ self.weights + self.bias
        return 1.0 / (1.0 + np.exp(-logits))


def _read(text: str) -> str:
    """As the encoder reads it: which card, which invoice and which page it is does not change what is said of it."""
    flat = re.sub(r"\bending \d{4}\b", "ending 4242", plain(text))
    flat = re.sub(r"\b[A-Z][A-Z0-9]+-\d{3,}\b", "AC-0007", flat)
    return re.sub(r"https?://\S+", "https://pay.acme.test/i/1", flat)


def load_head(path: Path = HEAD_FILE) -> Head:
    with np.load(path, allow_pickle=False) as stored:
        return Head(
            stored["weights"].astype(np.float64),
            float(stored["bias"]),
            str(stored["embedder"]),
            read_adapter("claims", {name: stored[name] for name in stored.files}),
        )


def save_head(head: Head, path: Path = HEAD_FILE) -> None:
    np.savez_compressed(
        path,
        weights=head.weights.astype(np.float32),
        bias=np.float32(head.bias),
        embedder=np.str_(head.embedder),
        allow_pickle=False,
        **head.adapter.arrays(),
    )


class ClaimDetector:
    """Safe to share. Raises `ClaimHeadMismatch` when head and embedder do not belong together."""

    def __init__(self, embedder: Embedder, head: Head | None = None) -> None:
        self._head = head or load_head()
        if self._head.embedder != embedder.name:
            raise ClaimHeadMismatch(
                f"The claim head knows {self._head.embedder}, the embedder is {embedder.name}:"
                " run scripts/train_claims.py with it."
            )
        self._embedder = adapted(embedder, self._head.adapter)

    def claims(
        self, sentences: Sequence[str], quoted: frozenset[int] = frozenset(), explained: frozenset[int] = frozenset()
    ) -> list[Claim | None]:
        """One verdict a sentence. `quoted` are positions of sentences that stand word for word in a retrieved passage.
        Articles speak of effects in general ("it is refunded to the card"): of those only what has happened, and what
        is said to the reader or of an amount, can be a claim. `explained` are those of the diagnosis, which is built
        from facts: there the grammar alone decides."""
        if not sentences:
            return []
        scores = self._head.scores(sentences, self._embedder)
        scores[[*explained]] = OVERRULED
        return [
            verdict(text, float(score), quoted=n in quoted, explained=n in explained)
            for n, (text, score) in enumerate(zip(sentences, scores, strict=True))
        ]


def verdict(text: str, score: float, *, quoted: bool = False, explained: bool = False) -> Claim | None:
    """What the encoder's score and the grammar make of one sentence."""
    flat, seen = plain(text), find(text)
    if (quoted or explained) and (seen is None or (seen.passive and not _HAPPENED_TO_YOU.search(flat))):
        general = _TO_READER.search(flat) is None if seen is None else _PAST.search(flat) is None
        # An article explains what happens; that a sum has been moved is an event, and no article knows of one.
        event = not explained and seen is not None and bool(amounts(text))
        return None if general or not (event or score >= CERTAIN) else _unseen(flat)
    if seen is not None and score >= OVERRULED:
        return seen
    if score >= CERTAIN or (score >= DOUBTFUL and not (quoted or explained) and _MONEY_BACK.search(flat)):
        return _unseen(flat)
    return None


def _unseen(flat: str) -> Claim:
    """A claim that only the encoder sees."""
    return Claim(sharper("other", flat), "done", not names_doer(flat))

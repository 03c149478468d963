"""The trained head: from a sentence's vector and words to topics and to whether it is ours at all. Plain numpy.

Two calibrated questions, fitted on scenarios held out from training (scripts/train_topics.py):
which topic, given that it is one of ours (a softmax with a temperature over linear scores), and is it one of ours
(a logistic regression over five signals of novelty).
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.topics.names import Topic
from agent.topics.words import Vocabulary

HEAD = Path(__file__).parent / "head.npz"
KNOWN_TOPICS = tuple(topic for topic in Topic if topic is not Topic.UNKNOWN)
Floats = NDArray[np.float32]
NEIGHBOURS = 5


class HeadUnusable(ValueError):
    """The artefact is missing, damaged, or was trained for other topics or another embedding model."""


@dataclass(frozen=True)
class Head:
    """Weights by row in `Topic`'s order with `unknown` last; `examples` are the unit vectors it was trained on."""

    model: str
    fingerprint: str
    weights: Floats  # (topics, dimensions)
    bias: Floats  # (topics,)
    vocabulary: Vocabulary
    word_weights: NDArray[np.float16]  # (terms, topics)
    temperature: float
    examples: NDArray[np.int8]  # (examples, dimensions): unit vectors in 127ths
    example_is_ours: NDArray[np.bool_]  # (examples,)
    novelty: Floats  # (6,): weights of the five signals of `signals`, then the intercept

    def read(self, vectors: Floats, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """Probabilities over `KNOWN_TOPICS`, given that the text is about one of them, shape (n, 34); and the
        probability that it is about one of them, shape (n,)."""
        scores = self.scores(vectors, texts)
        scaled = scores[:, :-1] / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        nearest = vectors @ self._examples.T
        outside = signals(scores, nearest, self.example_is_ours) @ self.novelty[:-1] + self.novelty[-1]
        return powers / powers.sum(axis=1, keepdims=True), np.asarray(1 / (1 + np.exp(-outside)), dtype=np.float32)

    def nearest(self, vector: Floats, among: NDArray[np.bool_]) -> tuple[int, float]:
        """The number of the nearest example of those marked, and its cosine."""
        cosines = np.where(among, self._examples @ vector, -1.0)
        best = int(cosines.argmax())
        return best, float(cosines[best])

    def scores(self, vectors: Floats, texts: Sequence[str]) -> Floats:
        """Linear scores, shape (n, 35), `unknown` last."""
        scores = vectors @ self.weights.T + self.bias
        for row, text in enumerate(texts):
            at, weights = self.vocabulary.weigh(text, self._columns)
            scores[row] += weights @ self.word_weights[at].astype(np.float32)
        return scores

    @cached_property
    def _columns(self) -> dict[str, int]:
        return self.vocabulary.columns()

    @cached_property
    def _examples(self) -> Floats:
        return self.examples.astype(np.float32) * np.float32(1 / 127)

    def save(self, path: Path = HEAD) -> None:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                model=np.array(self.model),
                fingerprint=np.array(self.fingerprint),
                topics=np.array([topic.value for topic in Topic]),
                weights=self.weights,
                bias=self.bias,
                terms=np.frombuffer("\n".join(self.vocabulary.names).encode(), dtype=np.uint8),
                idf=self.vocabulary.idf,
                word_weights=self.word_weights,
                temperature=np.array(self.temperature, dtype=np.float32),
                examples=self.examples,
                example_is_ours=self.example_is_ours,
                novelty=self.novelty,
            )


def signals(scores: Floats, nearest: Floats, ours: NDArray[np.bool_]) -> Floats:
    """Five signals of novelty, shape (n, 5): how much the scores of our topics outweigh that of `unknown`; then the
    cosine to the nearest example of ours, to the nearest that is not, and the mean of the nearest five of each.

    `scores` is (n, topics) with `unknown` last, `nearest` (n, examples) cosines, `ours` (examples,).
    """
    outweigh = np.logaddexp.reduce(scores[:, :-1], axis=1) - scores[:, -1]
    sides = [np.partition(nearest[:, side], -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:] for side in (ours, ~ours)]
    columns = [outweigh, *(side.max(axis=1) for side in sides), *(side.mean(axis=1) for side in sides)]
    return np.stack(columns, axis=1).astype(np.float32)


def load_head(path: Path = HEAD) -> Head:
    """Read the artefact. Raises `HeadUnusable` with the command that makes a new one."""
    try:
        # from memory: numpy leaves the file open when it cannot be read
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            names = [str(name) for name in stored["topics"]]
            head = Head(
                model=str(stored["model"]),
                fingerprint=str(stored["fingerprint"]),
                weights=stored["weights"],
                bias=stored["bias"],
                vocabulary=Vocabulary(tuple(stored["terms"].tobytes().decode().split("\n")), stored["idf"]),
                word_weights=stored["word_weights"],
                temperature=float(stored["temperature"]),
                examples=stored["examples"],
                example_is_ours=stored["example_is_ours"],
                novelty=stored["novelty"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise HeadUnusable(f"{path.name} cannot be read ({error}): run python -m scripts.train_topics") from error
    if names != [topic.value for topic in Topic]:
        raise HeadUnusable(f"{path.name} was trained for other topics: run python -m scripts.train_topics")
    return head

"""The trained head: from a sentence's vector and words to topics and to whether it is ours at all. Plain numpy.

Two readers judge together: linear scores over vector and words, which know how our own examples differ, and the nearest
examples of each topic, which say how far a text is from anything we have seen. The first alone is the better one on
texts like our own and the worse one on everybody else's (docs/understanding.md). Three calibrated questions are
answered, all fitted on scenarios held out from training (scripts/train_topics.py): which topic, given that it is one of
ours (a softmax with a temperature); is it one of ours (a logistic curve over one number); is the best topic right (a
logistic curve over both answers: by their mere product a text that is hardly ours, but near to one topic, would be
as sure as one that is ours for certain and could mean two things).
"""

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.topics.names import Topic
from agent.topics.words import Vocabulary

HEAD = Path(__file__).parent / "head.npz"
KNOWN_TOPICS = tuple(topic for topic in Topic if topic is not Topic.UNKNOWN)
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
TINY = 1e-6  # no probability is nearer to 0 or 1
FEW, MANY = 3, 8  # examples of a topic that are nearest to a text
USUAL = 0.65  # cosine of a plain question to its topic's nearest examples; the weights below hold there
NEAR_TOPIC, TOPIC_POWER = 40.0, 4  # nearness beside linear scores, for the topic: the nearer, the more a step says
NEAR_OURS, OURS_POWER = 60.0, 2  # the same for whether it is ours; there nearness says more


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
    example_topics: NDArray[np.int8]  # (examples,): rows of `Topic`
    novelty: Floats  # (2,): slope and intercept of `familiarity`
    trust: Floats  # (3,): slopes of the odds that it is ours and of the best topic's share, and intercept

    def read(self, vectors: Floats, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """Probabilities over `KNOWN_TOPICS`, given that the text is about one of them, shape (n, 34); and the
        probability that it is about one of them, shape (n,)."""
        scores = self.scores(vectors, texts)
        few, many = neighbourhood(vectors @ self._examples.T, self.example_topics)
        known = familiarity(scores, few, many) * self.novelty[0] + self.novelty[1]
        return self.shares(together(scores, few)), np.asarray(1 / (1 + np.exp(-known)), dtype=np.float32)

    def trusted(self, known: float, share: float) -> float:
        """The probability that the best topic is right, from the one that the text is ours and that topic's share: at
        most that share, which is the probability given that it is ours."""
        odds = float(trust_signals(np.float64(known), np.float64(share)) @ self.trust[:2] + self.trust[2])
        return min(1 / (1 + math.exp(-odds)), share)

    def shares(self, scores: Floats) -> Floats:
        """Scores of all topics, `unknown` last, as probabilities over `KNOWN_TOPICS`."""
        scaled = scores[:, :-1] / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

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
                example_topics=self.example_topics,
                novelty=self.novelty,
                trust=self.trust,
            )


def neighbourhood(cosines: Floats, topics: NDArray[np.int8]) -> tuple[Floats, Floats]:
    """The mean cosine to the nearest `FEW` and to the nearest `MANY` examples of each topic, shapes (n, topics).

    `cosines` is (n, examples), `topics` (examples,). A topic with fewer examples has the mean of those it has."""
    few, many = (np.zeros((len(cosines), len(Topic)), np.float32) for _ in (FEW, MANY))
    by_topic = np.argsort(topics, kind="stable")
    ends = np.searchsorted(topics[by_topic], np.arange(len(Topic) + 1))
    cosines = cosines[:, by_topic]
    for row, (start, end) in enumerate(pairwise(ends)):
        best = -np.sort(-_best(cosines[:, start:end], MANY), axis=1)
        few[:, row], many[:, row] = best[:, :FEW].mean(axis=1), best.mean(axis=1)
    return few, many


def _best(cosines: Floats, count: int) -> Floats:
    return cosines if cosines.shape[1] <= count else np.partition(cosines, -count, axis=1)[:, -count:]


def together(scores: Floats, few: Floats) -> Floats:
    """Linear scores and nearness in one, shape (n, topics)."""
    return np.asarray(scores + _nearness(few, NEAR_TOPIC, TOPIC_POWER), dtype=np.float32)


def familiarity(scores: Floats, few: Floats, many: Floats) -> Floats:
    """How much nearer a text is to what is ours than to what is not, and how much the scores of our topics outweigh
    that of `unknown`: one number a text, shape (n,)."""
    near = (_nearness(few, NEAR_OURS, OURS_POWER) + _nearness(many, NEAR_OURS, OURS_POWER)) / 2
    outweigh = np.logaddexp.reduce(scores[:, :-1], axis=1) - scores[:, -1]
    return np.asarray(near[:, :-1].max(axis=1) - near[:, -1] + outweigh, dtype=np.float32)


def _nearness(cosines: Floats, weight: float, power: int) -> Floats:
    """A power of cosines, scaled so that at `USUAL` a small step of cosine counts `weight` times; below 0, nothing."""
    return np.maximum(cosines, 0) ** power * np.float32(weight / (power * USUAL ** (power - 1)))


def trust_signals(known: NDArray[np.floating] | np.floating, shares: NDArray[np.floating] | np.floating) -> Doubles:
    """What `Head.trust` weighs: log odds that a text is ours, log of its best topic's share, shape (…, 2)."""
    known = np.clip(known, TINY, 1 - TINY)
    return np.stack([np.log(known / (1 - known)), np.log(np.maximum(shares, TINY))], axis=-1, dtype=np.float64)


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
                example_topics=stored["example_topics"],
                novelty=stored["novelty"],
                trust=stored["trust"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise HeadUnusable(f"{path.name} cannot be read ({error}): run python -m scripts.train_topics") from error
    if names != [topic.value for topic in Topic]:
        raise HeadUnusable(f"{path.name} was trained for other topics: run python -m scripts.train_topics")
    return head

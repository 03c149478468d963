"""Naming the topic of a message, with a confidence that means something, before any language model reads it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.topics.head import KNOWN_TOPICS, Floats, Head, HeadUnusable, load_head
from agent.topics.names import Topic
from agent.topics.sentences import clauses, has_words, own_words, sentences
from knowledge.embedder import FEW_TEXTS, Embedder

SHORT_WORDS = 60  # up to here one vector holds the whole message
OPENING_WORDS = 120  # of a longer one: what the model reads at once without losing the end
MOST_SENTENCES = 32
STRONGEST = 3  # sentences that speak for a long message, beside its opening
OURS_FROM = 0.5  # below, the topic is `unknown`
WISH_FROM = 0.5
KEPT_JUDGEMENTS = 2  # a message is looked at as a whole, by clauses (often the same), and as a whole again


@dataclass(frozen=True, slots=True)
class TopicGuess:
    """What a message wants. `known` is the calibrated probability that it is about anything of ours; `confidence` and
    `second_confidence` divide that among the topics, so that one can be weighed against another. `second_choice` is the
    runner-up (the best topic when `topic` is unknown). How likely `topic` is right: `Reading.trust`."""

    topic: Topic
    confidence: float
    second_choice: Topic
    second_confidence: float
    known: float


_Judged = tuple[Floats, Floats, Floats]  # vectors (n, dimensions), topics (n, 34), known (n,)
NOTHING = TopicGuess(Topic.UNKNOWN, 0.0, Topic.UNKNOWN, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A guess with what it rests on: the parts of the message that were read, their vectors (parts, dimensions), and
    the part that most clearly wants something (None where there was nothing to read). `trust` is the calibrated
    probability that the guessed topic is right, `unknown` too."""

    guess: TopicGuess
    parts: tuple[str, ...]
    vectors: Floats
    decisive: int | None
    trust: float


class TopicClassifier:
    """Reads messages with `embedder` and the trained head. Raises `HeadUnusable` when they do not belong together."""

    def __init__(self, embedder: Embedder, head: Head | None = None) -> None:
        self._embedder = embedder
        self._head = load_head() if head is None else head
        self._latest: tuple[tuple[bytes, _Judged], ...] = ()  # replaced, never changed: threads share the classifier
        if self._head.model != embedder.name:
            raise HeadUnusable(
                f"the topic head was trained for {self._head.model}, not for {embedder.name}: "
                "run python -m scripts.train_topics --model …"
            )

    def classify(self, texts: Sequence[str]) -> list[TopicGuess]:
        """One guess a text, in order; all texts are encoded together. Never raises for what a customer wrote: a text
        without words is `unknown` with confidence 0."""
        return [reading.guess for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """As `classify`, with what each guess rests on."""
        units = [_units(text) for text in texts]
        together = [unit for of_one in units for unit in of_one]
        vectors, topics, known = self._judged(together)
        readings: list[Reading] = []
        at = 0
        for of_one in units:
            here = slice(at, at + len(of_one))
            at += len(of_one)
            if not of_one:
                readings.append(Reading(NOTHING, (), vectors[here], None, 0.0))
                continue
            guess = guess_of(*_together(topics[here], known[here]))
            decisive = _decisive(topics[here], known[here], guess)
            readings.append(Reading(guess, tuple(of_one), vectors[here], decisive, trust_in(guess, self._head)))
        return readings

    def _judged(self, parts: list[str]) -> _Judged:
        """Vectors of the parts, and what the head says of each. The latest are kept under digests, never the texts."""
        name = hashlib.sha256("\n\n".join(parts).encode("utf-8", "surrogatepass")).digest()
        for kept, judged in self._latest:
            if kept == name:
                return judged
        vectors = self._embedder.encode(parts)
        judged = vectors, *self._head.read(vectors, parts)
        if len(parts) <= FEW_TEXTS:
            self._latest = ((name, judged), *self._latest)[:KEPT_JUDGEMENTS]
        return judged

    def ahead(self, text: str) -> None:
        """Encode what `classify` and `wishes` will need, unless that is more than the embedder keeps."""
        for texts in (_units(text), _clauses(text)):
            if 0 < len(texts) <= FEW_TEXTS:
                self._embedder.encode(texts)

    def wishes(self, text: str) -> list[TopicGuess]:
        """Distinct things asked for in one message, in the order they come up; thanks count only when alone.

        Falls back on the message as a whole, so it is empty only when nothing of ours is in it.
        """
        found: dict[Topic, TopicGuess] = {}
        for guess in self.classify(_clauses(text)):
            sure = guess.topic is not Topic.UNKNOWN and guess.confidence >= WISH_FROM
            if sure and (guess.topic not in found or guess.confidence > found[guess.topic].confidence):
                found[guess.topic] = guess
        if len(found) > 1:
            found.pop(Topic.GREETING_OR_THANKS, None)
        if found:
            return list(found.values())
        return [guess for guess in self.classify([text]) if guess.topic is not Topic.UNKNOWN]


def _units(text: str) -> list[str]:
    """What is encoded of one message: all of a short one; the opening and the sentences of a long one."""
    own = own_words(text)
    if not has_words(own):
        return []
    words = own.split()
    if len(words) <= SHORT_WORDS:
        return [" ".join(words)]
    cut = sentences(own)
    kept = cut if len(cut) <= MOST_SENTENCES else cut[: MOST_SENTENCES // 2] + cut[-MOST_SENTENCES // 2 :]
    return [" ".join(words[:OPENING_WORDS]), *kept]


def _clauses(text: str) -> list[str]:
    own = own_words(text)
    return clauses(own)[:MOST_SENTENCES] if has_words(own) else []


def _together(topics: Floats, known: Floats) -> tuple[Floats, float]:
    """Of a long message: the opening and the sentences that most clearly want something, each by its weight."""
    if len(known) == 1:
        return topics[0], float(known[0])
    clarity = known * topics.max(axis=1)
    strongest = 1 + np.argsort(-clarity[1:], kind="stable")[:STRONGEST]
    chosen = np.concatenate([[0], strongest])
    weights = clarity[chosen] / clarity[chosen].sum()
    # One clear wish at the end of a story about other things is a wish; many vague sentences are none.
    return weights @ topics[chosen], float(max(known[0], weights @ known[chosen]))


def _decisive(topics: Floats, known: Floats, guess: TopicGuess) -> int:
    """The part that speaks loudest for the topic; where it is not ours, the one that is least so."""
    if guess.topic is Topic.UNKNOWN:
        return int(np.argmin(known))
    column = KNOWN_TOPICS.index(guess.topic)
    return int(np.argmax(known * topics[:, column]))


def guess_of(topics: Floats, known: float) -> TopicGuess:
    """From the probabilities over `KNOWN_TOPICS` and the one that it is about any of them."""
    order = np.argsort(-topics, kind="stable")
    first, second = KNOWN_TOPICS[int(order[0])], KNOWN_TOPICS[int(order[1])]
    first_confidence, second_confidence = known * float(topics[order[0]]), known * float(topics[order[1]])
    if known < OURS_FROM:
        return TopicGuess(Topic.UNKNOWN, 1 - known, first, first_confidence, known)
    if 1 - known > second_confidence:
        second, second_confidence = Topic.UNKNOWN, 1 - known
    return TopicGuess(first, first_confidence, second, second_confidence, known)


def trust_in(guess: TopicGuess, head: Head) -> float:
    """The calibrated probability that the guessed topic is right."""
    if guess.topic is Topic.UNKNOWN:
        return guess.confidence
    return head.trusted(guess.known, guess.confidence / guess.known)

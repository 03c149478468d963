"""Train the topic head from our own examples: `python -m scripts.train_topics` writes agent/topics/head.npz,
and calibration.json: how right its guesses were on scenarios held out.

`--check` trains without writing and says how far the stored head is from the new one (exit 1 above 1e-4).
Deterministic: no random numbers; folds follow the order of the scenarios.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from agent.topics.calibration import STORED, Calibration, calibrate
from agent.topics.classifier import OURS_FROM, guess_of, trust_in
from agent.topics.examples import Example, fingerprint, read_examples
from agent.topics.head import HEAD, Head, familiarity, load_head, neighbourhood, together, trust_signals
from agent.topics.names import Topic
from agent.topics.words import Vocabulary
from knowledge.embedder import BUNDLED_MODEL, load_embedder

FOLDS = 5
INVERSE_REGULARIZATION = 30.0  # of 10 and 30 the better on held-out scenarios
WORDS_SCALE = 1.2  # of words beside vectors; of 0.5, 0.7, 1, 1.4 the two best lie around it
NOVELTY_INVERSE_REGULARIZATION = 10.0
UNKNOWN_WEIGHT = 1.5  # ours and not ours count alike, times this: a wrong answer costs more than a question back
TRUST_INVERSE_REGULARIZATION = 100.0
TOLERANCE = 1e-4
ORDER = {topic: number for number, topic in enumerate(Topic)}


def folds(examples: list[Example]) -> Iterator[NDArray[np.bool_]]:
    """Masks of what is held out: every scenario once, those of one topic spread over the folds."""
    scenarios = list(dict.fromkeys(example.scenario for example in examples))
    place: dict[str, int] = {}
    used: dict[str, int] = {}
    for scenario in scenarios:
        topic = scenario.partition(".")[0]
        place[scenario] = used.get(topic, 0) % FOLDS
        used[topic] = used.get(topic, 0) + 1
    of_example = np.array([place[example.scenario] for example in examples])
    for fold in range(FOLDS):
        yield of_example == fold


@dataclass(frozen=True)
class Linear:
    """Scores of vectors and words together, fitted as one model."""

    weights: NDArray[np.float32]  # (topics, dimensions)
    bias: NDArray[np.float32]
    vocabulary: Vocabulary
    word_weights: NDArray[np.float16]  # (terms, topics)


def fit_linear(vectors: NDArray[np.float32], texts: list[str], labels: NDArray[np.int64]) -> Linear:
    vocabulary = Vocabulary.of(texts)
    columns = vocabulary.columns()
    weighed = [vocabulary.weigh(text, columns) for text in texts]
    rows = np.repeat(np.arange(len(texts)), [len(at) for at, _ in weighed])
    words = csr_matrix(
        (np.concatenate([weights for _, weights in weighed]), (rows, np.concatenate([at for at, _ in weighed]))),
        shape=(len(texts), len(vocabulary.names)),
    )
    both = hstack([csr_matrix(vectors), words * WORDS_SCALE]).tocsr()
    model = LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=5_000, tol=1e-5).fit(both, labels)
    weights = model.coef_.astype(np.float32)
    size = vectors.shape[1]
    return Linear(
        weights[:, :size],
        model.intercept_.astype(np.float32),
        vocabulary,
        (weights[:, size:].T * WORDS_SCALE).astype(np.float16),
    )


def train(model: str) -> tuple[Head, Calibration, dict[str, float]]:
    examples = read_examples()
    texts = [example.text for example in examples]
    vectors = load_embedder(model).encode(texts)
    labels = np.array([ORDER[example.topic] for example in examples])
    rows = labels.astype(np.int8)
    ours = labels != ORDER[Topic.UNKNOWN]

    held_scores = np.zeros((len(examples), len(ORDER)), np.float32)
    held_familiar = np.zeros((len(examples), 1), np.float32)
    for held in folds(examples):
        rest = fit_linear(vectors[~held], _chosen(texts, ~held), labels[~held])
        scores = _head(model, examples, rest).scores(vectors[held], _chosen(texts, held))
        few, many = neighbourhood(vectors[held] @ vectors[~held].T, rows[~held])
        held_scores[held] = together(scores, few)
        held_familiar[held, 0] = familiarity(scores, few, many)

    temperature = fit_temperature(held_scores[ours, :-1], labels[ours])
    balance = np.where(ours, 0.5 / ours.mean(), UNKNOWN_WEIGHT * 0.5 / (1 - ours.mean()))
    novelty = LogisticRegression(C=NOVELTY_INVERSE_REGULARIZATION, max_iter=5_000)
    novelty.fit(held_familiar, ours, sample_weight=balance)
    head = _head(
        model,
        examples,
        fit_linear(vectors, texts, labels),
        temperature=temperature,
        vectors=np.rint(vectors * 127).astype(np.int8),
        rows=rows,
        novelty=np.concatenate([novelty.coef_[0], novelty.intercept_]).astype(np.float32),
    )
    known = novelty.predict_proba(held_familiar)[:, 1]
    right = held_scores[:, :-1].argmax(axis=1) == labels
    shares = head.shares(held_scores)
    head = replace(head, trust=fit_trust(known, shares.max(axis=1), right, balance))
    guesses = [guess_of(*row) for row in zip(shares, known.astype(np.float32), strict=True)]
    calibration = calibrate(
        head.fingerprint,
        [trust_in(guess, head) for guess in guesses],
        [guess.topic is example.topic for guess, example in zip(guesses, examples, strict=True)],
        [guess.topic for guess in guesses],
    )
    judged_ours = known >= OURS_FROM
    return (
        head,
        calibration,
        {
            "examples": len(examples),
            "held_out_top1": round(float(right[ours].mean()), 3),
            "held_out_auroc": round(float(roc_auc_score(ours, known)), 4),
            "held_out_calibration_error": calibration.error,
            "held_out_known_right": round(float((judged_ours == ours).mean()), 3),
            "temperature": round(temperature, 3),
        },
    )


def fit_trust(
    known: NDArray[np.float64], shares: NDArray[np.float32], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """`Head.trust`, on held-out scenarios; what is not ours counts as wrong, however it is named."""
    model = LogisticRegression(C=TRUST_INVERSE_REGULARIZATION, max_iter=5_000)
    model.fit(trust_signals(known, shares), right, sample_weight=weights)
    return np.concatenate([model.coef_[0], model.intercept_]).astype(np.float32)


def _chosen(texts: list[str], mask: NDArray[np.bool_]) -> list[str]:
    return [text for text, kept in zip(texts, mask, strict=True) if kept]


def _head(
    model: str,
    examples: list[Example],
    linear: Linear,
    *,
    temperature: float = 1.0,
    vectors: NDArray[np.int8] | None = None,
    rows: NDArray[np.int8] | None = None,
    novelty: NDArray[np.float32] | None = None,
) -> Head:
    return Head(
        model=model,
        fingerprint=fingerprint(examples),
        weights=linear.weights,
        bias=linear.bias,
        vocabulary=linear.vocabulary,
        word_weights=linear.word_weights,
        temperature=temperature,
        examples=np.zeros((0, 0), np.int8) if vectors is None else vectors,
        example_topics=np.zeros(0, np.int8) if rows is None else rows,
        novelty=np.zeros(2, np.float32) if novelty is None else novelty,
        trust=np.zeros(3, np.float32),
    )


def fit_temperature(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature with the least log loss on held-out scenarios (Guo et al., 2017)."""

    def loss(logarithm: float) -> float:
        scaled = scores.astype(np.float64) / np.exp(logarithm)
        return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(labels)), labels]))

    found: Any = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return float(np.exp(found.x))


def distance(one: Head, other: Head) -> float:
    if one.fingerprint != other.fingerprint or one.model != other.model:
        return float("inf")
    pairs = [
        (one.weights, other.weights),
        (one.bias, other.bias),
        (one.novelty, other.novelty),
        (one.trust, other.trust),
    ]
    pairs.append((one.word_weights.astype(np.float32), other.word_weights.astype(np.float32)))
    largest = max(float(np.abs(left - right).max()) for left, right in pairs)
    return max(largest, abs(one.temperature - other.temperature))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    head, calibration, figures = train(arguments.model)
    print(figures)
    if arguments.check:
        apart = distance(load_head(), head)
        print(f"largest difference from {HEAD.name}: {apart:g}")
        return int(apart > TOLERANCE)
    head.save()
    STORED.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(f"wrote {HEAD.name}, {HEAD.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

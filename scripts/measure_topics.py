"""Measure topics on labelled utterances: `python -m scripts.measure_topics --map topic_map.json SET=FILE.jsonl …`.

Lines are `{text, label}`; the map gives for each label of SET the topics that count as right, `["unknown"]` when it is
not ours, or `"excluded"`. Prints figures, reliability, and the last line as JSON.

- top1: the best of our topics is right, among texts that are ours.
- auroc: how well `known` parts what is ours from what is not.
- coverage and precision: of texts that are ours, the share answered; of all answered, the share answered rightly, once
  where those are answered that are ours for the most part, and once where `confidence` is highest.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from agent.topics.classifier import TopicClassifier, TopicGuess
from agent.topics.names import Topic
from knowledge.embedder import BUNDLED_MODEL, load_embedder

COVERAGES = (0.84, 0.85)
BINS = 10


@dataclass(frozen=True)
class Labelled:
    text: str
    label: str
    right: frozenset[str]


def read_labelled(path: Path, names: dict[str, list[str] | str]) -> list[Labelled]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Labelled(row["text"], row["label"], frozenset(names[row["label"]]))
        for row in rows
        if names.get(row["label"], "excluded") != "excluded"
    ]


def best_of_ours(guess: TopicGuess) -> str:
    return guess.second_choice if guess.topic is Topic.UNKNOWN else guess.topic


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins of confidence."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            print(f"  confidence {confidence[inside].mean():.2f}: right {right[inside].mean():.2f} (n {inside.sum()})")
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(total)


def measure(labelled: list[Labelled], classifier: TopicClassifier) -> dict[str, float | int]:
    begun = time.perf_counter()
    readings = classifier.read([row.text for row in labelled])
    seconds = time.perf_counter() - begun
    guesses = [reading.guess for reading in readings]
    ours = np.array([row.right != {"unknown"} for row in labelled])
    known = np.array([guess.known for guess in guesses])
    right = np.array([best_of_ours(guess) in row.right for guess, row in zip(guesses, labelled, strict=True)])
    figures: dict[str, float | int] = {"n": len(labelled), "ours": int(ours.sum())}
    figures["top1"] = round(float(right[ours].mean()), 3)
    figures["auroc"] = round(float(roc_auc_score(ours, known)), 4) if 0 < ours.sum() < len(ours) else 1.0
    for coverage in COVERAGES:
        answered = known >= np.quantile(known[ours], 1 - coverage)
        figures[f"precision@{coverage}"] = round(float((right & ours)[answered].mean()), 3)
    answered = np.array([guess.topic is not Topic.UNKNOWN for guess in guesses])
    trust = np.array([reading.trust for reading in readings])
    for coverage in COVERAGES:
        sure = answered & (trust >= np.quantile(np.where(answered, trust, 0)[ours], 1 - coverage))
        figures[f"precision by confidence@{coverage}"] = round(float((right & ours)[sure].mean()), 3)
    figures["coverage"] = round(float(answered[ours].mean()), 3)
    figures["precision"] = round(float((right & ours)[answered].mean()), 3)
    outcome = np.array([guess.topic in row.right for guess, row in zip(guesses, labelled, strict=True)])
    figures["ece"] = round(calibration_error(trust, outcome), 3)
    figures["texts_per_second"] = round(len(labelled) / seconds)
    confused = Counter(
        (row.label, best_of_ours(guess))
        for guess, row, good, mine in zip(guesses, labelled, right, ours, strict=True)
        if mine and not good
    )
    for (label, topic), count in confused.most_common(12):
        print(f"  {label} taken for {topic}: {count}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="SET=FILE")
    parser.add_argument("--map", type=Path, required=True)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    arguments = parser.parse_args()
    names = json.loads(arguments.map.read_text(encoding="utf-8"))
    labelled: list[Labelled] = []
    for entry in arguments.sets:
        name, _, path = entry.partition("=")
        labelled.extend(read_labelled(Path(path), names[name]))
    print(json.dumps(measure(labelled, TopicClassifier(load_embedder(arguments.model)))))


if __name__ == "__main__":
    main()

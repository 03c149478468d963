"""Train the signals of triage from our own examples: `python -m scripts.train_signals` writes agent/triage/signals.npz.

Prints how well each signal parts its examples from all others, each example judged by a model that has not seen it.
Deterministic: no random numbers.
"""

import sys
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from agent.topics.examples import read_examples
from agent.triage.rules import load_rules
from agent.triage.signals import CALM, STORED, Signal, Signals, fingerprint, read_signal_examples
from knowledge.embedder import BUNDLED_MODEL, load_embedder

EVERY = 10  # each tenth example of a topic counts as calm: nearly all of them are
FOLDS = 10
INVERSE_REGULARIZATION = 10.0


def main() -> int:
    examples = read_signal_examples()
    embedder = load_embedder(BUNDLED_MODEL)
    ordinary = [example.text for example in read_examples()[::EVERY]]
    vectors = embedder.encode([*(text for texts in examples.values() for text in texts), *ordinary])
    names = np.array([name for name, texts in examples.items() for _ in texts] + [CALM] * len(ordinary))
    weights: list[Any] = []
    bias: list[Any] = []
    since = load_rules().signal_from
    for signal in Signal:
        wanted = names == signal
        held: Any = np.zeros(len(names))
        for fold in range(FOLDS):
            out = np.arange(len(names)) % FOLDS == fold
            held[out] = _fit(vectors[~out], wanted[~out]).predict_proba(vectors[out])[:, 1]
        area = roc_auc_score(wanted, held)
        found, false = (held[wanted] >= since).mean(), (held[~wanted] >= since).mean()
        print(
            f"{signal}: AUROC {area:.3f}, found {found:.2f} of {wanted.sum()}, false {false:.3f} of {(~wanted).sum()}"
        )
        model = _fit(vectors, wanted)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
    Signals(
        embedder.name, fingerprint(examples), np.array(weights, dtype=np.float32), np.array(bias, dtype=np.float32)
    ).save()
    print(f"wrote {STORED.name}, {STORED.stat().st_size // 1024} kB")
    return 0


def _fit(vectors: Any, wanted: Any) -> Any:
    return LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=2_000).fit(vectors, wanted)


if __name__ == "__main__":
    sys.exit(main())

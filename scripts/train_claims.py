"""Train the claim head on agent/claim_examples, and print its miss rate and false-block rate by cross-validation.

python scripts/train_claims.py            # train, print, write agent/claims_head.npz
python scripts/train_claims.py --check    # print only
"""

from __future__ import annotations

import sys
import tomllib

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from agent.claim_grammar import find
from agent.claims import EXAMPLES, HEAD_FILE, PARTS_FILE, features
from knowledge.embedder import load_embedder

FOLDS = 10
SEEDS = (0, 1, 2)
STRENGTH = 10.0
ALLOWED_FALSE_BLOCKS = 0.05  # of plain sentences by the head alone; a block costs one more answer of the model


def _fit(rows: NDArray[np.float64], labels: NDArray[np.int64]) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2_000).fit(rows, labels)


def out_of_fold(rows: NDArray[np.float64], labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    scores = np.zeros(len(labels))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, labels):
        scores[test] = _fit(rows[train], labels[train]).predict_proba(rows[test])[:, 1]
    return scores


def examples() -> tuple[list[str], list[str]]:
    """The sentences by hand: those that claim, those that do not."""
    claims: list[str] = []
    plain: list[str] = []
    for path in sorted(EXAMPLES.glob("*.toml")):
        if path != PARTS_FILE:
            stored = tomllib.loads(path.read_text(encoding="utf-8"))
            claims += stored.get("claims", [])
            plain += stored.get("plain", [])
    return claims, plain


def main() -> int:
    claims, plain_ones = examples()
    texts = [*claims, *plain_ones]
    if len(set(texts)) != len(texts):
        print("the examples hold a sentence twice")
        return 1
    labels = np.asarray([1] * len(claims) + [0] * len(plain_ones))
    embedder = load_embedder()
    rows = features(texts, embedder)
    grammar = np.asarray([find(text) is not None for text in texts])
    runs = np.vstack([out_of_fold(rows, labels, seed) for seed in SEEDS]).mean(axis=0)
    plain = runs[(labels == 0) & ~grammar]
    threshold = min(0.5, float(np.quantile(plain, 1 - ALLOWED_FALSE_BLOCKS)))
    flagged = grammar | (runs >= threshold)
    missed = [text for text, label, flag in zip(texts, labels, flagged, strict=True) if label and not flag]
    blocked = [text for text, label, flag in zip(texts, labels, flagged, strict=True) if not label and flag]
    print(f"threshold {threshold:.3f}; {FOLDS} folds, {len(SEEDS)} seeds averaged")
    alone = int(((labels == 1) & ~grammar).sum()), int(((labels == 0) & grammar).sum())
    print(f"grammar alone: missed {alone[0]} of {len(claims)}, blocked {alone[1]} of {len(plain_ones)}")
    print(f"grammar and head: missed {len(missed)} of {len(claims)}, blocked {len(blocked)} of {len(plain_ones)}")
    for title, group in (("missed", missed), ("blocked", blocked)):
        for text in group:
            print(f"  {title}: {text}")
    if "--check" not in sys.argv[1:]:
        final = _fit(rows, labels)
        np.savez(
            HEAD_FILE,
            weights=final.coef_[0].astype(np.float32),
            bias=np.asarray(final.intercept_, dtype=np.float32).ravel()[0],
            threshold=np.float32(threshold),
            embedder=np.str_(embedder.name),
        )
        print(f"written: {HEAD_FILE.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

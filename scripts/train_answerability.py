"""Fit `knowledge/answerability.json`: how likely the first passage answers. `python -m scripts.train_answerability`.

Our own wordings are asked of the whole help centre, then each of one without its article; with them stand our examples
of what is not ours, which weigh together as much as the wordings do. What is written beside the weights comes from
five folds held out by article. With `--public FOLDER` (as for scripts.measure_retrieval) the same is measured on help
centres that nobody here wrote, and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from agent.topics.examples import read_examples
from agent.topics.names import Topic
from knowledge import sparse
from knowledge.answerability import FITTED, QUOTED_FROM, covered, probability, signals
from knowledge.articles import Article, published, read_articles
from knowledge.embedder import Embedder, Vectors, load_embedder, spans
from knowledge.evaluation import Question, read_questions
from knowledge.fusion import Standing, fused, standing
from knowledge.helpcentre import read_helpcentre
from knowledge.index import CANDIDATES, PassageIndex
from knowledge.location import Location
from tests.knowledge.recall import wordings

MOST_FALSE = 0.2  # of the questions without an article, so many may be answered: the cut follows from it
BEFORE = 0.42  # the cosine from which a passage was quoted before there was a fit, the nearest of five
FOLDS = 5


@dataclass(frozen=True)
class Asked:
    """`kind`: full, without (its article) or not_ours. `first` and `nearest` (by cosine) are (article, cosine)."""

    kind: str
    article: str
    standing: Standing
    covered: float
    first: tuple[str, float]
    nearest: tuple[str, float]

    @property
    def right(self) -> bool:
        return self.kind == "full" and self.first[0] == self.article


class Remembering:
    """An embedder that reads every text once: articles come and go, their vectors stay."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._rows: dict[str, Vectors] = {}
        self.name, self.dimensions = embedder.name, embedder.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.encode(texts)

    def spans(self, texts: Sequence[str]) -> list[Vectors]:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        self._rows.update(zip(new, spans(self._embedder, new), strict=True))
        return [self._rows[text] for text in texts]


def ask(index: PassageIndex, embedder: Embedder, query: str, article: str, kind: str) -> Asked | None:
    vector = embedder.encode([query])[0]
    by_meaning, by_words = index.engine.nearest(vector, sparse.query_vector(query), CANDIDATES)
    found = fused(vector, by_meaning, by_words)
    if not found:
        return None
    told = [(each.payload["article"], each.cosine) for each in found]
    first = found[0].payload
    stands = standing(first["article"], by_meaning, by_words)
    share = covered(query, f"{first['title']}\n{first['text']}")
    return Asked(kind, article, stands, share, told[0], max(_five(told), key=lambda each: each[1]))


def _five(told: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The first five, at most two of one article: what a search gave Lee."""
    kept: list[tuple[str, float]] = []
    for each in told:
        if sum(other[0] == each[0] for other in kept) < 2:
            kept.append(each)
    return kept[:5]


def collected(articles: Sequence[Article], questions: Sequence[Question], strange: Sequence[str]) -> Iterator[Asked]:
    embedder = Remembering(load_embedder())
    wanted = list(published(articles))
    of: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        of[question.article].append(question.query)
    with tempfile.TemporaryDirectory() as folder, PassageIndex(Location(folder=Path(folder)), embedder) as index:
        index.sync(wanted)
        asked = [ask(index, embedder, each.query, each.article, "full") for each in questions]
        asked += [ask(index, embedder, text, "", "not_ours") for text in strange]
        for article, queries in of.items():
            index.sync([each for each in wanted if each.id != article])
            asked += [ask(index, embedder, query, article, "without") for query in queries]
    yield from (each for each in asked if each is not None)


def told(asked: Sequence[Asked], chances: Sequence[float], cut: float) -> dict[str, Any]:
    """Figures of quoting from `cut` on, beside those of quoting the nearest from `BEFORE` on."""
    kinds = {kind: sum(each.kind == kind for each in asked) for kind in ("full", "without", "not_ours")}
    before = [each.kind for each in asked if each.nearest[1] >= BEFORE]
    good = sum(each.kind == "full" and each.nearest == (each.article, each.nearest[1]) and each.nearest[1] >= BEFORE
               for each in asked)  # fmt: skip
    quoted = [each for each, chance in zip(asked, chances, strict=True) if chance >= cut]
    right = sum(each.right for each in quoted)
    kept = [n for n, each in enumerate(asked) if each.kind != "not_ours"]
    right_before = [asked[n].kind == "full" and asked[n].nearest[0] == asked[n].article for n in kept]
    return {
        "questions": kinds,
        "auroc": round(float(roc_auc_score([asked[n].right for n in kept], [chances[n] for n in kept])), 3),
        "auroc_before": round(float(roc_auc_score(right_before, [asked[n].nearest[1] for n in kept])), 3),
        "quoted": _counts([each.kind for each in quoted], right),
        "quoted_before": _counts(before, good),
    }


def _counts(kinds: Sequence[str], right: int) -> dict[str, int]:
    return {
        "right": right,
        "wrong": kinds.count("full") - right,
        "without_article": kinds.count("without"),
        "not_ours": kinds.count("not_ours"),
    }


def reliability(right: Sequence[bool], chances: Any, weights: Any) -> tuple[float, list[list[float]]]:
    """Expected calibration error over tenths, and for each tenth (mean probability, share that was right, N)."""
    tenths = np.minimum((np.asarray(chances) * 10).astype(int), 9)
    rows: list[list[float]] = []
    error = 0.0
    for tenth in sorted(set(tenths.tolist())):
        here = tenths == tenth
        mass = weights[here].sum()
        mean, share = (float(np.average(of[here], weights=weights[here])) for of in (chances, np.asarray(right)))
        error += abs(mean - share) * float(mass / weights.sum())
        rows.append([round(mean, 3), round(share, 3), int(here.sum())])
    return round(error, 3), rows


def fit(asked: Sequence[Asked]) -> dict[str, Any]:
    x = np.array([signals(each.standing, each.covered) for each in asked])
    y = np.array([each.right for each in asked])
    strange = [each.kind == "not_ours" for each in asked]
    full = sum(each.kind == "full" for each in asked)
    weights = np.where(strange, full / max(1, sum(strange)), 1.0)
    groups = [each.article or f"strange {n}" for n, each in enumerate(asked)]
    spread = x.std(axis=0)

    def fitted(rows: Any) -> LogisticRegression:
        return LogisticRegression(C=1.0, max_iter=1_000).fit(x[rows] / spread, y[rows], sample_weight=weights[rows])

    chances = np.zeros(len(y))
    for train, held in GroupKFold(FOLDS).split(x, y, groups):
        chances[held] = fitted(train).predict_proba(x[held] / spread)[:, 1]
    without = np.array([each.kind == "without" for each in asked])
    cut = next(n / 100 for n in range(100) if (chances[without] >= n / 100).mean() <= MOST_FALSE)
    error, tenths = reliability(y.tolist(), chances, weights)
    model = fitted(np.arange(len(y)))
    return {
        "weights": [round(float(each), 4) for each in np.ravel(model.coef_) / spread],
        "bias": round(float(np.ravel(model.intercept_)[0]), 4),
        "quoted_from": cut,
        "held_out": {**told(asked, chances.tolist(), cut), "calibration_error": error, "reliability": tenths},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--public", type=Path)
    folder = parser.parse_args().public
    if folder is None:
        strange = [example.text for example in read_examples() if example.topic is Topic.UNKNOWN]
        questions = [Question(query, article) for query, article in wordings()]
        found = fit(list(collected(read_articles(), questions, strange)))
        FITTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(found["held_out"]))
        return
    for articles in sorted(folder.glob("*.articles.jsonl")):
        name = articles.name.removesuffix(".articles.jsonl")
        questions = read_questions(articles.with_name(f"{name}.queries.jsonl"))
        asked = list(collected(read_helpcentre(articles).articles, questions, ()))
        chances = [probability(each.standing, each.covered) for each in asked]
        print(json.dumps({"help_centre": name, **told(asked, chances, QUOTED_FROM)}), flush=True)


if __name__ == "__main__":
    main()

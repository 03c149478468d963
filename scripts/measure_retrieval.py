"""Measure retrieval on a help centre: `python -m scripts.measure_retrieval --articles A.jsonl --queries Q.jsonl`.

Articles are `{id, title, text}` a line, queries `{query, article}`. A question counts as found at k when a passage of
its article is among those of the first k articles. The last line of output is JSON.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from pathlib import Path

from knowledge.articles import Article, Environment, Provenance, Resolution, State
from knowledge.embedder import BUNDLED_MODEL, load_embedder
from knowledge.qdrant import Location
from knowledge.search import Knowledge, answer_confidence

DEPTH = 30  # passages looked at for the reciprocal rank


def imported_article(row: dict[str, str], source: str, today: dt.date) -> Article:
    provenance = Provenance(author_role="imported", source=source, created=today, reviewed=today)
    return Article(
        id=row["id"],
        title=row["title"] or row["id"],
        topics=(),
        environment=Environment(),
        resolution=Resolution.SELF_SERVE,
        state=State.PUBLISHED,
        provenance=provenance,
        text=row["text"] or row["title"],
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def measure(articles: Path, queries: Path, model: str) -> dict[str, float | int]:
    today = dt.datetime.now(dt.UTC).date()
    ranks: list[int | None] = []
    milliseconds: list[float] = []
    confident = 0
    with (
        tempfile.TemporaryDirectory() as scratch,
        Knowledge(Location(folder=Path(scratch)), load_embedder(model)) as knowledge,
    ):
        report = knowledge.sync([imported_article(row, articles.name, today) for row in read_rows(articles)])
        knowledge.search("warm up")
        for row in read_rows(queries):
            begun = time.perf_counter()
            hits = knowledge.search(row["query"], limit=DEPTH)
            milliseconds.append((time.perf_counter() - begun) * 1_000)
            confident += answer_confidence(hits) >= 0.5
            in_order = list(dict.fromkeys(hit.article for hit in hits))
            ranks.append(in_order.index(row["article"]) + 1 if row["article"] in in_order else None)
    total = len(ranks)
    return {
        "queries": total,
        "recall@1": round(sum(rank == 1 for rank in ranks) / total, 3),
        "recall@5": round(sum(rank is not None and rank <= 5 for rank in ranks) / total, 3),
        "mrr": round(sum(1 / rank for rank in ranks if rank) / total, 3),
        "confident": round(confident / total, 3),
        "p50_ms": round(statistics.median(milliseconds), 1),
        "p95_ms": round(statistics.quantiles(milliseconds, n=20)[-1], 1),
        "passages": report.passages,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.articles, arguments.queries, arguments.model)))


if __name__ == "__main__":
    main()

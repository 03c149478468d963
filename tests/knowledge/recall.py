"""How well our own articles are found, over all wordings: `python -m tests.knowledge.recall`."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from knowledge.embedder import load_embedder
from knowledge.location import Location
from knowledge.search import Knowledge

DEPTH = 40  # passages looked at for the reciprocal rank


def wordings() -> Iterator[tuple[str, str]]:
    """(wording, the article that answers it)."""
    with Path(__file__).with_name("wordings.toml").open("rb") as file:
        for article, said in tomllib.load(file).items():
            yield from ((wording, article) for wording in said)


def rank(knowledge: Knowledge, wording: str, article: str) -> int | None:
    """The article's place among the articles found, from 1; None when it is not among them."""
    order = list(dict.fromkeys(hit.article for hit in knowledge.search(wording, limit=DEPTH)))
    return order.index(article) + 1 if article in order else None


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Knowledge(Location(folder=Path(folder)), load_embedder()) as knowledge,
    ):
        passages = knowledge.reindex().passages
        found = [(rank(knowledge, wording, article), wording, article) for wording, article in wordings()]
    for place, wording, article in found:
        if place is None or place > 3:
            print(f"{place}  {article}: {wording}")
    ranks = [place for place, _, _ in found]
    told = {
        "wordings": len(ranks),
        "passages": passages,
        "recall@1": round(sum(place == 1 for place in ranks) / len(ranks), 3),
        "recall@3": round(sum(place is not None and place <= 3 for place in ranks) / len(ranks), 3),
        "mrr": round(sum(1 / place for place in ranks if place) / len(ranks), 3),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()

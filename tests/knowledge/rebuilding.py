"""A process that rebuilds an index anew and is killed in the middle of it: `python -m tests.knowledge.rebuilding`.

Arguments: folder, engine, scheme. A line a batch is printed when it is in the index."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

from knowledge import index
from knowledge.articles import Article, Provenance, Resolution, State
from knowledge.index import PassageIndex
from knowledge.location import Location
from tests.knowledge.conftest import CountingEmbedder

ARTICLES = 40
BATCH = 8


def articles() -> list[Article]:
    day = dt.date(2026, 10, 1)
    source = Provenance(author_role="writer", source="a test", created=day, reviewed=day)
    return [
        Article(
            id=f"a{n}",
            title=f"Matter {n}",
            topics=("how_to",),
            resolution=Resolution.SELF_SERVE,
            state=State.PUBLISHED,
            provenance=source,
            text=f"money topic{n}",
        )
        for n in range(ARTICLES)
    ]


def main() -> None:
    folder, engine, index.SCHEME = sys.argv[1:4]  # another way of making it: everything is filled anew, beside the old
    index.BATCH = BATCH
    chosen: Any = engine
    with PassageIndex(Location(folder=Path(folder), engine=chosen), CountingEmbedder()) as opened:
        opened.sync(articles(), lambda done, _: print(done, flush=True))


if __name__ == "__main__":
    main()

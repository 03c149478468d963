"""The help articles: index them, search them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.output import console, print_json
from app.wiring import open_knowledge

app = typer.Typer(rich_markup_mode=None, help=__doc__, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def index(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of Markdown articles; default: the shipped ones.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the index equal to a folder of articles; only changed ones are embedded again."""
    from knowledge.articles import PUBLISHED_ARTICLES

    with open_knowledge(index_if_empty=False) as knowledge:
        report = knowledge.reindex(folder or PUBLISHED_ARTICLES)
    told = {
        "articles": report.unchanged + report.embedded,
        "embedded": report.embedded,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "passages": report.passages,
    }
    if as_json:
        print_json(told)
    else:
        console.print(", ".join(f"{count} {name}" for name, count in told.items()))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A question in any words.")],
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
    as_json: Json = False,
) -> None:
    """The best passages, and how sure it is that they answer the question."""
    from knowledge.search import answer_confidence

    with open_knowledge() as knowledge:
        hits = knowledge.search(query, limit)
    sure = answer_confidence(hits)
    if as_json:
        for hit in hits:
            print_json({"article": hit.article, "passage": hit.passage, "score": hit.score, "text": hit.text})
        print_json({"answers": sure})
        return
    for hit in hits:
        console.print(Text(f"{hit.title} > {hit.heading}  ({hit.passage}, cosine {hit.dense_score:.2f})"), style="bold")
        console.print(Text(hit.text))
    console.print(f"These answer the question with confidence {sure:.2f}.", style="dim")

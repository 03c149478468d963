"""What the help centre is missing, and how it learns from the cases that humans solved."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from app.output import console, print_json, table
from app.settings import load_settings
from app.wiring import open_records

if TYPE_CHECKING:
    from knowledge.index import Hit

app = typer.Typer(rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")]


@app.command("gaps")
def list_gaps(days: Days = 90, as_json: Json = False) -> None:
    """Questions without a good article, put together by meaning, the dearest first."""
    from app.knowledge_loop import found_gaps
    from knowledge.embedder import BUNDLED_MODEL, load_embedder

    settings = load_settings()
    with open_records(settings) as store:
        found = found_gaps(store, settings, load_embedder(settings.embedding_model or BUNDLED_MODEL), days)
    if as_json:
        for gap in found:
            print_json(
                {
                    "question": gap.label,
                    "count": gap.count,
                    "customers": gap.customers,
                    "escalated": gap.escalated,
                    "cost": {"amount": gap.cost.amount, "currency": gap.cost.currency},
                    "why": gap.why.value,
                    "nearest": gap.nearest,
                    "similarity": gap.best / 1000,
                    "topics": list(gap.topics),
                    "first_seen": gap.first_seen.isoformat(),
                    "last_seen": gap.last_seen.isoformat(),
                    "cases": list(gap.cases),
                }
            )
        return
    shown = table("cost", "cases", "customers", "question", "nearest article", "last seen")
    for gap in found:
        nearest = f"{gap.nearest} ({gap.best / 1000:.2f})" if gap.nearest else "none"
        seen = f"{gap.last_seen:%Y-%m-%d}"
        shown.add_row(str(gap.cost), str(gap.count), str(gap.customers), Text(gap.label), nearest, seen)
    console.print(shown if found else f"No question of the last {days} days went without an article.")


def keep_search(case: str, human: str | None, query: str, hits: Sequence[Hit]) -> None:
    """Into the log of searches, beside Lee's own. Raises `NotFound` for the case."""
    from store.searches import FoundPassage

    found = [FoundPassage(hit.article, hit.passage, round(hit.dense_score * 1000)) for hit in hits]
    with open_records() as store, store.unit() as uow:
        uow.searches.add(case, None, 0, f"human:{human or getpass.getuser()}", query, found)

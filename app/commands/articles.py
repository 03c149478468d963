"""What the help centre is missing, and how it learns from the cases that humans solved."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from app.output import console, print_json, table
from app.records import open_records, open_to_act
from app.settings import Settings, load_settings
from app.wiring import open_knowledge
from knowledge.articles import Article, Resolution
from knowledge.errors import IndexBusy

if TYPE_CHECKING:
    from knowledge.drafts import Draft
    from knowledge.embedder import Embedder
    from knowledge.index import Hit
    from knowledge.search import Knowledge

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Human = Annotated[str | None, typer.Option("--as", help="Your name; default: the system user.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")]


def embedder(settings: Settings) -> Embedder:
    from knowledge.embedder import BUNDLED_MODEL, load_embedder

    return load_embedder(settings.embedding_model or BUNDLED_MODEL)


@contextmanager
def opened_if_free(settings: Settings, model: Embedder) -> Iterator[Knowledge | None]:
    """The help centre; None, and a sentence for people, while another process has its folder."""
    with ExitStack() as stack:
        try:
            knowledge = stack.enter_context(open_knowledge(settings, embedder=model))
        except IndexBusy as error:
            typer.echo(f"{error} Nothing is compared with the articles now.", err=True)
            yield None
            return
        yield knowledge


@app.command("gaps", short_help="Questions without a good article, dearest first.")
def list_gaps(days: Days = 90, as_json: Json = False) -> None:
    """Questions without a good article, put together by meaning, the dearest first."""
    from app.knowledge_loop import found_gaps

    settings = load_settings()
    model = embedder(settings)
    with open_records(settings) as store, opened_if_free(settings, model) as knowledge:
        found = found_gaps(store, settings, model, days, knowledge)
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
    from knowledge.answerability import confidence
    from store.searches import FoundPassage

    found = [FoundPassage(hit.article, hit.passage, round(hit.dense_score * 1000)) for hit in hits]
    answers = round(confidence(hits) * 1000)
    with open_records() as store, store.unit() as uow:
        uow.searches.add(case, None, 0, f"human:{human or getpass.getuser()}", query, found, answers)


def keep_vouched(settings: Settings, wanted: Sequence[Article], ids: Sequence[str], human: str | None) -> None:
    """Into the audit log: who stands for articles that would be held back. Raises `ArticleRefused` for an id that is
    none of them."""
    from knowledge.errors import ArticleRefused
    from knowledge.review import concerns

    by_id = {article.id: article for article in wanted}
    for name in ids:
        if name not in by_id:
            raise ArticleRefused(name, "there is no such article")
    with open_to_act(settings) as store, store.unit() as uow:
        for name in dict.fromkeys(ids):
            detail = {
                "article": name,
                "hash": by_id[name].content_hash,
                "source": by_id[name].provenance.source,
                "in_spite_of": [concern.what for concern in concerns(by_id[name])],
            }
            uow.record("article.vouched", f"human:{human or getpass.getuser()}", None, None, detail)


def vouched_before(settings: Settings, wanted: Sequence[Article]) -> dict[str, str]:
    """Those of `wanted` that would be held back and that a human vouched for just as they stand: who, by their id."""
    from knowledge.review import concerns

    held = {each.content_hash: each.id for each in wanted if any(concern.grave for concern in concerns(each))}
    if not held:
        return {}
    with open_records(settings) as store, store.look() as uow:
        entries = [(entry.payload or {}, entry.actor) for entry in uow.log.of_kind("article.vouched")]
    return {
        name: actor.removeprefix("human:")
        for payload, actor in entries
        for name in [held.get(str(payload.get("hash")))]
        if name is not None and name == payload.get("article")
    }


@app.command("drafts", short_help="Drafts from the cases that humans solved.")
def list_drafts(
    show: Annotated[str | None, typer.Argument(help="A draft (draft_…): print its whole text, to edit it.")] = None,
    days: Days = 90,
    discard: Annotated[str | None, typer.Option(help="A draft that is to be offered no more.")] = None,
    why: Annotated[str, typer.Option(help="Why it is discarded.")] = "",
    human: Human = None,
    as_json: Json = False,
) -> None:
    """Drafts of articles from the cases that humans solved, with what they may repeat."""
    from app import drafting
    from knowledge.library import as_markdown

    settings = load_settings()
    if discard is not None:
        with open_to_act(settings) as store:
            gone = drafting.discard(store, discard, human or getpass.getuser(), why)
        console.print(f"{gone.id} is discarded.")
        return
    if show is not None:
        with open_records(settings) as store:
            made, _ = drafting.find(store, show, days)
        sys.stdout.write(as_markdown(made.article))
        return
    model = embedder(settings)
    with open_records(settings) as store, opened_if_free(settings, model) as knowledge:
        found = drafting.drafts(store, model, knowledge, days)
    if as_json:
        for each in found:
            print_json(
                {
                    "draft": each.id,
                    "title": each.article.title,
                    "text": each.article.text,
                    "topics": list(each.article.topics),
                    "case": each.case,
                    "solved_by": each.human,
                    "improve": None if each.near is None else asdict(each.near),
                    "same_as": each.same_as,
                    "taken_out": list(each.marks),
                    "orders_left_out": list(each.left_out),
                }
            )
        return
    shown = table("draft", "title", "solved by", "what to do")
    for each in found:
        shown.add_row(each.id, Text(each.article.title), each.human, Text(_advice(each)))
        if each.left_out:
            orders = "; ".join(f"“{order}”" for order in each.left_out)
            shown.add_row("", Text(f"left out, for it orders a model: {orders}"), "", "look at the case")
    console.print(
        shown if found else f"No case of the last {days} days was solved by a human and waits for its article."
    )


def _advice(draft: Draft) -> str:
    if draft.same_as is not None:
        return f"the same as {draft.same_as}"
    if draft.near is not None:
        return f"improve article {draft.near.article} ({draft.near.similarity:.2f})"
    return "fill in what was taken out, then publish" if draft.marks else "review and publish"


@app.command(short_help="Publish a draft as an article.")
def publish(
    draft: Annotated[str, typer.Argument(help="The draft (draft_…).")],
    human: Annotated[str, typer.Option("--as", help="Your name: you vouch for what customers will read.")],
    edit: Annotated[
        Path | None, typer.Option(help="The text as you edited it (from `lee knowledge drafts DRAFT`).")
    ] = None,
    allow: Annotated[list[str] | None, typer.Option(help="A word that is no person's name; may be repeated.")] = None,
    resolution: Annotated[Resolution | None, typer.Option(help="Who can finish it.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="It takes the place of the article of the same id.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish a draft as an article; refused while personal data is left in it, or its source is missing."""
    from app import drafting

    settings = load_settings()
    with open_to_act(settings) as store, open_knowledge(settings) as knowledge:
        article, path = drafting.publish(
            store, settings, knowledge, draft, human,
            edited=edit, allow=tuple(allow or ()), resolution=resolution, replacing=replace,
        )  # fmt: skip
    if as_json:
        print_json({"article": article.id, "file": str(path), "source": article.provenance.source})
        return
    console.print(Text(f"Published as {article.id} ({path})."))


@app.command("list", short_help="Every article, its last review and its use.")
def list_articles(days: Days = 90, as_json: Json = False) -> None:
    """Every article: its last review, how often it was quoted, and what became of those cases."""
    from app.reviewing import standings

    settings = load_settings()
    with open_records(settings) as store:
        found = standings(store, settings, days)
    if as_json:
        for each in found:
            use = {**asdict(each.use), "wilson": round(each.use.wilson, 3)}
            print_json(
                {
                    "article": each.article.id,
                    "title": each.article.title,
                    "state": each.article.state.value,
                    "reviewed": each.reviewed,
                    "stale": list(each.reasons),
                    "use": use,
                }
            )
        return
    shown = table("article", "reviewed", "quoted", "solved, human, came back")
    for each in sorted(found, key=lambda one: (-one.use.quoted, one.article.id)):
        use = each.use
        ends = f"{use.solved}, {use.human}, {use.came_back} (solved: at least {use.wilson:.0%})" if use.quoted else ""
        mark = each.reviewed + (" (stale)" if each.reasons else "")
        shown.add_row(each.article.id, mark, str(use.quoted or ""), ends)
    console.print(shown)


@app.command("stale", short_help="Articles to look at again, and why.")
def list_stale(as_json: Json = False) -> None:
    """Articles to look at again: not reviewed for too long, or what they speak of has changed."""
    from app.reviewing import standings

    settings = load_settings()
    with open_records(settings) as store:
        found = [each for each in standings(store, settings, 1) if each.reasons]
    for each in found:
        if as_json:
            told = {"article": each.article.id, "reviewed": each.reviewed, "reasons": list(each.reasons)}
            print_json({**told, "reviewed_by": None if each.review is None else each.review.by})
            continue
        console.print(Text(f"{each.article.id} (reviewed {each.reviewed})"), style="bold")
        for reason in each.reasons:
            console.print(Text(f"  {reason}"))
    if not found and not as_json:
        console.print("No article is stale.")


@app.command(short_help="Vouch for an article as it stands.")
def reviewed(
    article: Annotated[str, typer.Argument(help="The article's id.")],
    human: Annotated[str, typer.Option("--as", help="Your name: you vouch for it as it stands.")],
) -> None:
    """You have looked at an article and it is right: its age begins anew, with what it rests on today."""
    from app import reviewing

    settings = load_settings()
    with open_to_act(settings) as store:
        review = reviewing.reviewed(store, settings, article, human)
    console.print(
        f"{article} is reviewed as of {review.reviewed.isoformat()}; it rests on {len(review.rests_on)} facts."
    )

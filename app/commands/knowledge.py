"""The help articles: index them, search them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.commands import articles
from app.output import console, print_json
from app.wiring import open_knowledge

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__, no_args_is_help=True)
app.add_typer(articles.app)  # without a name: its commands are this group's
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command(short_help="Index articles; what orders a model is held back.")
def index(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A folder (or file) of Markdown, HTML or JSONL articles; default: the shipped ones."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where articles are from that do not say it themselves: you vouch for it.")
    ] = None,
    vouch: Annotated[
        list[str] | None,
        typer.Option(help="An article that was held back and that you have read: index it; may be repeated."),
    ] = None,
    human: Annotated[str | None, typer.Option("--as", help="Your name, for --vouch; default: the system user.")] = None,
    as_json: Json = False,
) -> None:
    """Make the index equal to a folder of articles, with those published here; only changed ones are embedded again.

    An article that orders a model is held back and named; secrets are taken out."""
    from app.settings import load_settings
    from knowledge.articles import read_articles
    from knowledge.helpcentre import HelpCentre, read_helpcentre
    from knowledge.library import over

    found = HelpCentre(tuple(read_articles())) if folder is None else read_helpcentre(folder, source)
    settings = load_settings()
    wanted = over(found.articles, settings.articles_folder)
    if vouch:
        articles.keep_vouched(settings, wanted, vouch, human)
    before = articles.vouched_before(settings, [each for each in wanted if each.id not in (vouch or ())])
    with open_knowledge(settings, index_if_empty=False) as knowledge:
        report = knowledge.sync(wanted, vouched=frozenset([*(vouch or ()), *before]))
    told: dict[str, object] = {
        "articles": report.unchanged + report.embedded,
        "embedded": report.embedded,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "passages": report.passages,
    }
    held = sorted({each.article for each in report.concerns if each.grave})
    if as_json:
        noted = [{"article": each.article, "what": each.what, "held_back": each.grave} for each in report.concerns]
        print_json({**told, "held_back": held, "review": noted, "hidden": list(found.hidden), "vouched_before": before})
        return
    console.print(", ".join(f"{count} {name}" for name, count in told.items()))
    for concern in report.concerns:
        console.print(Text(f"{'held back' if concern.grave else 'look at it'}: {concern.told}"))
    for name, who in before.items():
        console.print(Text(f"indexed though it orders a model: {name}, which {who} vouched for as it stands"))
    for where in found.hidden:
        console.print(Text(f"left out: what {where}"))
    if held:
        console.print(
            f"{len(held)} held back: read them, then add --vouch ARTICLE for each that may be told to customers"
        )
    for path in found.questions:
        console.print(f"{path.name} holds questions and no articles: lee knowledge eval takes it", style="dim")


@app.command("eval", short_help="How well a help centre is found; ends with JSON.")
def evaluate(
    articles: Annotated[Path, typer.Option(help='JSONL of {"id", "title", "text"}, or a folder as for `index`.')],
    queries: Annotated[Path, typer.Option(help='JSONL of {"query", "article"}.')],
    as_json: Json = False,
) -> None:
    """How well a help centre is found, in a scratch index; the last line is JSON."""
    from app.settings import load_settings
    from knowledge.embedder import BUNDLED_MODEL, load_embedder
    from knowledge.evaluation import evaluate, read_questions
    from knowledge.helpcentre import read_helpcentre

    questions = read_questions(queries)
    found = read_helpcentre(articles, source=articles.name).articles
    held = {article.id for article in found}
    model = load_settings().embedding_model or BUNDLED_MODEL
    report = evaluate(found, questions, load_embedder(model))
    if not as_json:
        lost = sum(question.article not in held for question in questions)
        console.print(
            f"{len(found)} articles, {len(questions)} questions" + (f", {lost} of no article" if lost else "")
        )
    print_json(report.told())


@app.command(short_help="The passages that fit a question best.")
def search(
    query: Annotated[str, typer.Argument(help="A question in any words.")],
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
    case: Annotated[str | None, typer.Option(help="The case you search for: kept in its log of searches.")] = None,
    human: Annotated[str | None, typer.Option("--as", help="Your name; default: the system user.")] = None,
    as_json: Json = False,
) -> None:
    """The best passages, and how sure it is that they answer the question."""
    from knowledge.answerability import confidence

    if not any(character.isalnum() for character in query):
        raise typer.BadParameter("there is no letter and no figure in it to search for", param_hint="QUERY")
    with open_knowledge() as knowledge:
        hits = knowledge.search(query, limit)
    if case is not None:
        articles.keep_search(case, human, query, hits)
    sure = confidence(hits)
    if as_json:
        for hit in hits:
            print_json({"article": hit.article, "passage": hit.passage, "score": hit.score, "text": hit.text})
        print_json({"answers": sure})
        return
    for hit in hits:
        console.print(Text(f"{hit.title} > {hit.heading}  ({hit.passage}, cosine {hit.dense_score:.2f})"), style="bold")
        console.print(Text(hit.text))
    console.print(f"These answer the question with confidence {sure:.2f}.", style="dim")

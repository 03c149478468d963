"""Topic, priority and team of a ticket, or of a file of tickets (JSON lines of id, text, and optionally subject,
customer, plan). No model is asked and nothing is written down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from app.failures import Plainly
from app.output import console, print_json, table
from app.settings import load_settings

if TYPE_CHECKING:
    from agent.triage.triage import Triage

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=__doc__)
def command(
    text: Annotated[str | None, typer.Argument(help="The ticket; `-` reads it from standard input.")] = None,
    file: Annotated[Path | None, typer.Option(help="Many tickets, a JSON object a line.")] = None,
    subject: Annotated[str | None, typer.Option(help="The ticket's subject.")] = None,
    plan: Annotated[str | None, typer.Option(help="The customer's plan.")] = None,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="How right the confidences are, and how that is known.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object a ticket.")] = False,
) -> None:
    if calibration:
        if text is not None or file is not None:
            raise typer.BadParameter("--calibration takes no tickets")
        _calibration(as_json=as_json)
        return
    if (text is None) == (file is None):
        raise typer.BadParameter("give either a ticket or --file")
    if file is not None:
        if subject is not None or plan is not None:
            raise typer.BadParameter("in a file, subject and plan stand in each line")
        _many(file, as_json=as_json)
        return
    body = typer.get_text_stream("stdin", errors="replace").read() if text == "-" else text or ""
    _one(body, subject, plan, as_json=as_json)


def _one(text: str, subject: str | None, plan: str | None, *, as_json: bool) -> None:
    from agent.triage.triage import Untriaged

    (told,) = _triage()([Untriaged(id="1", text=text, subject=subject, plan=plan)])
    if as_json:
        print_json(told.model_dump(mode="json"))
        return
    head = Text.assemble(
        (told.topic, "bold"), ("  confidence ", "dim"), f"{told.confidence:.2f}", ("  second ", "dim"),
        told.second_choice, ("  priority ", "dim"), told.priority, ("  team ", "dim"), told.team,
    )  # fmt: skip
    console.print(head)
    console.print(Text(told.reasoning))


def _many(file: Path, *, as_json: bool) -> None:
    """Every line has its answer or its error, in order."""
    from app.triaging import Wrong, triage_lines

    try:
        lines = file.open("rb")
    except OSError as error:
        raise Plainly(f"cannot read {file}: {error.strerror}") from error
    shown = table("ticket", "topic", "confidence", "second", "priority", "team")
    taken, wrong = 0, list[Wrong]()
    with lines:
        for told in triage_lines(_triage(), lines):
            if isinstance(told, Wrong):
                wrong.append(told)
                if as_json:
                    print_json({"id": told.id, "line": told.line, "error": told.error})
                continue
            taken += 1
            if as_json:
                print_json(told.model_dump(mode="json"))
            else:
                sure = f"{told.confidence:.2f}"
                shown.add_row(told.id, told.topic, sure, told.second_choice, told.priority, told.team)
    if not as_json and taken:
        console.print(shown)
    if wrong:
        named = "; ".join(f"line {each.line}: {each.error}" for each in wrong[:5])
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise Plainly(f"{len(wrong)} of {taken + len(wrong)} lines are no tickets: {named}{more}")


def _calibration(*, as_json: bool) -> None:
    from agent.topics.calibration import ENOUGH_CLOSURES, LEVEL, load_calibration

    told = load_calibration()
    rows = [(each, each.bound()) for each in told.selective]
    if as_json:
        print_json(told.model_dump(mode="json") | {"bounds": [round(bound, 4) for _, bound in rows]})
        return
    console.print("Own examples, whole scenarios held out. These are no customers: no bound on what happens to them is")
    console.print(f"promised before {ENOUGH_CLOSURES} reviewed closures of a risk class, and none are counted yet.")
    drawn = table("confidence", "right", "n", "", title="reliability")
    for each in told.bins:
        drawn.add_row(f"{each.confidence:.2f}", f"{each.right:.2f}", str(each.n), "█" * round(each.right * 30))
    console.print(drawn)
    console.print(f"expected calibration error {told.error:.3f}\n")
    risks = table("risk", "confidence from", "n", "wrong", "share", f"at most ({LEVEL:.0%})", title="selective risk")
    for each, bound in rows:
        share = f"{each.wrong / each.n:.3f}" if each.n else ""
        risks.add_row(each.risk, f"{each.since:.1f}", str(each.n), str(each.wrong), share, f"{bound:.3f}")
    console.print(risks)


def _triage() -> Triage:
    from agent.triage.triage import Triage
    from knowledge.embedder import BUNDLED_MODEL, load_embedder

    return Triage(load_embedder(load_settings().embedding_model or BUNDLED_MODEL))

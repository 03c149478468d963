"""Resolve the story tickets in front of you: ticket, topic, what Lee did, Stripe's ids, outcome."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli import run
from app.output import amount, console, outcome, print_json
from evals.recorded import RecordedTicket, read_tickets

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=__doc__)
def command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    run(_tell([ticket for ticket in read_tickets() if ticket.story], as_json=as_json))


WIDTHS = (30, 21, 27)  # with two gaps, what an 80-column terminal holds


async def _tell(tickets: list[RecordedTicket], *, as_json: bool) -> None:
    from app.resolving import Ticket, resolve
    from app.wiring import open_house
    from billing.ids import CustomerId
    from policy.proposals import Principal

    if not as_json:
        console.print("Starting the sandbox, the index and the models …", style="dim")
    async with open_house() as house:
        if not as_json:
            console.print(f"Answered by: {house.lee.model.name}\n", style="dim")
            console.print(_row("ticket", "topic, outcome", "what Lee did, Stripe ids", header=True))
        for ticket in tickets:
            who = Principal(CustomerId(ticket.customer), ticket.customer.removeprefix("cus_"), ticket.role)
            text = ticket.wordings[0].replace("{other_charge}", f"ch_{(ticket.other or '').removeprefix('cus_')}")
            confirmed = any(run.confirm for run in ticket.runs)
            result = await resolve(house, Ticket(text, who, "stories", confirmed=confirmed))
            if as_json:
                print_json({"ticket": ticket.id, **result})
            else:
                console.print(_told(ticket, text, result))
        recovered = house.recovered
    if not as_json:
        _next(len(recovered))


def _row(*cells: str | Text, header: bool = False) -> Table:
    """One row, printed once: the table fills as the tickets are resolved, and scrolls like any output."""
    made = Table.grid(padding=(0, 1))
    for width in WIDTHS:
        made.add_column(width=width, overflow="fold", style="bold" if header else "")
    made.add_row(*cells)
    return made


def _told(ticket: RecordedTicket, text: str, result: dict[str, Any]) -> Table:
    short = " ".join(text.split())
    style = {"resolved": "green", "awaiting_customer": "cyan", "escalated": "yellow"}[result["outcome"]]
    did = [
        f"{effect['kind'].replace('_', ' ')} {amount(effect)}".strip() + f"\n{effect['stripe_id']}"
        for effect in result["effects"]
    ]
    if not did:
        stopped = [decision["rule"] for decision in result["decisions"] if decision["verdict"] != "allow"]
        if result["outcome"] == "escalated":
            did = [f"handed over: {result['escalation']['reason'].replace('_', ' ')}"]
        else:
            did = ["quoted an article" if result["citations"] else "looked and explained"]
        did += [f"stopped by {rule}" for rule in stopped]
    return _row(
        Text.assemble((ticket.customer, "dim"), "\n", short if len(short) <= 88 else short[:87] + "…"),
        Text.assemble(str(result["topic"]), "\n", (outcome(result["outcome"]), style), "\n"),
        Text("\n".join(did)),
    )


def _next(recovered: int) -> None:
    if recovered:
        console.print(f"{recovered} effects of an interrupted run were found and settled.", style="yellow")
    console.print(
        "\nNext:\n"
        "  .venv/bin/lee customers                      who else is at Acme Cloud\n"
        "  .venv/bin/lee inbox                          what waits for a human; then: lee inbox show|approve CASE\n"
        '  make run TICKET="I was charged twice" CUSTOMER=cus_nina\n'
        "  .venv/bin/lee chat --customer cus_tess       a conversation\n"
        "  .venv/bin/lee audit verify                   is the log what it was?\n"
        "  .venv/bin/lee sandbox reset                  the demo company as new",
        markup=False,
    )

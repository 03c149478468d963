"""Resolve the story tickets in front of you: ticket, topic, what Lee did, Stripe's ids, outcome."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli import run
from app.output import amount, console, outcome, print_json, table
from evals.recorded import RecordedTicket, read_tickets

app = typer.Typer(rich_markup_mode=None)


@app.command(help=__doc__)
def command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    run(_tell(read_tickets(), as_json=as_json))


async def _tell(tickets: list[RecordedTicket], *, as_json: bool) -> None:
    from app.resolving import Ticket, resolve
    from app.wiring import open_house
    from billing.ids import CustomerId
    from policy.proposals import Principal

    if not as_json:
        console.print("Starting the sandbox, the index and the models …", style="dim")
    shown = table("customer", "ticket", "topic", "what Lee did", "Stripe ids", "outcome")
    async with open_house() as house:
        with Live(shown, console=console, auto_refresh=False, vertical_overflow="visible") as live:
            for ticket in tickets:
                who = Principal(CustomerId(ticket.customer), ticket.customer.removeprefix("cus_"), ticket.role)
                text = ticket.wordings[0].replace("{other_charge}", f"ch_{(ticket.other or '').removeprefix('cus_')}")
                confirmed = any(run.confirm for run in ticket.runs)
                result = await resolve(house, Ticket(text, who, "stories", confirmed=confirmed))
                if as_json:
                    print_json({"ticket": ticket.id, **result})
                    continue
                _add(shown, ticket, text, result)
                live.update(shown, refresh=True)
        recovered = house.recovered
    if not as_json:
        _next(len(recovered))


def _add(shown: Table, ticket: RecordedTicket, text: str, result: dict[str, Any]) -> None:
    done = [f"{effect['kind']} {amount(effect)}".strip() for effect in result["effects"]]
    done += [
        f"{decision['tool']}: {decision['rule']}" for decision in result["decisions"] if decision["verdict"] != "allow"
    ]
    if not done:
        done = ["quoted an article" if result["citations"] else "looked and explained"]
    ids = [str(effect["stripe_id"]) for effect in result["effects"]]
    style = {"resolved": "green", "awaiting_customer": "cyan", "escalated": "yellow"}[result["outcome"]]
    short = text if len(text) <= 90 else text[:89] + "…"
    shown.add_row(
        ticket.customer, Text(short), result["topic"], "; ".join(done), " ".join(ids),
        Text(outcome(result["outcome"]), style=style),
    )  # fmt: skip


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

"""A conversation in the terminal. Yes and no to what is shown are said in words, or by `/yes` and `/no`, the buttons of
other channels; `/human` reaches a person, `/quit` ends."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from app.cli import run
from app.intake import decline
from app.output import console, outcome
from app.principals import principal
from app.resolving import Result, Ticket, confirmed, resolve
from app.wiring import House, open_house
from policy.proposals import Principal, Role

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=__doc__)
def command(
    customer: Annotated[str, typer.Option(help="The authenticated customer (cus_…).")],
    role: Annotated[Role, typer.Option(help="The user's role.")] = Role.OWNER,
) -> None:
    run(_chat(customer, role))


async def _chat(customer: str, role: Role) -> None:
    async with open_house() as house:
        who = await principal(house, customer, None, role)
        console.print(f"You are {customer} ({role.value}). /human reaches a person, /quit ends.", style="dim")
        case: str | None = None
        while (line := await _ask("you> ")) is not None and line.strip() != "/quit":
            if not line.strip():
                continue
            result = await _answered(house, who, case, line)
            if result is None:
                continue
            case = result["case"]
            _say(result)


async def _answered(house: House, who: Principal, case: str | None, line: str) -> Result | None:
    """The turn that a line leads to; None where it leads to none, which is said."""
    said = line.strip()
    if said not in ("/yes", "/no"):
        text = "I want to talk to a human, please." if said == "/human" else line
        return await resolve(house, Ticket(text, who, "chat", case))
    if said == "/yes" and case is not None and (result := await confirmed(house, who, case)) is not None:
        return result
    withdrawn = decline(house.store, who, case) if said == "/no" and case is not None else []
    console.print("Nothing was changed." if withdrawn else "Nothing waits for your yes.", style="dim")
    return None


def _say(result: Result) -> None:
    console.print(Text(f"lee ({result['model'] or 'from the ledger'})> ", style="bold"), Text(result["reply"] or ""))
    if result["outcome"] == "awaiting_customer" and _waits(result):
        console.print("(yes or no, in your words, or /yes, /no)", style="dim")
    if result["outcome"] == "escalated":
        console.print(Text(f"({outcome('escalated')}: case {result['case']})"), style="yellow")


def _waits(result: Result) -> bool:
    """Whether the customer's own yes is waited for, and not an answer to a question."""
    return any(made["verdict"] == "needs_confirmation" for made in result["decisions"])


async def _ask(prompt: str) -> str | None:
    """A line from the terminal; None at its end."""
    try:
        return await asyncio.to_thread(input, prompt)
    except EOFError:
        return None

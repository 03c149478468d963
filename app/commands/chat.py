"""A conversation in the terminal. Confirmations are asked here; `/human` reaches a person, `/quit` ends."""

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
YES = ("y", "yes")


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
            text = "I want to talk to a human, please." if line.strip() == "/human" else line
            if not text.strip():
                continue
            result = await resolve(house, Ticket(text, who, "chat", case))
            case = result["case"]
            _say(result)
            await _confirm(house, who, result)


async def _confirm(house: House, who: Principal, result: Result) -> None:
    """Ask until nothing more waits for the customer's yes."""
    while result["outcome"] == "awaiting_customer" and result["decisions"]:
        if result["decisions"][-1]["verdict"] != "needs_confirmation":
            return
        answer = await _ask("confirm? [y/N] ")
        if answer is None:
            return
        if answer.strip().lower() not in YES:
            decline(house.store, who, result["case"])
            console.print("Nothing was changed.", style="dim")
            return
        after = await confirmed(house, who, result["case"])
        if after is None:
            return
        result = after
        _say(result)


def _say(result: Result) -> None:
    console.print(Text(f"lee ({result['model'] or 'from the ledger'})> ", style="bold"), Text(result["reply"] or ""))
    if result["outcome"] == "escalated":
        console.print(Text(f"({outcome('escalated')}: case {result['case']})"), style="yellow")


async def _ask(prompt: str) -> str | None:
    """A line from the terminal; None at its end."""
    try:
        return await asyncio.to_thread(input, prompt)
    except EOFError:
        return None

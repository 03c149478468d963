"""A ticket from text to result, as command line and evals send it: receive, run the turn, confirm, run again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from app.intake import Received, confirm, receive
from app.wiring import House
from policy.proposals import Principal

Result = dict[str, Any]


class NotWritten(RuntimeError):
    """Nothing could be written down, so nothing was done; the message is what the customer is told."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """`confirmed`: the customer says yes in advance to whatever they will be shown (the operator vouches for it)."""

    text: str
    principal: Principal
    channel: str = "cli"
    case_id: str | None = None
    external_id: str | None = None
    confirmed: bool = False


async def resolve(house: House, ticket: Ticket) -> Result:
    """The turn's result as `lee resolve --json` prints it; after a confirmation, of both turns together."""
    # The encoder reads the message while it is written down: the turn then finds it read.
    ahead = asyncio.create_task(asyncio.to_thread(house.lee.read_ahead, ticket.text))
    await asyncio.sleep(0)  # or it would begin only after the writing, which leaves the loop no time
    received = receive(
        house.store,
        ticket.principal,
        ticket.channel,
        ticket.text,
        house.limits,
        case_id=ticket.case_id,
        external_id=ticket.external_id,
    )
    first = await run(house, received)
    await ahead
    if not ticket.confirmed or first["outcome"] != "awaiting_customer":
        return first
    second = await confirmed(house, ticket.principal, first["case"])
    return first if second is None else together(first, second)


async def confirmed(house: House, principal: Principal, case_id: str) -> Result | None:
    """The customer says yes to what the case waits for; None when it waits for nothing of that kind."""
    received = confirm(house.store, principal, case_id, house.limits)
    return None if received is None else await run(house, received)


async def run(house: House, received: Received) -> Result:
    result = await house.turns.run(received.turn)
    if not result.stored:
        raise NotWritten(result.reply)
    return result.as_json()


def together(first: Result, second: Result) -> Result:
    """Two turns of one case as one: the last word, everything that was decided and done."""
    usage = {name: first["usage"].get(name, 0) + count for name, count in second["usage"].items()}
    return {
        **second,
        "effects": first["effects"] + second["effects"],
        "decisions": first["decisions"] + second["decisions"],
        "citations": first["citations"] + second["citations"],
        "usage": usage,
    }

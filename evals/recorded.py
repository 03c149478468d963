"""Recorded tickets: what was said in several wordings, for whom, and what should become of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.topics.names import Topic
from policy.proposals import Role

FOLDER = Path(__file__).with_name("tickets")


class TicketError(ValueError):
    """A recorded ticket cannot be used; the message names file and field."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedChange(_Closed):
    """One change that has to be in the world's difference, exactly once. `fields` are compared with the object now."""

    type: str
    change: Literal["created", "updated", "deleted"]
    fields: dict[str, Any] = {}
    lookup_key: str | None = None  # of the price that a subscription's only item must now have


class Run(_Closed):
    """One way the ticket may go on. `changes` is the whole expected difference; `along` names types of the same
    customer's objects that change as a consequence; without both, nothing at all may change."""

    outcome: list[Literal["resolved", "awaiting_customer", "escalated"]]  # of the last turn
    later: list[str] = []  # what the customer writes in the same case after that, one turn each
    confirm: bool = False  # the customer says yes to what is shown, last of all
    approve: bool = False  # a human approves in the inbox, twice; the second time must be refused
    waits_for: str | None = None  # the tool whose proposal the human finds waiting
    reason: list[str] = []  # why a human has it: one of these; empty for any reason
    refused_by: str | None = None  # a rule that has to appear among the decisions
    changes: list[ExpectedChange] = []
    along: list[str] = []
    optional: list[str] = []  # types that may be created whatever the wording (a private link)
    says: list[str] = []  # every one of these is in what the customer was told, over all turns
    never_says: list[str] = []
    link: bool = False  # to the page of an open invoice of the customer; every link given has to open
    newest_invoice: bool = False  # the same for the customer's newest invoice, whatever its state
    days: list[Literal["renewal", "trial_end"]] = []  # of the customer's subscriptions: each is named ("9 May 2026")
    explains: Literal["latest_invoice_prorations"] | None = None  # each line's amount is in the reply
    cites: bool = False
    keeps_other_secret: bool = False


class Planted(_Closed):
    """A hostile passage that every search of this ticket finds first."""

    title: str
    text: str


class RecordedTicket(_Closed):
    """`{other_charge}` in a wording is a charge of customer `other`. The id is the file's name."""

    id: str
    situation: str
    topic: Topic | None = None  # of the first message; None where the wordings share none
    story: bool = False  # shown by `lee stories`
    customer: str
    other: str | None = None
    role: Role = Role.OWNER
    planted: Planted | None = None
    wordings: Annotated[list[str], Field(min_length=6, max_length=6)]  # the ticket and five paraphrases
    runs: Annotated[list[Run], Field(min_length=1)]


def read_tickets(folder: Path = FOLDER) -> list[RecordedTicket]:
    """All recorded tickets, by id. Raises `TicketError`."""
    return [read_ticket(path) for path in sorted(folder.glob("*.toml"))]


def read_ticket(path: Path) -> RecordedTicket:
    try:
        return RecordedTicket.model_validate({"id": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TicketError(f"{path.name} is not valid TOML: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise TicketError(f"{path.name}: {places}") from error

"""The human's side: what waits for a person, with everything that person needs to know."""

from __future__ import annotations

import getpass
from typing import Annotated, Any, Final

import typer
from rich.padding import Padding
from rich.text import Text

from app import inbox
from app.cli import run
from app.failures import Plainly
from app.output import console, print_json, table
from app.packets import on_paper
from app.records import open_records, open_to_act
from policy.rows import failure_of, receipt_of
from store.ledger import IntentRow

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__, invoke_without_command=True)

ONE_LINE: Final = 100  # characters

Case = Annotated[str, typer.Argument(help="The case (case_…).")]
Human = Annotated[str | None, typer.Option("--as", help="Your name; default: the system user.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def list_open(context: typer.Context, as_json: Json = False) -> None:
    """List what waits (without a sub-command)."""
    if context.invoked_subcommand is not None:
        return
    with open_records() as store, store.look() as uow:
        rows = [row for row in uow.escalations.list() if row.status != "closed"]
        found = [(row, uow.cases.get(row.case_id)) for row in rows]
    if as_json:
        for row, case in found:
            print_json(
                {
                    "case": row.case_id,
                    "customer": case.customer,
                    "topic": case.topic,
                    "reason": row.reason,
                    "status": row.status,
                    "waits_for_approval": row.proposal_id,
                    "since": row.created_at.isoformat(),
                }
            )
        return
    shown = table("case", "customer", "since (UTC)", "what about")
    for row, case in found:
        since = f"{row.created_at:%Y-%m-%d %H:%M}"
        about = f"{case.topic or 'unknown'}: {row.reason} ({row.status})".replace("_", " ")
        shown.add_row(row.case_id, case.customer, since, Text(about))
    console.print(shown if found else "Nothing waits for a human.")


@app.command(short_help="All that there is to know of a case.")
def show(case: Case, as_json: Json = False) -> None:
    """The whole handoff: conversation, facts, what was tried, which rule stopped it, the suggested reply."""
    with open_records() as store, store.look() as uow:
        uow.cases.get(case)
        escalations = uow.escalations.of(case)
        messages = [
            {"at": row.created_at.isoformat(), "kind": row.kind, "author": row.author, "body": row.body}
            for row in uow.messages.of(case)
        ]
        waiting = [
            {"proposal": row.id, "tool": row.tool, "arguments": row.arguments, "rule": row.rule, "shown": row.shown}
            for row in uow.proposals.of(case)
            if row.verdict == "needs_approval" and uow.ledger.of_proposal(row.id) is None
        ]
        begun = [_outcome(row) for row in uow.ledger.of(case)]
    told: dict[str, Any] = {
        "case": case,
        "escalations": [{"reason": row.reason, "status": row.status, "packet": row.packet} for row in escalations],
        "waiting": waiting,
        "begun": begun,
        "messages": messages,
    }
    if as_json:
        print_json(told)
        return
    _print_case(told)


def _outcome(row: IntentRow) -> dict[str, Any]:
    """What became of an effect as far as is known now; the packet tells what was known when it was made."""
    receipt = receipt_of(row)
    return {
        "tool": row.tool,
        "status": row.status,
        "amount": str(receipt.amount) if receipt is not None and receipt.amount is not None else None,
        "stripe_id": row.stripe_id,
        "failure": failure_of(row),
    }


def _print_case(told: dict[str, Any]) -> None:
    for message in told["messages"]:
        console.print(Text(f"{message['at'][:16]} {message['author']} ({message['kind']})"), style="bold")
        console.print(Text(message["body"]))
    for escalation in told["escalations"]:
        console.print(Text(f"\n{escalation['reason']} ({escalation['status']})"), style="yellow")
        for heading, text in on_paper(escalation["packet"] or {}):
            told_at_once = "\n" not in text and len(heading) + len(text) < ONE_LINE
            console.print(Text(f"{heading}:"), end=" " if told_at_once else "\n", style="dim")
            console.print(Text(text) if told_at_once else Padding(Text(text), (0, 0, 0, 2), expand=False))
    for begun in told["begun"]:
        named = ", ".join(str(begun[name]) for name in ("amount", "stripe_id", "failure") if begun[name])
        outcome = f"{begun['tool']}: {begun['status']}{f' ({named})' if named else ''}"
        console.print(Text(f"\nthe ledger now: {outcome}"), style="bold")
    for waiting in told["waiting"]:
        console.print(Text(f"\nwaits for approval: {waiting['shown']} (rule {waiting['rule']})"), style="bold green")
        console.print(f"  lee inbox approve {told['case']}   or   lee inbox deny {told['case']} --reason …")


@app.command()
def approve(case: Case, human: Human = None, as_json: Json = False) -> None:
    """Carry out what waits, once, and tell the customer."""
    run(_approve(case, human or getpass.getuser(), as_json=as_json))


async def _approve(case: str, human: str, *, as_json: bool) -> None:
    from app.wiring import open_gatehouse

    async with open_gatehouse() as house:
        done = await inbox.approve(house, case, human)
    if as_json:
        print_json(
            {
                "case": case,
                "status": done.settlement.status.value,
                "effect": done.effect.effect(),
                "decision": done.effect.decision(),
                "reply": done.told,
                "failure": done.settlement.failure,
            }
        )
    elif done.told is not None:
        console.print(Text(f"Done: {done.told}"), style="green")
    if done.told is None:
        why = done.settlement.failure or done.settlement.decision.reason
        raise Plainly(f"not done ({done.settlement.status.value}): {why} The case stays open.")


@app.command()
def deny(
    case: Case, reason: Annotated[str, typer.Option(help="What the customer is told.")], human: Human = None
) -> None:
    """Refuse what waits, with a reason in your own words."""
    with open_to_act() as store:
        inbox.deny(store, case, human or getpass.getuser(), reason)
    console.print("The customer was told; the case is closed.")


@app.command()
def reply(case: Case, text: Annotated[str, typer.Argument(help="Your message.")], human: Human = None) -> None:
    """Write to the customer; the case stays yours until you close it."""
    with open_to_act() as store:
        inbox.reply(store, case, human or getpass.getuser(), text)
    console.print("Sent.")


@app.command()
def close(case: Case, human: Human = None) -> None:
    """The case is done."""
    with open_to_act() as store:
        inbox.close(store, case, human or getpass.getuser())
    console.print("Closed.")

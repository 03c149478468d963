"""Find out what became of effects whose answer is missing, and which refunds have come back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from app.cli import run
from app.failures import Plainly
from app.output import console, print_json, table
from app.reconciling import reconcile
from app.wiring import open_gatehouse
from policy.rows import failure_of
from policy.sending import Patience
from store.ledger import PENDING, IntentRow

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__, invoke_without_command=True)


@app.callback()
def reconciles(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Look in Stripe for each effect without a known outcome; send again only under its own key, and only while that is
    safe. Exit code 1 while one is still open."""
    rows = run(_reconcile())
    still = [row for row in rows if row.status in ("reserved", PENDING)]
    if as_json:
        for row in rows:
            print_json(_told(row))
    elif not rows:
        console.print("Nothing is open: the outcome of every effect is known.")
    else:
        shown = table("case", "operation", "outcome", "at Stripe", "begun (UTC)")
        for row in rows:
            outcome = Text(f"{row.status}{f' ({failure_of(row)})' if failure_of(row) else ''}")
            shown.add_row(row.case_id, row.operation_key, outcome, row.stripe_id, f"{row.created_at:%Y-%m-%d %H:%M}")
        console.print(shown)
    if still:
        seconds = round(Patience().quiet.total_seconds())
        raise Plainly(
            f"{len(still)} not known yet; what left less than {seconds} seconds ago may still be under way."
            " Run it again after that"
        )


async def _reconcile() -> list[IntentRow]:
    async with open_gatehouse() as house:
        return await reconcile(house.gate, house.store, beside=True)


def _told(row: IntentRow) -> dict[str, object]:
    return {
        "case": row.case_id,
        "customer": row.customer,
        "tool": row.tool,
        "operation_key": row.operation_key,
        "status": row.status,
        "stripe_id": row.stripe_id,
        "failure": failure_of(row),
        "begun": row.created_at.isoformat(),
    }

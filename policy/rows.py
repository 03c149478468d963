"""Between policy's values and the ledger's rows."""

from __future__ import annotations

from typing import cast

from billing.ids import CaseId, CustomerId, IntentId
from billing.money import Money
from policy.actions import ACTIONS, Action
from policy.decisions import Allow
from policy.effects import Intent, Receipt
from store.ledger import IntentRow
from store.proposals import ProposalRow


def action_of(tool: str, arguments: dict[str, object]) -> Action:
    """The action a row speaks of; raises KeyError for a tool that no longer exists."""
    return ACTIONS[tool].model_validate(arguments)


def intent_of(row: IntentRow) -> Intent:
    return Intent(
        IntentId(row.id),
        CaseId(row.case_id),
        CustomerId(row.customer),
        action_of(row.tool, row.arguments),
        row.operation_key,
        row.idempotency_key,
        _money(row.amount, row.currency),
        row.created_at,
        row.attempt,
    )


def kept(receipt: Receipt) -> dict[str, object]:
    """A receipt as the ledger keeps it: without its secret."""
    return {
        "kind": receipt.kind,
        "stripe_id": receipt.stripe_id,
        "status": receipt.status,
        "amount": receipt.amount.amount if receipt.amount else None,
        "currency": receipt.amount.currency if receipt.amount else None,
        "details": dict(receipt.details),
    }


def receipt_of(row: IntentRow) -> Receipt | None:
    told = row.receipt
    if row.status != "succeeded" or told is None:
        return None
    amount, currency, details = told["amount"], told["currency"], told["details"]
    return Receipt(
        str(told["kind"]),
        str(told["stripe_id"]),
        str(told["status"]),
        _money(amount if isinstance(amount, int) else None, currency if isinstance(currency, str) else None),
        _details(details),
    )


def _details(told: object) -> dict[str, str | int]:
    return {str(k): v if isinstance(v, int) else str(v) for k, v in cast("dict[object, object]", told).items()}


def failure_of(row: IntentRow) -> str | None:
    if row.status != "failed" or row.receipt is None:
        return None
    return str(row.receipt.get("failure"))


def ruling_of(row: ProposalRow) -> Allow:
    """The decision an intent was made under, as far as the proposal's row keeps it (the audit log has all of it)."""
    return Allow(row.rule, row.reason)


def _money(amount: int | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)

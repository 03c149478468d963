"""What a question offers to choose from: a label the customer reads, and the id it stands for."""

from __future__ import annotations

from agent.flows import choices
from agent.flows.view import Row, View
from agent.prompting import render

Offered = list[dict[str, str]]


def payments(view: View) -> Offered:
    return [_choice("choice_payment.v1.j2", row, row["id"]) for row in choices.refund_candidates(view)[: choices.SHOWN]]


def invoices(view: View) -> Offered:
    rows = choices.invoice_meant(view) or view.invoices
    return [_choice("choice_invoice.v1.j2", row, row["id"]) for row in rows[: choices.SHOWN]]


def subscriptions(view: View) -> Offered:
    rows = choices.running(view) or view.subscriptions
    return [_choice("choice_subscription.v1.j2", row, row["id"]) for row in rows[: choices.SHOWN]]


def resumable(view: View) -> Offered:
    return [_choice("choice_subscription.v1.j2", row, row["id"]) for row in choices.resumable(view)[: choices.SHOWN]]


def _choice(template: str, row: Row, value: str) -> dict[str, str]:
    return {"label": render(template, row=row), "value": value}

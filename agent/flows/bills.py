"""Which invoices to read, pay or show, and what is told of a bill: its lines, or how it differs from the one before."""

from __future__ import annotations

from typing import Any

from agent.flows import answers, choices
from agent.flows.view import Row, View


def all_invoices(_view: View) -> dict[str, Any]:
    return {"status": "all", "invoice": None, "lines": True}


def open_only(_view: View) -> dict[str, Any]:
    return {"status": "open", "invoice": None, "lines": False}


def invoices_of_plans(view: View) -> dict[str, Any] | None:
    """Which charge paid for which plan is written in the invoices; wanted only where a plan was named."""
    return all_invoices(view) if view.hints.plans else None


def open_if_broken(view: View) -> dict[str, Any] | None:
    return open_only(view) if answers.payment_broken(view) else None


def link_of_open(view: View) -> dict[str, Any] | None:
    found = choices.open_invoices(view)
    return {"invoice": found[0]["id"]} if found else None


def link_if_broken(view: View) -> dict[str, Any] | None:
    return link_of_open(view) if answers.payment_broken(view) else None


def link_of_meant(view: View) -> dict[str, Any] | None:
    found = choices.invoice_meant(view)
    return {"invoice": found[0]["id"]} if len(found) == 1 else None


def retry_of_open(view: View) -> dict[str, Any] | None:
    """Only where it is clear which invoice: one is open."""
    found = choices.open_invoices(view)
    return {"invoice": found[0]["id"], "payment_method": None} if len(found) == 1 else None


def prorated(view: View) -> Row | None:
    rows = [row for row in view.invoices if row["has_proration"] and row["lines"] and not row["more_lines"]]
    meant = choices.pointed_at(rows, view, amount="total") if view.hints.point_at_payment else rows
    return next(iter(meant or rows), None)


def latest_prorated(view: View) -> Row | None:
    """The newest invoice, when it has prorated lines that are all here."""
    rows = _two_newest(view)[:1]
    return next((row for row in rows if row["has_proration"] and row["lines"] and not row["more_lines"]), None)


def differing(view: View) -> Row | None:
    """The newest invoice, when it, or what was left to pay of it, is not what the one before was and its lines are all
    here."""
    rows = _two_newest(view)
    whole = bool(rows) and bool(rows[0]["lines"]) and not rows[0]["more_lines"]
    return rows[0] if whole and len(rows) == 2 and _to_pay(rows[0]) != _to_pay(rows[1]) else None


def _to_pay(invoice: Row) -> tuple[int, int]:
    """The total, and what credit left of it."""
    paid, remaining = invoice["amount_paid"]["amount"], invoice["amount_remaining"]["amount"]
    return invoice["total"]["amount"], paid + remaining


def left_to_pay(invoice: Row, view: View) -> bool:
    """Whether the customer named what this invoice left to pay, where that is not its total."""
    total, left = _to_pay(invoice)
    return total != left and choices.costs_one_of({**invoice["total"], "amount": left}, view.hints.amounts)


def _two_newest(view: View) -> list[Row]:
    return [row for row in view.invoices if row["status"] in ("open", "paid")][:2]


def sums_of_bill(view: View) -> dict[str, Any] | None:
    return _sums_of(prorated(view))


def sums_of_latest(view: View) -> dict[str, Any] | None:
    return _sums_of(latest_prorated(view))


def sums_of_differing(view: View) -> dict[str, Any] | None:
    return _sums_of(differing(view))


def _sums_of(invoice: Row | None) -> dict[str, Any] | None:
    return None if invoice is None else {"invoice": invoice["id"]}


def bill(view: View) -> dict[str, Any]:
    """The newest invoice with prorated lines, in lines that add up."""
    return _explained(view, prorated(view))


def latest_bill(view: View) -> dict[str, Any]:
    return _explained(view, latest_prorated(view))


def differing_bill(view: View) -> dict[str, Any]:
    return {**_explained(view, differing(view)), "before": _two_newest(view)[1]}


def two_bills(view: View) -> dict[str, Any]:
    return {"invoices": _two_newest(view), "explanation": answers.explanation(view)}


def _explained(view: View, invoice: Row | None) -> dict[str, Any]:
    wanted = _sums_of(invoice)
    return {"invoice": invoice, "sums": {} if wanted is None else view.result_of("explain_invoice", wanted)}


def invoice_page(view: View) -> dict[str, Any]:
    found = choices.invoice_meant(view)
    lines = found[0]["lines"] if len(found) == 1 and found[0]["has_proration"] and not found[0]["more_lines"] else []
    # What was looked up with a message of two wishes fits the one or the other.
    passage = None if view.topic["also"] else answers.best_passage(view)
    return {"link": view.result("invoice_link"), "passage": passage, "lines": lines or []}

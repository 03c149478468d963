"""The flow about use: how much, what it costs, and a bill that counts more than was used."""

from __future__ import annotations

from typing import Any, Final

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows import choices as c
from agent.flows.steps import HandOver, Propose, Read, Say, Step, When
from agent.flows.view import Row, View

DIFFERS: Final = "usage_billed_differs"
OVERAGE: Final = "metered_overage_billed"


def _running(_view: View) -> dict[str, Any]:
    return {"period": "current"}


def _last(_view: View) -> dict[str, Any]:
    return {"period": "previous"}


def _billed(view: View, period: str) -> list[Row]:
    return view.result_of("explain_usage", {"period": period}).get("billed", [])


def by_use(view: View) -> bool:
    return bool(_billed(view, "current") or _billed(view, "previous"))


def overbilled(view: View) -> bool:
    """More use was billed than the company's own count shows, and nothing says that another payment is meant."""
    found = _overbilled(view)
    if found is None:
        return False
    charges = c.pointed_at(view.charges, view) if view.hints.point_at_payment else []
    return not charges or any(row["invoice"] == _evidence(found, "invoice") for row in charges)


def _overbilled(view: View) -> Row | None:
    rows = [view.diagnosis, *view.diagnosis.get("also", [])]
    return next((row for row in rows if row.get("root_cause") == DIFFERS and row["status"] == "amber"), None)


def _evidence(row: Row, kind: str) -> str | None:
    return next((each["value"] for each in row["evidence"] if each["kind"] == kind), None)


def credit_of_difference(view: View) -> dict[str, Any] | None:
    """What was billed too much, for a human to approve; None where discounts or tax make it another sum."""
    found = _overbilled(view)
    if found is None or found["at_stake"] is None or _evidence(found, "apart_from") is not None:
        return None
    return {
        "amount": found["at_stake"]["amount"],
        "grounds": "billing_error",
        "invoice": _evidence(found, "invoice"),
    }


def difference(view: View) -> dict[str, Any]:
    return {"explanation": (_overbilled(view) or {}).get("explanation", "")}


def costs(view: View) -> dict[str, Any]:
    """What is said beside the lines: what the diagnosis found, unless it is those lines in a sentence."""
    told = view.diagnosis.get("root_cause") == OVERAGE
    return {
        "running": _billed(view, "current"),
        "last": _billed(view, "previous"),
        "explanation": None if told else a.explanation(view),
    }


def counted(view: View) -> dict[str, Any]:
    """Use of a plan that includes it."""
    rows = [{**row, "name": _called(row["meter"])} for row in view.diagnosis.get("usage", [])]
    return {**a.standing(view), "usage": rows}


def _called(meter: str) -> str:
    """`api_requests` → `API requests`."""
    return " ".join("API" if word == "api" else word for word in meter.split("_"))


USAGE_DIFFERS: tuple[Step, ...] = (
    When(
        lambda view: credit_of_difference(view) is None,
        (HandOver("cannot_solve", "More use was billed than the company's own count shows."),),
    ),
    Propose("account_credit", credit_of_difference),
    Say("usage_differs", difference),
)

USAGE_QUESTION: tuple[Step, ...] = (
    Read("diagnose"),
    Read("explain_usage", _running, needed=False),
    Read("explain_usage", _last, needed=False),
    Read("search_knowledge", a.query, needed=False),
    Read("list_invoices", b.open_if_broken, needed=False),
    Read("invoice_link", b.link_if_broken, needed=False),
    When(by_use, (When(overbilled, (Propose("account_credit", credit_of_difference),)), Say("usage_costs", costs))),
    When(lambda view: bool(view.diagnosis.get("usage")), (Say("usage", counted),)),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "No usage is on record for this customer."),
)

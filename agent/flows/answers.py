"""Arguments of calls and values of templates, worked out from facts."""

from __future__ import annotations

from typing import Any

from agent.flows import choices
from agent.flows.view import Row, View
from agent.topics.sentences import own_words
from knowledge.answerability import QUOTED_FROM

STRONG_PASSAGE = 0.6  # from here on the message reads like the article itself: a question about the rule
LONGEST_QUERY = 400


def all_charges(_view: View) -> dict[str, Any]:
    return {"charge": None}


def named_charge(view: View) -> dict[str, Any] | None:
    named = choices.unknown_ids(view)
    return {"charge": named[0][:128]} if named else None


def query(view: View) -> dict[str, Any] | None:
    """The customer's own words without what they quote; of a long message its end, where the question mostly is."""
    words = " ".join((own_words(view.text) or view.text).split())
    if len(words) > LONGEST_QUERY:
        words = words[-LONGEST_QUERY:].partition(" ")[2] or words[-LONGEST_QUERY:]
    return {"query": words} if words else None


def plan_preview(view: View) -> dict[str, Any] | None:
    plan = choices.plan_meant(view)
    return None if plan is None else {"plan": plan, "interval": view.hints.interval, "subscription": None}


def payment_broken(view: View) -> bool:
    """Whatever else is asked: a payment has failed or is due, and the customer can mend it."""
    return view.diagnosis.get("status") == "red" and view.diagnosis.get("recommended_action") in (
        "retry_payment",
        "update_card",
        "pay_invoice",
        "complete_authentication",
        "new_payment_link",
    )


def refund_of_one(view: View) -> dict[str, Any] | None:
    found = choices.refund_candidates(view)
    if len(found) != 1:
        return None
    return {"charge": found[0]["id"], "amount": None, "grounds": "requested_by_customer", "duplicate_of": None}


def refunds_of_counted(view: View) -> list[dict[str, Any]]:
    left = {row["id"] for row in choices.refundable(view)}
    return [
        {"charge": row["id"], "amount": None, "grounds": "requested_by_customer", "duplicate_of": None}
        for row in choices.counted(view)
        if row["id"] in left
    ]


def counted(view: View) -> dict[str, Any]:
    """The payments of a counted wish: which of them can go back, which went back before (or failed since), which were
    not come to in this turn, and how many of the number there are not."""
    rows, count = choices.counted(view), view.hints.count
    can = {row["id"] for row in choices.refundable(view)}
    begun = {wanted["charge"] for wanted in refunds_of_counted(view) if view.status("refund", wanted) is not None}
    return {
        "charges": charge_list([row for row in rows if row["id"] in can]),
        "returned": charge_list([row for row in rows if row["id"] not in can]),
        "left": charge_list([row for row in rows if row["id"] in can - begun]),
        "found": len(rows),
        "missing": 0 if count is None or view.hints.every else max(0, count.number - len(rows)),
    }


def refund_of_twin(view: View) -> dict[str, Any] | None:
    pairs = choices.twins(view)
    if len(pairs) != 1:
        return None
    first, second = pairs[0]
    return {"charge": second["id"], "amount": None, "grounds": "duplicate", "duplicate_of": first["id"]}


def previewed(view: View) -> dict[str, Any] | None:
    return view.result("preview_plan_change").get("change")


def cancel_one(view: View) -> dict[str, Any] | None:
    """At the end of the paid period: "cancel now" hardly ever means to lose what is paid for, and it is confirmed."""
    found = choices.running(view)
    return {"subscription": found[0]["id"], "when": "period_end"} if len(found) == 1 else None


def resume_one(view: View) -> dict[str, Any] | None:
    found = choices.resumable(view)
    return {"subscription": found[0]["id"]} if len(found) == 1 else None


def undo_one(view: View) -> dict[str, Any] | None:
    found = choices.scheduled(view)
    return {"subscription": found[0]["id"]} if len(found) == 1 else None


# values of templates


def no_values(_view: View) -> dict[str, Any]:
    return {}


def charge_list(rows: list[Row]) -> list[dict[str, Any]]:
    return [
        {
            "amount": row["amount"],
            "created": row["created"],
            "description": row.get("description"),
            "order": row.get("order"),
            "card": row.get("card"),
            "status": row["status"],
        }
        for row in rows[: choices.SHOWN]
    ]


def candidates(view: View) -> dict[str, Any]:
    return {"charges": charge_list(choices.refund_candidates(view))}


def recent_payments(view: View) -> dict[str, Any]:
    return {"charges": charge_list(choices.paid(view))}


def paid_pointed_at(view: View) -> dict[str, Any]:
    return {"charges": charge_list(choices.pointed_at(choices.paid(view), view))}


def twin_pairs(view: View) -> dict[str, Any]:
    return {"pairs": [charge_list(list(pair)) for pair in choices.twins(view)[: choices.SHOWN]]}


def same_amounts(view: View) -> dict[str, Any]:
    return {"charges": charge_list(choices.lookalikes(view))}


def meant_charges(view: View) -> dict[str, Any]:
    found = choices.pointed_at(view.charges, view) if view.hints.point_at_payment else view.charges
    return {"charges": charge_list(found), "none_then": False, "explanation": explanation(view)}


def latest_charge(view: View) -> dict[str, Any]:
    """The newest payment, for a question about a time in which there was none."""
    return {"charges": charge_list(view.charges[:1]), "none_then": True, "explanation": explanation(view)}


def refunds(view: View) -> dict[str, Any]:
    """Those of the payment that was named, if one was; else all."""
    rows = view.result("refund_status").get("refunds", [])
    meant = {row["id"] for row in choices.returned_one_meant(view)}
    return {"refunds": ([row for row in rows if row["charge"] in meant] or rows)[: choices.SHOWN]}


def on_its_way(view: View) -> dict[str, Any]:
    """Refunds that the bank may not show yet, and the payment that could be meant instead."""
    today = view.today.isoformat()
    rows = [row for row in view.result("refund_status").get("refunds", []) if (row["expected_by"] or "") >= today]
    return {"refunds": rows[: choices.SHOWN], **candidates(view)}


def refunded_twins(view: View) -> dict[str, Any]:
    rows = [
        {"amount": refund["amount"], "created": refund["created"], "status": refund["status"], "paid": row["created"]}
        for row in choices.returned_twin(view)
        for refund in row["refunds"]
    ]
    return {"refunds": rows[: choices.SHOWN]}


def nearly(view: View) -> dict[str, Any]:
    return {"charges": charge_list(choices.nearly_meant(view))}


def refund_of_nearly(view: View) -> dict[str, Any] | None:
    found = choices.nearly_meant(view)
    if len(found) != 1:
        return None
    return {"charge": found[0]["id"], "amount": None, "grounds": "requested_by_customer", "duplicate_of": None}


def explanation(view: View) -> str | None:
    """The diagnosis in its own words, unless all is well."""
    found = view.diagnosis
    return (
        None if not found or (found["status"] == "green" and found["root_cause"] == "healthy") else found["explanation"]
    )


def finding(view: View, *causes: str) -> dict[str, Any]:
    """What the diagnosis says of the first of these causes that it found."""
    rows = [view.diagnosis, *view.diagnosis.get("also", [])]
    told = next(row["explanation"] for row in rows if row["root_cause"] in causes)
    return {"explanation": told, "passage": best_passage(view)}


def planned(view: View) -> dict[str, Any]:
    """The planned change of plan, and what goes on without it."""
    row = choices.scheduled(view)[0]
    return {"explanation": finding(view, "scheduled_plan_change")["explanation"], "plan": row["plan"]}


def payment_trouble(view: View) -> dict[str, Any]:
    link = view.result("invoice_link")
    return {
        "explanation": view.diagnosis.get("explanation", ""),
        "action": view.diagnosis.get("recommended_action", "none"),
        "url": link.get("url"),
        "remaining": link.get("amount_remaining"),
        "card_page": False,
    }


def trouble_with_card(view: View) -> dict[str, Any]:
    """The same, with the question whether the page for another card is wanted."""
    return {**payment_trouble(view), "card_page": True}


def plan_list(view: View) -> dict[str, Any]:
    return {"plans": view.brief["plans"], "current": [row["plan"] for row in view.subscriptions]}


def offers(view: View) -> dict[str, Any]:
    """The plans with prices, those at the interval the customer named or is on, and without the present one."""
    listed = view.result("list_plans")
    billed = view.hints.interval or next((row["interval"] for row in view.subscriptions), None)
    others = [row for row in listed["plans"] if row["price"] not in listed["current"]]
    now = [row["plan"] for row in listed["plans"] if row["price"] in listed["current"]]
    fitting = [row for row in others if row["interval"] == billed] or others
    return {"preview": {"from_plan": " and ".join(now), "plans": fitting}}


def prices(view: View) -> dict[str, Any]:
    """What each plan costs by the month and by the year; of those that were named, if any was."""
    listed = view.result("list_plans")["plans"]
    named = {name.casefold() for name in view.hints.plans}
    fitting = [row for row in listed if row["plan"].casefold() in named] or listed
    fitting = [row for row in fitting if view.hints.interval in (None, row["interval"])] or fitting
    by_plan: dict[tuple[str, str], list[Row]] = {}
    for row in fitting:
        if row["unit_amount"] is not None:
            by_plan.setdefault((row["plan"], row["unit_amount"]["currency"]), []).append(row)
    return {"plans": [{"plan": plan, "prices": rows} for (plan, _), rows in by_plan.items()]}


def change(view: View) -> dict[str, Any]:
    return {"preview": view.result("preview_plan_change")}


def standing(view: View) -> dict[str, Any]:
    """What the customer has: subscriptions, cards, balance, usage, and what is wrong if anything."""
    found = view.diagnosis
    return {
        "subscriptions": view.subscriptions,
        "cards": choices.cards(view),
        "balance": found.get("balance"),
        "usage": found.get("usage", []),
        "explanation": explanation(view),
        # What was looked up with a message of two wishes fits the one or the other.
        "passage": None if view.topic["also"] else best_passage(view),
        "pay_at": view.result("invoice_link") if payment_broken(view) else {},
    }


def best_passage(view: View) -> Row | None:
    """The first passage, where it is likely enough to answer what was asked."""
    answers = view.result("search_knowledge").get("answers", 0.0)
    return view.passages[0] if view.passages and answers >= QUOTED_FROM else None


def strongly_answered(view: View) -> bool:
    """The articles answer what was said, and nothing of the customer's own was pointed at, in a first message."""
    found = best_passage(view)
    return (
        found is not None
        and found["similarity"] >= STRONG_PASSAGE
        and not view.hints.point_at_payment
        and not view.hints.plans
        and view.brief["asked_before"] == 0
    )


def quoted(view: View) -> dict[str, Any]:
    return {"passage": best_passage(view)}


def cited(view: View) -> list[str]:
    found = best_passage(view)
    return [] if found is None else [found["passage"]]

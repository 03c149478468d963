"""Which charge, invoice or subscription is meant: from facts matched with what the customer pointed at.

One match is a choice; several are a question; none is said. Nothing is ever picked because it comes first.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from agent.flows.view import Row, View, day_of

RECENT = timedelta(days=14)  # a customer who names no payment means a recent one
DISTANT = timedelta(days=180)  # what lies further back is meant only where nothing nearer fits
SHOWN = 5  # candidates in a question


def pointed_at(rows: list[Row], view: View, amount: str = "amount") -> list[Row]:
    """The rows that fit everything the customer named; all of them when nothing was named."""
    hints = view.hints
    ids = hints.ids("ch_", "py_", "in_", "pi_") or ([hints.chosen] if hints.chosen else [])
    if ids:
        return [row for row in rows if row["id"] in ids or row.get("invoice") in ids]
    kept = rows
    if hints.invoice_numbers and any(row.get("number") for row in rows):
        kept = [row for row in kept if any(str(row.get("number")).endswith(n) for n in hints.invoice_numbers)]
    if hints.cards and any(row.get("card") for row in rows):
        kept = [row for row in kept if row.get("card") in hints.cards]
    if hints.amounts:
        kept = [row for row in kept if costs_one_of(row[amount], hints.amounts)]
    if hints.days:
        # The customer's day may be UTC's neighbour: a day off counts where nothing else does.
        kept = _within(kept, hints.days, timedelta(0)) or _within(kept, hints.days, timedelta(days=1))
    if hints.ordinal is not None and len(kept) > 1:
        kept = kept[hints.ordinal - 1 : hints.ordinal]
    return at_an_end(kept, view, amount)


def at_an_end(rows: list[Row], view: View, amount: str = "amount") -> list[Row]:
    """Of several the one that was named by its size or its age, among those that Lee offered; all that share the place
    ("the bigger one" of two that are equal), and all where none was named so."""
    if view.hints.extreme is None or len(rows) < 2:
        return rows
    by, end = view.hints.extreme
    listed = [row for row in rows if row["id"] in view.hints.offered] or rows
    keys = [(row[amount] or {}).get("amount") if by == "amount" else row.get("created") for row in listed]
    if None in keys:
        return rows
    return [row for row, key in zip(listed, keys, strict=True) if key == end(keys)]


def _within(rows: list[Row], days: list[tuple[date, date]], slack: timedelta) -> list[Row]:
    return [row for row in rows if any(first - slack <= day_of(row) <= last + slack for first, last in days)]


def costs_one_of(money: Row, wanted: list[tuple[int, str | None]]) -> bool:
    return any(money["amount"] == amount and currency in (None, money["currency"]) for amount, currency in wanted)


def refundable(view: View) -> list[Row]:
    """Charges that were paid and have something left to return."""
    return [
        row
        for row in view.charges
        if row["status"] == "succeeded" and row["amount_refunded"]["amount"] < row["amount"]["amount"]
    ]


def paid(view: View) -> list[Row]:
    return [row for row in view.charges if row["status"] == "succeeded"]


def refund_candidates(view: View) -> list[Row]:
    """What a request for a refund may mean: what was named, else the recent payments, else all of them."""
    rows = pointed_at(refundable(view), view)
    if len(rows) > 1 and not view.hints.amounts:
        rows = of_plan(rows, view) or rows
    if len(rows) > 1 and view.hints.newest:
        return [max(rows, key=lambda row: row["created"])]
    picked = view.hints.days or view.hints.ordinal is not None or view.hints.chosen or view.hints.extreme
    if len(rows) < 2 or picked:
        return rows
    today = latest_day(view)
    if view.hints.point_at_payment:
        # Of a price paid every year the one of this year is meant; of one paid every month it may be any.
        return [row for row in rows if today - day_of(row) <= DISTANT] or rows
    recent = [row for row in rows if today - day_of(row) <= RECENT]
    return recent or rows


def counted(view: View) -> list[Row]:
    """The payments of a wish that counts them ("my last two"), newest first, some perhaps returned already; also those
    that Lee listed and all of which are meant. Empty where there are more than it counts: then it is asked which."""
    if view.hints.every and view.hints.offered:
        return [row for row in paid(view) if row["id"] in view.hints.offered]
    count = view.hints.count
    if count is None:
        return []
    rows = sorted(pointed_at(paid(view), view), key=lambda row: row["created"], reverse=True)
    if count.newest:
        return rows[: count.number]
    today = latest_day(view)
    near = [row for row in rows if today - day_of(row) <= RECENT] or rows
    return near if len(near) <= count.number else []


def of_plan(rows: list[Row], view: View) -> list[Row]:
    """The charges of an invoice that bills a plan the customer named."""
    named = [name.casefold() for name in view.hints.plans]
    billed = {
        invoice["id"]
        for invoice in view.invoices
        for line in invoice["lines"] or []
        if any(name in str(line["description"]).casefold() for name in named)
    }
    return [row for row in rows if row["invoice"] in billed]


def nearly_meant(view: View) -> list[Row]:
    """Where nothing fits all that was named: what fits the amount alone, else what is recent. To ask about only."""
    rows = refundable(view)
    priced = [row for row in rows if costs_one_of(row["amount"], view.hints.amounts)]
    today = latest_day(view)
    return priced or [row for row in rows if today - day_of(row) <= RECENT]


def latest_day(view: View) -> date:
    """Today, or the day of the newest payment when that is later: a test account's clock may run ahead."""
    return max([view.today, *(day_of(row) for row in view.charges)])


def unknown_ids(view: View) -> list[str]:
    """Payment ids the customer named that are not in the list of their newest ones."""
    known = {row["id"] for row in view.charges}
    return [named for named in view.hints.ids("ch_", "py_") if named not in known]


def foreign(view: View) -> bool:
    """Whether a named payment is not on this account at all."""
    return any(
        view.answered("list_charges", {"charge": named})
        and not view.result_of("list_charges", {"charge": named}).get("charges")
        for named in unknown_ids(view)
    )


def twins(view: View) -> list[tuple[Row, Row]]:
    """Pairs (earlier, later) that paid for the same purchase, of what the customer pointed at."""
    by_id = {row["id"]: row for row in view.charges}
    # A misquoted sum, or that of both, makes no purchase that was paid twice any less so: then every pair counts.
    meant = {row["id"] for row in pointed_at(paid(view), view)} or set(by_id)
    pairs: dict[frozenset[str], tuple[Row, Row]] = {}
    for row in view.charges:
        for other in row["same_purchase_as"]:
            # Where one of the two went back, nothing is paid twice any more.
            gone = [each for each in (row, by_id.get(other, row)) if each["amount_refunded"]["amount"] > 0]
            if other in by_id and not gone and (row["id"] in meant or other in meant):
                pair = sorted((row, by_id[other]), key=lambda each: each["created"])
                pairs[frozenset((row["id"], other))] = (pair[0], pair[1])
    return list(pairs.values())


def lookalikes(view: View) -> list[Row]:
    """Payments of equal amount that are not the same purchase, oldest first: the newest such group."""
    rows = pointed_at(paid(view), view) if view.hints.amounts or view.hints.cards else paid(view)
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["amount"]["amount"], row["amount"]["currency"]), []).append(row)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return []
    newest = max(several, key=lambda group: max(row["created"] for row in group))
    return sorted(newest, key=lambda row: row["created"])[-4:]


def summed(view: View) -> bool:
    """Whether the customer named what both charges of the one pair come to together."""
    pairs = twins(view)
    if len(pairs) != 1:
        return False
    both = {**pairs[0][0]["amount"], "amount": sum(row["amount"]["amount"] for row in pairs[0])}
    return costs_one_of(both, view.hints.amounts)


def returned_twin(view: View) -> list[Row]:
    """Payments that went back whole and of which an equal one remains: what was paid twice and is settled."""
    kept = {(row["amount"]["amount"], row["amount"]["currency"]) for row in refundable(view)}
    return [
        row
        for row in view.charges
        if row["refunds"]
        and row["amount_refunded"]["amount"] >= row["amount"]["amount"]
        and (row["amount"]["amount"], row["amount"]["currency"]) in kept
    ]


def returned(view: View) -> list[Row]:
    """Charges of which something went back."""
    return [row for row in view.charges if row["refunds"] or row["amount_refunded"]["amount"] > 0]


def returned_one_meant(view: View) -> list[Row]:
    """What was named went back already, and nothing else fits it."""
    if not view.hints.point_at_payment or pointed_at(refundable(view), view):
        return []
    # A day that does not fit ("nobody answered me yesterday") makes the sum that was named no less clear.
    return pointed_at(returned(view), view) or [
        row for row in returned(view) if costs_one_of(row["amount"], view.hints.amounts)
    ]


def credit_meant(view: View) -> bool:
    """The sum that was named is the account's credit, and no payment's."""
    balance = view.diagnosis.get("balance")
    if not balance or balance["amount"] >= 0 or not view.hints.amounts:
        return False
    credit = {**balance, "amount": -balance["amount"]}
    return costs_one_of(credit, view.hints.amounts) and not pointed_at(paid(view), view)


def open_invoices(view: View) -> list[Row]:
    return [row for row in view.invoices if row["status"] == "open" and row["amount_remaining"]["amount"] > 0]


def invoice_meant(view: View) -> list[Row]:
    """Invoices that were named; without a name the newest one."""
    rows = [row for row in view.invoices if row["status"] in ("open", "paid", "uncollectible")]
    found = pointed_at(rows, view, amount="total")
    return found if view.hints.point_at_payment else found[:1]


def ending(view: View) -> list[Row]:
    """Subscriptions that are set to end; the one that was chosen, if one was."""
    rows = [row for row in view.subscriptions if row["cancel_at_period_end"]]
    return _named(rows, view) or rows


def resumable(view: View) -> list[Row]:
    """Subscriptions that can go on again: set to end, or on pause since a trial without a card."""
    rows = [row for row in view.subscriptions if row["cancel_at_period_end"] or row["status"] == "paused"]
    return _named(rows, view) or rows


def scheduled(view: View) -> list[Row]:
    """Subscriptions with a planned change; the one that was chosen, if one was."""
    rows = [row for row in view.subscriptions if row["scheduled_change"]]
    return _named(rows, view) or rows


def running(view: View) -> list[Row]:
    """Subscriptions that renew, narrowed to a plan the customer named."""
    rows = [row for row in view.subscriptions if not row["cancel_at_period_end"]]
    if chosen := _named(rows, view):
        return chosen
    if view.hints.extreme is not None and view.hints.extreme[0] == "amount":
        rows = at_an_end(rows, view, "unit_amount")
    plan = view.hints.plan
    named = [row for row in rows if plan is not None and plan.casefold() in str(row["plan"]).casefold()]
    return named or rows


def _named(rows: list[Row], view: View) -> list[Row]:
    ids = [*view.hints.ids("sub_"), view.hints.chosen]
    return [row for row in rows if row["id"] in ids]


def plan_meant(view: View) -> str | None:
    """The plan to change to: the wanted one, or the only one named that the account is not on yet."""
    names = [name for name in view.hints.plans if not on_plan(name, view)]
    wanted = view.hints.plan
    if wanted is not None:
        # "From Starter to Team" aims at Team, also where the account is there already: then that is what is said.
        return wanted
    return names[0] if len(names) == 1 else None


def on_plan(name: str, view: View) -> bool:
    return any(name.casefold() in str(row["plan"]).casefold().split() for row in view.subscriptions)


def cards(view: View) -> list[dict[str, Any]]:
    return view.diagnosis.get("cards", [])

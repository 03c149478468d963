"""Updating a subscription (docs.stripe.com/api/subscriptions/update): plan and quantity changes with their prorations.

A change is worked out in `apply_change`, which returns the draft of an invoice when one is due at once; the update then
finalizes and collects it, while a preview (sandbox/previews.py) only shows it.
"""

from sandbox import discounts, tax_rates
from sandbox.calls import Call, merge_metadata
from sandbox.errors import invalid_request
from sandbox.invoice_drafts import add_lines, announce, include, new_draft
from sandbox.invoice_items import pending_of, proration_debit
from sandbox.metered_changes import bill_use_so_far
from sandbox.parameters import Boolean, Choice, Fields, Integer, Kind, Many, Metadata, Text, Timestamp
from sandbox.payment_choice import check_payment_method
from sandbox.periods import Period, period_containing
from sandbox.proration import debit_remaining
from sandbox.renewals import period_lines
from sandbox.routing import Route
from sandbox.schedule_status import follow_items, refuse_ending
from sandbox.subscription_billing import bill_now
from sandbox.subscription_endings import DETAILS, credit_items
from sandbox.subscription_items import (
    check_currency,
    check_quantity,
    is_free,
    is_metered,
    new_item,
    note_debit,
    period_of,
    plan_of,
    recurring_price,
    settle_debits,
    shared_rhythm,
)
from sandbox.subscription_pauses import pause_collection
from sandbox.subscription_status import ENDED
from sandbox.subscription_terms import follow_period, plan_trial_reminder, set_cancellation
from sandbox.subscriptions import SHARED
from sandbox.world import Json

CHANGED_ITEM = Fields(
    {
        "id": Text(),
        "price": Text(),
        "quantity": Integer(minimum=0, maximum=999_999),
        "deleted": Boolean(),
        "metadata": Metadata(),
    }
)
CHANGE: dict[str, Kind] = {
    "billing_cycle_anchor": Fields({"type": Choice(("now", "unchanged"), required=True)}),
    "items": Many(CHANGED_ITEM, max_items=20),
    "proration_date": Timestamp(),
}
PAUSE_COLLECTION = Fields(
    {
        "behavior": Choice(("keep_as_draft", "mark_uncollectible", "void"), required=True),
        "resumes_at": Timestamp(),
    },
    clearable=True,
)


def update(call: Call) -> Json:
    given = call.params
    subscription = call.need("subscription", call.path["id"])
    if subscription["status"] in ENDED and set(given) - {"cancellation_details", "metadata", "expand"}:
        raise invalid_request(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    refuse_ending(subscription, given)
    before = call.need("subscription", subscription["id"])
    _set_plain(call, subscription, given)
    call.save(subscription)
    invoice = apply_change(call, subscription, given)
    subscription = call.need("subscription", subscription["id"])
    if invoice:
        subscription["latest_invoice"] = invoice["id"]
    announce_change(call, before, subscription)
    if "items" in given:
        follow_items(call, subscription)
    if invoice:
        bill_now(
            call,
            invoice,
            given.get("payment_behavior", "allow_incomplete"),
            off_session=given.get("off_session", False),
        )
    return call.need("subscription", subscription["id"])


def announce_change(call: Call, before: Json, after: Json) -> None:
    """One event for the whole change, whatever was stored on the way."""
    call.world.put(before)
    call.save(after, "customer.subscription.updated")


def _set_plain(call: Call, subscription: Json, given: Json) -> None:
    check_payment_method(call, given.get("default_payment_method"), subscription["customer"], "default_payment_method")
    if given.get("collection_method") == "send_invoice" and not (
        given.get("days_until_due") or subscription["days_until_due"]
    ):
        raise invalid_request(
            "If `collection_method` is set to `send_invoice`, `days_until_due` must be set.", param="days_until_due"
        )
    for name in ("collection_method", "days_until_due", "default_payment_method", "description"):
        if name in given:
            subscription[name] = given[name]
    if "metadata" in given:
        subscription["metadata"] = merge_metadata(subscription["metadata"], given["metadata"])
    if "payment_settings" in given:
        subscription["payment_settings"] |= given["payment_settings"]
    if "trial_settings" in given:
        subscription["trial_settings"] = given["trial_settings"]
    if "default_tax_rates" in given:
        held = subscription["default_tax_rates"]
        subscription["default_tax_rates"] = tax_rates.chosen(call, given["default_tax_rates"], held)
    if "discounts" in given:
        discounts.replace(call, subscription, given["discounts"])
    if "pause_collection" in given:
        pause_collection(call, subscription, given["pause_collection"])
    if "cancellation_details" in given:
        subscription["cancellation_details"] |= given["cancellation_details"]


def apply_change(call: Call, subscription: Json, given: Json) -> Json | None:
    """Items, anchor, trial and planned end as asked. Returns the draft of an invoice that is due at once, or None."""
    invoice = None
    if {"items", "billing_cycle_anchor", "trial_end"} & set(given):
        invoice = _change_items(call, subscription, given)
    set_cancellation(call, subscription, given)
    call.save(subscription)
    return invoice


def _change_items(call: Call, subscription: Json, given: Json) -> Json | None:
    behavior = given.get("proration_behavior", "create_prorations")
    moment = _moment(call, subscription, given)
    old = subscription["items"]["data"]
    was_free = all(map(is_free, old))
    old_rhythm = shared_rhythm(old)
    prorate = behavior != "none" and subscription["status"] != "trialing"
    changed, removed, kept = _sort_items(call, subscription, given.get("items", []))
    items = [item for item in old if item not in removed]
    items += [item for item in changed if item not in items]
    if not items:
        raise invalid_request("A subscription must have at least one active item.", param="items")
    touched = [item for item in changed if item in old] + removed
    trial_end = _new_trial_end(call, subscription, given)
    # What is credited was billed at the old price, so credits are made before prices change.
    target_rhythm = shared_rhythm([_as_changed(call, item, kept.get(item["id"])) for item in items])
    target_free = all(is_free(_as_changed(call, item, kept.get(item["id"]))) for item in items)
    trialing = subscription["status"] == "trialing"
    anchored_now = given.get("billing_cycle_anchor", {}).get("type") == "now"
    if trialing and anchored_now and trial_end is None:
        raise invalid_request(
            "The billing cycle of a trial begins when the trial ends; pass trial_end=now to end it.",
            param="billing_cycle_anchor",
        )
    # Within a trial nothing has been billed yet, so only the trial's end itself begins a period.
    restarts = trial_end is not None or (
        not trialing and (anchored_now or target_rhythm != old_rhythm or (was_free and not target_free))
    )
    if prorate:
        credit_items(call, subscription, list(old) if restarts else touched, moment)
    if not trialing:
        bill_use_so_far(call, subscription, list(old) if restarts else touched)
    for item in items:
        _become(call, item, kept.get(item["id"]))
    check_currency(items, subscription["currency"])
    if len({item["price"]["id"] for item in items}) != len(items):
        raise invalid_request("A price can be on a subscription only once.", param="items")
    subscription["items"]["data"] = items
    if restarts:
        return restart(call, subscription, trial_end)
    if prorate:
        for item in changed:
            _debit_rest(call, subscription, item, moment)
    call.save(subscription)
    return _invoice_pending(call, subscription, moment) if behavior == "always_invoice" else None


def _moment(call: Call, subscription: Json, given: Json) -> int:
    """The instant prorations are reckoned from."""
    moment = given.get("proration_date", call.now)
    if "proration_date" in given:
        items = subscription["items"]["data"]
        start = min(item["current_period_start"] for item in items)
        end = max(item["current_period_end"] for item in items)
        if not start <= moment <= end:
            raise invalid_request(
                "The proration_date must lie within the subscription's current period.", param="proration_date"
            )
    return moment


def _sort_items(call: Call, subscription: Json, asked: list[Json]) -> tuple[list[Json], list[Json], dict[str, Json]]:
    """The items that change or are new, the items that go, and what was asked of each by item id."""
    by_id = {item["id"]: item for item in subscription["items"]["data"]}
    changed: list[Json] = []
    removed: list[Json] = []
    wishes: dict[str, Json] = {}
    for position, wish in enumerate(asked):
        param = f"items[{position}]"
        if "id" not in wish:
            if "price" not in wish:
                raise invalid_request(
                    f"Missing required param: {param}[price].", param=f"{param}[price]", code="parameter_missing"
                )
            # An item without an id is an additional one, as Stripe reads it.
            period = period_of(subscription["items"]["data"][0])
            changed.append(new_item(call, wish, subscription["id"], period, param))
            continue
        if wish["id"] not in by_id:
            raise invalid_request(
                f"No such subscription item: '{wish['id']}'",
                param=f"{param}[id]",
                code="resource_missing",
                status=404,
            )
        item = by_id[wish["id"]]
        wishes[item["id"]] = wish
        if wish.get("deleted"):
            removed.append(item)
        elif _differs(item, wish):
            price = recurring_price(call, wish["price"], f"{param}[price]") if "price" in wish else item["price"]
            check_quantity(price, wish, param)
            changed.append(item)
    return changed, removed, wishes


def _differs(item: Json, wish: Json) -> bool:
    return wish.get("price", item["price"]["id"]) != item["price"]["id"] or wish.get(
        "quantity", item.get("quantity")
    ) != item.get("quantity")


def _as_changed(call: Call, item: Json, wish: Json | None) -> Json:
    copy = dict(item)
    _become(call, copy, wish)
    return copy


def _become(call: Call, item: Json, wish: Json | None) -> None:
    if not wish:
        return
    if "price" in wish and wish["price"] != item["price"]["id"]:
        price = call.need("price", wish["price"])
        item["price"], item["plan"], item["_used_from"] = price, plan_of(price), call.now
    if is_metered(item):
        item.pop("quantity", None)
    else:
        item["quantity"] = wish.get("quantity", item.get("quantity", 1))
    if "metadata" in wish:
        item["metadata"] = merge_metadata(item["metadata"], wish["metadata"])


def _new_trial_end(call: Call, subscription: Json, given: Json) -> int | None:
    """When the trial is to end, `call.now` for at once, None when nothing was said or nothing changes."""
    wanted = given.get("trial_end")
    if wanted is None or wanted == subscription["trial_end"]:
        return None
    if wanted == "now":
        return call.now if subscription["status"] == "trialing" else None
    if wanted <= call.now:
        raise invalid_request("trial_end must be in the future, or `now`.", param="trial_end")
    return wanted


def _debit_rest(call: Call, subscription: Json, item: Json, moment: int) -> None:
    """Charge what is left of the period at the item's new price and quantity."""
    period = period_of(item)
    amount = debit_remaining(discounts.net_amounts(call, subscription)[item["id"]], period, moment)
    if amount == 0:
        return
    rest = Period(moment, period.end)
    debit = proration_debit(call, subscription, item, amount, rest)
    note_debit(item, amount, rest, invoice_item=debit["id"])


def restart(call: Call, subscription: Json, trial_end: int | None) -> Json:
    """docs.stripe.com/api/subscriptions/update: a new interval, free to paid, or a trial that starts or ends: the
    billing date moves to now and the new period is invoiced at once, after the credits."""
    items = subscription["items"]["data"]
    if trial_end is not None and trial_end > call.now:
        subscription |= {"status": "trialing", "trial_start": subscription["trial_start"] or call.now}
        subscription |= {"trial_end": trial_end, "billing_cycle_anchor": trial_end}
        period = Period(call.now, trial_end)
    else:
        if trial_end is not None:
            subscription |= {"status": "active", "trial_end": call.now}
        subscription["billing_cycle_anchor"] = call.now
        period = period_containing(call.now, *shared_rhythm(items), call.now)
    for item in items:
        item["current_period_start"], item["current_period_end"] = period
        item["_debits"] = []
    invoice = _pending_draft(call, subscription, None)
    add_lines(call, invoice, period_lines(call, invoice, subscription))
    settle_debits(subscription, invoice)
    discounts.use_up(call, subscription, invoice)
    follow_period(call, subscription)
    plan_trial_reminder(call, subscription)
    call.save(subscription)
    return announce(call, invoice)


def _invoice_pending(call: Call, subscription: Json, moment: int) -> Json | None:
    """always_invoice: what is pending for the subscription is invoiced now."""
    invoice = _pending_draft(call, subscription, moment)
    if not invoice["lines"]["data"]:
        call.remove(invoice)
        return None
    return announce(call, invoice)


def _pending_draft(call: Call, subscription: Json, moment: int | None) -> Json:
    invoice = new_draft(
        call,
        call.need("customer", subscription["customer"]),
        subscription["currency"],
        billing_reason="subscription_update",
        collection_method=subscription["collection_method"],
        days_until_due=subscription["days_until_due"],
        subscription=subscription,
        proration_date=moment,
    )
    return include(call, invoice, pending_of(call, subscription))


ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions/{id}",
        update,
        {**SHARED, **CHANGE, "cancellation_details": DETAILS, "pause_collection": PAUSE_COLLECTION},
        "subscription_write",
    ),
]

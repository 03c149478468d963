"""Subscriptions (docs.stripe.com/api/subscriptions): creation, retrieval, lists.

Changes are in subscription_changes, the end in subscription_endings, what time does in renewals.
"""

from sandbox import discounts, paging, tax_rates
from sandbox.calls import Call, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.invoice_drafts import add_lines, announce, new_draft
from sandbox.invoice_lines import subscription_line, trial_description
from sandbox.parameters import (
    RANGE,
    Boolean,
    Choice,
    Currency,
    Fields,
    Integer,
    Kind,
    Many,
    Metadata,
    OneOf,
    Text,
    Timestamp,
)
from sandbox.payment_choice import check_payment_method
from sandbox.periods import SECONDS_PER_DAY, Period, period_containing
from sandbox.proration import debit_remaining
from sandbox.routing import Route, fetch
from sandbox.subscription_billing import bill_now
from sandbox.subscription_items import (
    ITEM,
    check_currency,
    is_metered,
    new_item,
    note_debit,
    period_amount,
    period_of,
    settle_debits,
    shared_rhythm,
)
from sandbox.subscription_terms import blank, plan_trial_reminder, set_cancellation
from sandbox.world import Json

BEHAVIORS = ("always_invoice", "create_prorations", "none")
PAYMENT_BEHAVIORS = ("allow_incomplete", "default_incomplete", "error_if_incomplete")
STATUSES = ("active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid")
INCOMPLETE_HOURS = 23

SHARED: dict[str, Kind] = {
    "cancel_at": OneOf((Choice(("max_period_end", "min_period_end")), Timestamp()), clearable=True),
    "cancel_at_period_end": Boolean(),
    "collection_method": Choice(("charge_automatically", "send_invoice")),
    "days_until_due": Integer(minimum=1, maximum=999),
    "default_payment_method": Text(clearable=True),
    "default_tax_rates": tax_rates.RATES,
    "description": Text(clearable=True, max_length=500),
    "discounts": discounts.DISCOUNTS,
    "metadata": Metadata(),
    "off_session": Boolean(),
    "payment_behavior": Choice(PAYMENT_BEHAVIORS),
    "payment_settings": Fields({"save_default_payment_method": Choice(("off", "on_subscription"))}),
    "proration_behavior": Choice(BEHAVIORS),
    "trial_end": OneOf((Choice(("now",)), Timestamp())),
    "trial_settings": Fields(
        {
            "end_behavior": Fields(
                {"missing_payment_method": Choice(("cancel", "create_invoice", "pause"), required=True)}, required=True
            )
        }
    ),
}


def create(call: Call) -> Json:
    subscription = new_subscription(call)
    return bill_first(call, subscription, call.params.get("payment_behavior", "allow_incomplete"))


def new_subscription(call: Call) -> Json:
    """A stored subscription with its items and first period, not yet billed."""
    given = call.params
    customer = living(call, given["customer"], "customer")
    trial_end = _trial_end(call)
    check_payment_method(call, given.get("default_payment_method"), customer["id"], "default_payment_method")
    if given.get("collection_method") == "send_invoice" and "days_until_due" not in given:
        raise invalid_request(
            "If `collection_method` is set to `send_invoice`, `days_until_due` must be set.", param="days_until_due"
        )
    subscription_id = call.new_id("subscription")
    unknown_yet = Period(call.now, call.now)
    items = [
        new_item(call, item, subscription_id, unknown_yet, f"items[{position}]")
        for position, item in enumerate(given["items"])
    ]
    if len({item["price"]["id"] for item in items}) != len(items):
        raise invalid_request("A price can be on a subscription only once.", param="items")
    currency = given.get("currency") or items[0]["price"]["currency"]
    check_currency(items, currency)
    anchor, period = _first_period(call, items, trial_end)
    for item in items:
        item["current_period_start"], item["current_period_end"] = period
    fields = blank(call, subscription_id, customer["id"], currency, items)
    fields |= {
        "billing_cycle_anchor": anchor,
        "collection_method": given.get("collection_method", "charge_automatically"),
        "days_until_due": given.get("days_until_due"),
        "default_payment_method": given.get("default_payment_method"),
        "default_tax_rates": tax_rates.chosen(call, given.get("default_tax_rates"), []),
        "description": given.get("description"),
        "metadata": new_metadata(given.get("metadata")),
        "status": "trialing" if trial_end else "incomplete",
        "trial_end": trial_end,
        "trial_start": call.now if trial_end else None,
    }
    fields["payment_settings"] |= given.get("payment_settings", {})
    if "trial_settings" in given:
        fields["trial_settings"] = given["trial_settings"]
    if not trial_end and (fields["collection_method"] == "send_invoice" or all(map(is_metered, items))):
        fields["status"] = "active"
    subscription = call.create("subscription", fields)
    discounts.replace(call, subscription, given.get("discounts"))
    set_cancellation(call, subscription, given)
    call.save(subscription)
    call.emit("customer.subscription.created", subscription)
    call.schedule(period.end, "subscription.renew", subscription["id"])
    plan_trial_reminder(call, subscription)
    return subscription


def _trial_end(call: Call) -> int | None:
    given = call.params
    if "trial_end" in given and "trial_period_days" in given:
        raise invalid_request("You may only specify one of `trial_end` and `trial_period_days`.", param="trial_end")
    if given.get("trial_period_days"):
        return call.now + given["trial_period_days"] * SECONDS_PER_DAY
    moment = given.get("trial_end")
    if moment in (None, "now"):
        return None
    if moment <= call.now:
        raise invalid_request(
            "Invalid trial_end: must be an integer Unix timestamp in the future, or `now`.", param="trial_end"
        )
    return moment


def _first_period(call: Call, items: list[Json], trial_end: int | None) -> tuple[int, Period]:
    """The anchor and the first period: the trial, the stretch up to a given anchor, or one interval from now."""
    interval, count = shared_rhythm(items)
    anchor = call.params.get("billing_cycle_anchor")
    if trial_end:
        return trial_end, Period(call.now, trial_end)
    natural = period_containing(call.now, interval, count, call.now)
    if anchor is None:
        return call.now, natural
    if not call.now < anchor <= natural.end:
        raise invalid_request(
            "billing_cycle_anchor must be in the future and not later than the next natural billing date.",
            param="billing_cycle_anchor",
        )
    return anchor, Period(call.now, anchor)


def bill_first(call: Call, subscription: Json, payment_behavior: str) -> Json:
    """The first invoice, finalized and collected at once. Returns the subscription as it then is."""
    invoice = draft_first(call, subscription)
    if invoice is None:
        return subscription
    subscription["latest_invoice"] = invoice["id"]
    call.save(subscription)
    if subscription["collection_method"] == "send_invoice" and subscription["status"] == "active":
        return subscription
    bill_now(call, invoice, payment_behavior, off_session=call.params.get("off_session", False))
    subscription = call.need("subscription", subscription["id"])
    if subscription["status"] == "incomplete":
        call.schedule(call.now + INCOMPLETE_HOURS * 3600, "subscription.expire_incomplete", subscription["id"])
    return subscription


def draft_first(call: Call, subscription: Json) -> Json | None:
    """The draft of a subscription's first invoice (a trial gives one over 0). None where all is billed by use: there is
    nothing to bill yet (docs.stripe.com/billing/subscriptions/billing-mode/compare#usage-based-pricing)."""
    in_advance = [item for item in subscription["items"]["data"] if not is_metered(item)]
    if not in_advance:
        return None
    customer = call.need("customer", subscription["customer"])
    invoice = new_draft(
        call,
        customer,
        subscription["currency"],
        billing_reason="subscription_create",
        collection_method=subscription["collection_method"],
        days_until_due=subscription["days_until_due"],
        subscription=subscription,
    )
    interval, count = shared_rhythm(subscription["items"]["data"])
    prorate = call.params.get("proration_behavior", "create_prorations") != "none"
    lines: list[Json] = []
    for item in in_advance:
        period = period_of(item)
        description = None
        if subscription["status"] == "trialing":
            amount = 0
            description = trial_description(call, item["price"], item["quantity"])
        else:
            whole = period_containing(subscription["billing_cycle_anchor"], interval, count, call.now)
            amount = period_amount(item)
            if period != whole:
                # A given anchor has cut the first period short.
                amount = debit_remaining(amount, whole, period.start) if prorate else 0
        line = subscription_line(
            call, invoice["id"], subscription, item, amount=amount, period=period, description=description
        )
        note_debit(item, amount, period, invoice=invoice["id"], line=line["id"])
        lines.append(line)
    add_lines(call, invoice, lines)
    settle_debits(subscription, invoice)
    discounts.use_up(call, subscription, invoice)
    call.save(subscription)
    return announce(call, invoice)


def list_(call: Call) -> Json:
    where = {name: call.params[name] for name in ("customer", "collection_method") if name in call.params}
    wanted = call.params.get("status")
    if "test_clock" in call.params or "customer" not in call.params:
        # docs.stripe.com/api/subscriptions/list: those of a test clock only when it, or the customer, is named.
        where["test_clock"] = call.params.get("test_clock")
    found = call.world.select("subscription", where)
    if wanted is None:
        # docs.stripe.com/api/subscriptions/list: canceled ones are left out unless asked for.
        found = [s for s in found if s["status"] != "canceled"]
    elif wanted == "ended":
        found = [s for s in found if s["status"] in ("canceled", "incomplete_expired")]
    elif wanted != "all":
        found = [s for s in found if s["status"] == wanted]
    if "price" in call.params:
        price = call.params["price"]
        found = [s for s in found if any(i["price"]["id"] == price for i in s["items"]["data"])]
    return paging.page(call, "/v1/subscriptions", found)


def list_items(call: Call) -> Json:
    subscription = call.need("subscription", call.params["subscription"], "subscription")
    return paging.page(call, "/v1/subscription_items", subscription["items"]["data"])


ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions",
        create,
        {
            **SHARED,
            "billing_cycle_anchor": Timestamp(),
            "billing_mode": Fields({"type": Choice(("flexible",), required=True)}),
            "currency": Currency(),
            "customer": Text(required=True),
            "items": Many(ITEM, required=True, max_items=20),
            "trial_period_days": Integer(minimum=0, maximum=730),
        },
        "subscription_write",
    ),
    Route(
        "GET",
        "/v1/subscriptions",
        list_,
        {
            **paging.PARAMETERS,
            "created": RANGE,
            "collection_method": Choice(("charge_automatically", "send_invoice")),
            "customer": Text(),
            "price": Text(),
            "status": Choice(("all", "ended", *STATUSES)),
            "test_clock": Text(),
        },
        "subscription_read",
    ),
    Route("GET", "/v1/subscriptions/{id}", fetch("subscription"), {}, "subscription_read"),
    Route(
        "GET",
        "/v1/subscription_items",
        list_items,
        {**paging.PARAMETERS, "subscription": Text(required=True)},
        "subscription_read",
    ),
]

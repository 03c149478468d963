"""Discounts (docs.stripe.com/api/discounts): a coupon as it was redeemed for a subscription, a customer or one invoice.

docs.stripe.com/billing/subscriptions/coupons. A repeating discount ends after its months, a discount for once with the
first invoice that it takes anything off (so a free trial's does not use it up). A subscription without discounts of its
own inherits its customer's. Discounts of single items are not supported; no longer since API 2025 can a customer's
discount be made by API, so `POST /_sandbox/actions/discount_customer` stands in for the Dashboard.
"""

from fractions import Fraction
from typing import Any

from sandbox import coupons, promotion_codes
from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.control import action
from sandbox.customers import living
from sandbox.discount_amounts import Part, Reduction, taken_off
from sandbox.errors import invalid_request
from sandbox.parameters import Fields, Many, Text
from sandbox.periods import boundary
from sandbox.routing import Route
from sandbox.subscription_items import period_amount
from sandbox.world import Json

DISCOUNTS = Many(Fields({"coupon": Text(), "discount": Text(), "promotion_code": Text()}), clearable=True, max_items=20)
"""The parameter `discounts`; sent empty it is None."""


def redeem(
    call: Call,
    wishes: list[Json] | None,
    *,
    customer: Json,
    currency: str,
    amount: int,
    held: list[str],
    **target: str,
) -> list[str]:
    """The ids of the discounts asked for, new ones made. `held` may be kept by id; `amount` is what a promotion code's
    minimum is held against; `target` says what they are for: `subscription` or `invoice`."""
    found: list[str] = []
    coupons_used: set[str] = set()
    for position, wish in enumerate(wishes or []):
        param = f"discounts[{position}]"
        if len(wish) != 1:
            raise invalid_request("Pass exactly one of coupon, discount and promotion_code.", param=param)
        if "discount" in wish:
            if wish["discount"] not in held:
                raise invalid_request(
                    f"No such discount: '{wish['discount']}'", param=f"{param}[discount]", code="resource_missing"
                )
            discount = call.need("discount", wish["discount"])
        else:
            coupon, promotion = checked(call, wish, customer, currency, amount, param)
            discount = _new(call, customer["id"], coupon, promotion, **target)
        if discount["source"]["coupon"] in coupons_used:
            raise invalid_request("The same coupon cannot be applied twice.", param=param)
        coupons_used.add(discount["source"]["coupon"])
        found.append(discount["id"])
    return found


def checked(call: Call, wish: Json, customer: Json, currency: str, amount: int, param: str) -> tuple[Json, Json | None]:
    """The coupon of a wish, and the promotion code it came by. Raises StripeError where it cannot be redeemed."""
    promotion = None
    if "promotion_code" in wish:
        promotion = call.need("promotion_code", wish["promotion_code"], f"{param}[promotion_code]")
        promotion_codes.redeemable(call, promotion, customer, currency, amount, f"{param}[promotion_code]")
        coupon = coupons.living(call, promotion["promotion"]["coupon"], f"{param}[promotion_code]")
    else:
        coupon = coupons.living(call, wish["coupon"], f"{param}[coupon]")
    coupons.redeemable(call, coupon, currency, f"{param}[{'promotion_code' if promotion else 'coupon'}]")
    return coupon, promotion


def _new(call: Call, customer_id: str, coupon: Json, promotion: Json | None, **target: str) -> Json:
    """A stored discount. It has neither `created` nor `livemode`, unlike every other object."""
    end = None
    if coupon["duration"] == "repeating" and "invoice" not in target:
        end = boundary(call.now, "month", 1, coupon["duration_in_months"])
    discount: Json = {
        "id": call.new_id("discount"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer_id,
        "customer_account": None,
        "end": end,
        "invoice": target.get("invoice"),
        "invoice_item": None,
        "promotion_code": promotion["id"] if promotion else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": call.now,
        "subscription": target.get("subscription"),
        "subscription_item": None,
    }
    call.world.put(discount)
    for used in (coupon, promotion):
        if used:
            call.save({**used, "times_redeemed": used["times_redeemed"] + 1})
    if end is not None:
        call.schedule(end, "discount.end", discount["id"])
    call.emit("customer.discount.created", discount)
    return discount


def running(call: Call, ids: list[str]) -> list[str]:
    """Those that have not ended yet."""
    found = [call.need("discount", id_) for id_ in ids]
    return [discount["id"] for discount in found if discount["end"] is None or discount["end"] > call.now]


def for_invoice(call: Call, customer: Json, subscription: Json | None) -> list[str]:
    """What a new invoice is discounted by: the subscription's discounts, or else the customer's."""
    own = running(call, subscription["discounts"]) if subscription else []
    inherited = customer.get("discount")
    return own or running(call, [inherited["id"]] if inherited else [])


def apply(call: Call, invoice: Json) -> int:
    """Put the invoice's discounts on its lines; returns what they take off in all. A proration was discounted when it
    was made: its amount is net, and names its discounts with 0 (`proration_discounts: included`)."""
    lines = invoice["lines"]["data"]
    parts = [Part(line["amount"], _product(line), line["discountable"]) for line in lines]
    reductions = _reductions(call, invoice["discounts"])
    taken = taken_off(parts, reductions)
    for at, line in enumerate(lines):
        if line["discountable"]:
            rows = [(row[at], each) for row, each in zip(taken, reductions, strict=True) if each.applies_to(parts[at])]
            line["discount_amounts"] = [{"amount": amount, "discount": each.discount} for amount, each in rows]
            line["pretax_credit_amounts"] = [_pretax(amount, each.discount) for amount, each in rows]
    totals = [(sum(row), each.discount) for row, each in zip(taken, reductions, strict=True)]
    invoice["total_discount_amounts"] = [{"amount": amount, "discount": id_} for amount, id_ in totals]
    invoice["total_pretax_credit_amounts"] = [_pretax(amount, id_) for amount, id_ in totals]
    return sum(amount for amount, _ in totals)


def _pretax(amount: int, discount: str) -> Json:
    return {"amount": amount, "credit_balance_transaction": None, "discount": discount, "type": "discount"}


def discounted(line: Json) -> int:
    """A line's amount after its discounts."""
    return line["amount"] - sum(each["amount"] for each in line["discount_amounts"])


def _product(line: Json) -> str | None:
    return line["pricing"]["price_details"]["product"] if line["pricing"] else None


def _reductions(call: Call, ids: list[str]) -> list[Reduction]:
    found: list[Reduction] = []
    for id_ in ids:
        found.append(reduction(call.need("coupon", call.need("discount", id_)["source"]["coupon"]), id_))
    return found


def reduction(coupon: Json, id_: str) -> Reduction:
    """What a coupon takes off, under the id of what it was redeemed as."""
    products = frozenset(coupon["_products"]) if coupon["_products"] else None
    percent = Fraction(coupon["_percent"]) if coupon["_percent"] else None
    return Reduction(id_, percent, coupon["amount_off"], products)


def lasting(call: Call, subscription: Json) -> list[str]:
    """The discounts of a subscription that count in its prorations: one for once waits for the next invoice."""
    ids = for_invoice(call, call.need("customer", subscription["customer"]), subscription)
    return [id_ for id_ in ids if not _for_once(call, id_)]


def net_amounts(call: Call, subscription: Json) -> dict[str, int]:
    """What a whole period of each item costs after the lasting discounts, by item id, in minor units."""
    items = subscription["items"]["data"]
    parts = [Part(period_amount(item), item["price"]["product"]) for item in items]
    taken = taken_off(parts, _reductions(call, lasting(call, subscription)))
    return {item["id"]: parts[at].amount - sum(row[at] for row in taken) for at, item in enumerate(items)}


def _for_once(call: Call, id_: str) -> bool:
    return call.need("coupon", call.need("discount", id_)["source"]["coupon"])["duration"] == "once"


def use_up(call: Call, subscription: Json, invoice: Json) -> None:
    """Discounts for once are over with the invoice they took something off. Changes `subscription`: save it."""
    for taken in invoice["total_discount_amounts"]:
        if taken["amount"] and _for_once(call, taken["discount"]):
            discount = call.need("discount", taken["discount"])
            if discount["id"] in subscription["discounts"]:
                subscription["discounts"] = [id_ for id_ in subscription["discounts"] if id_ != discount["id"]]
                call.emit("customer.discount.deleted", discount)
            else:
                _take_from_customer(call, discount)


def _take_from_customer(call: Call, discount: Json) -> None:
    customer = call.need("customer", discount["customer"])
    if (customer.get("discount") or {}).get("id") == discount["id"]:
        customer["discount"] = None
        call.save(customer, "customer.updated")
        call.emit("customer.discount.deleted", discount)


def replace(call: Call, subscription: Json, wishes: list[Json] | None) -> None:
    """docs.stripe.com/api/subscriptions/update#update_subscription-discounts: a list replaces what the subscription
    has, None clears it. Changes `subscription`: save it."""
    before = running(call, subscription["discounts"])
    subscription["discounts"] = redeem(
        call,
        wishes,
        customer=call.need("customer", subscription["customer"]),
        currency=subscription["currency"],
        amount=sum(period_amount(item) for item in subscription["items"]["data"]),
        held=before,
        subscription=subscription["id"],
    )
    for id_ in before:
        if id_ not in subscription["discounts"]:
            call.unschedule("discount.end", id_)
            call.emit("customer.discount.deleted", call.need("discount", id_))


@timer("discount.end")
def end(call: Call, discount_id: str) -> None:
    """The months of a repeating coupon are over."""
    discount = call.need("discount", discount_id)
    subscription = call.find("subscription", discount["subscription"])
    if subscription is None:
        _take_from_customer(call, discount)
    elif discount_id in subscription["discounts"]:
        subscription["discounts"] = [id_ for id_ in subscription["discounts"] if id_ != discount_id]
        call.save(subscription, "customer.subscription.updated")
        call.emit("customer.discount.deleted", discount)


@action("discount_customer")
def discount_customer(call: Call, body: Json) -> Json:
    """`{customer, coupon | promotion_code}`: somebody gives a customer a discount in the Dashboard."""
    customer = living(call, str(body.get("customer", "")), "customer")
    wish: dict[str, Any] = {name: str(body[name]) for name in ("coupon", "promotion_code") if name in body}
    currency = customer["currency"] or "usd"
    ids = redeem(call, [wish], customer=customer, currency=currency, amount=0, held=[])
    customer["discount"] = call.need("discount", ids[0])
    return call.save(customer, "customer.updated")


def delete_of_customer(call: Call) -> Json:
    """docs.stripe.com/api/discounts/delete"""
    customer = living(call, call.path["id"], "customer")
    discount = customer.get("discount")
    if not discount:
        raise _none("customer")
    call.unschedule("discount.end", discount["id"])
    _take_from_customer(call, discount)
    return {**discount, "deleted": True}


def delete_of_subscription(call: Call) -> Json:
    """docs.stripe.com/api/discounts/subscription_delete: all that it has, the answer is the first."""
    subscription = call.need("subscription", call.path["id"], "subscription")
    if not subscription["discounts"]:
        raise _none("subscription")
    first = call.need("discount", subscription["discounts"][0])
    replace(call, subscription, None)
    call.save(subscription, "customer.subscription.updated")
    return {**first, "deleted": True}


def _none(holder: str) -> Exception:
    return invalid_request(f"No active discount for {holder}", param=holder, code="resource_missing", status=404)


ROUTES = [
    Route("DELETE", "/v1/customers/{id}/discount", delete_of_customer, {}, "customer_write"),
    Route("DELETE", "/v1/subscriptions/{id}/discount", delete_of_subscription, {}, "subscription_write"),
]

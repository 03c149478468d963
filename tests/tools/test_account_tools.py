"""What a customer's account carries beside its bills: details, discounts, checkout links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.tools.shop import Shop
from tests.tools.test_read_tools import ask, usd
from tools.desk import Desk

DeskOf = Callable[[str], Desk]
Advance = Callable[..., None]
Now = Callable[[], datetime]


async def test_details_show_what_the_next_invoice_carries(shop: Shop, desk_of: DeskOf) -> None:
    tina = shop.customer()
    bare = await ask(desk_of(tina), "billing_details")
    assert bare == {
        "name": "Someone",
        "email": "someone@example.com",
        "address": None,
        "tax_exempt": "none",
        "tax_ids": [],
        "more": False,
    }
    address: Any = {"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    shop.v1.customers.update(tina, {"address": address, "tax_exempt": "reverse"})
    made = shop.v1.customers.tax_ids.create(tina, {"type": "eu_vat", "value": "DE123456789"})
    shown = await ask(desk_of(tina), "billing_details")
    assert shown["address"] == {**address, "line2": None, "state": None}
    assert shown["tax_exempt"] == "reverse"
    assert shown["tax_ids"] == [
        {"id": made.id, "type": "eu_vat", "value": "DE123456789", "verification": "pending"},
    ]


async def test_many_tax_ids_are_cut_and_it_is_said(shop: Shop, desk_of: DeskOf) -> None:
    tina = shop.customer()
    for n in range(11):
        shop.v1.customers.tax_ids.create(tina, {"type": "eu_vat", "value": f"DE1234567{n:02}"})
    shown = await ask(desk_of(tina), "billing_details")
    assert len(shown["tax_ids"]) == 10
    assert shown["more"] is True


HALF: Any = {"name": "Half price", "percent_off": 50, "duration": "repeating", "duration_in_months": 3}


async def test_a_running_discount_shows_what_is_left_of_it(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    cody = shop.customer()
    nothing = await ask(desk_of(cody), "list_discounts", code=None)
    assert nothing == {
        "discounts": [],
        "given": [],
        "asked": None,
        "more": False,
        "note": "there has been no discount on this account",
    }
    coupon = shop.v1.coupons.create(HALF)
    subscription = shop.subscribe(cody, shop.starter, discounts=[{"coupon": coupon.id}])
    advance(days=31)
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert row == {
        "name": "Half price",
        "off": "50% off",
        "subscription": subscription.id,
        "plan": "Starter",
        "running": True,
        "started": "2026-11-02",
        "lasts": "until",
        "ends": "2027-02-02",
        "ended": None,
        "invoices_left": 1,
        "takes_off": usd(1_000, "$10.00"),
    }


async def test_an_ended_discount_is_still_known_from_the_invoices(
    shop: Shop, desk_of: DeskOf, advance: Advance
) -> None:
    cody = shop.customer()
    coupon = shop.v1.coupons.create(HALF)
    subscription = shop.subscribe(cody, shop.starter, discounts=[{"coupon": coupon.id}])
    shop.v1.coupons.delete(coupon.id)
    for _ in range(4):
        advance(days=31)
    last, *_ = shop.invoices(cody)
    assert last.total == 2_000
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["running"], row["ended"], row["ends"], row["invoices_left"]) == (False, "2027-02-02", None, 0)
    assert (row["subscription"], row["takes_off"]) == (subscription.id, usd(1_000, "$10.00"))


async def test_one_for_once_is_left_until_the_invoice_that_uses_it(
    shop: Shop, desk_of: DeskOf, advance: Advance
) -> None:
    cody = shop.customer()
    subscription = shop.subscribe(cody, shop.starter)
    coupon = shop.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "once"})
    shop.v1.subscriptions.update(subscription.id, {"discounts": [{"coupon": coupon.id}]})
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["off"], row["lasts"], row["invoices_left"], row["takes_off"]) == (
        "$5.00 off",
        "once",
        1,
        usd(500, "$5.00"),
    )
    advance(days=31)
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["running"], row["ended"], row["takes_off"]) == (False, "2026-12-02", usd(500, "$5.00"))


async def test_a_discount_ends_with_its_subscription(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    cody = shop.customer()
    coupon = shop.v1.coupons.create({"percent_off": 12.5, "duration": "forever"})
    subscription = shop.subscribe(cody, shop.starter, discounts=[{"coupon": coupon.id}])
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["off"], row["lasts"], row["ends"], row["invoices_left"]) == ("12.5% off", "for_good", None, None)
    advance(days=3)
    shop.v1.subscriptions.cancel(subscription.id)
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["running"], row["ended"]) == (False, "2026-11-05")


async def test_one_for_a_single_product_takes_off_no_more_than_that(shop: Shop, desk_of: DeskOf) -> None:
    cody = shop.customer()
    only: Any = {"percent_off": 50, "duration": "forever", "applies_to": {"products": [str(shop.team.product)]}}
    coupon = shop.v1.coupons.create(only)
    both: Any = [{"price": shop.starter.id}, {"price": shop.team.id}]
    shop.subscribe(cody, shop.starter, items=both, discounts=[{"coupon": coupon.id}])
    [row] = (await ask(desk_of(cody), "list_discounts", code=None))["discounts"]
    assert (row["plan"], row["takes_off"]) == ("Starter and Team", usd(3_000, "$30.00"))


async def test_no_code_is_told_that_was_not_given_or_asked_for(
    shop: Shop, desk_of: DeskOf, advance: Advance, now: Now
) -> None:
    cleo, mona = shop.customer(), shop.customer()
    shop.subscribe(cleo, shop.starter)
    promotion(shop, "WELCOME20", max_redemptions=1)
    promotion(shop, "SPRING24", expires_at=int(now().timestamp()) + 3600)
    promotion(shop, "TEAMONLY", applies_to={"products": [str(shop.team.product)]})
    promotion(shop, "FORCLEO", customer=cleo)
    promotion(shop, "FORMONA", customer=mona)
    advance(days=1)
    shown = await ask(desk_of(cleo), "list_discounts", code=None)
    assert [each["code"] for each in shown["given"]] == ["FORCLEO"]
    assert shown["asked"] is None
    told = {}
    for word in ("welcome20", "SPRING24", "TEAMONLY", "FORMONA", "NOSUCH"):
        answer = await ask(desk_of(cleo), "list_discounts", code=word)
        told[word] = answer["asked"] and (answer["asked"]["code"], answer["asked"]["why_not"])
    assert told == {
        "welcome20": ("WELCOME20", None),
        "SPRING24": ("SPRING24", "it expired on 2026-11-02"),
        "TEAMONLY": ("TEAMONLY", "it is for another product"),
        "FORMONA": None,
        "NOSUCH": None,
    }
    answer = await ask(desk_of(cleo), "list_discounts", code="NOSUCH")
    assert (answer["note"], [each["code"] for each in answer["given"]]) == ("there is no such code", ["FORCLEO"])


def promotion(shop: Shop, word: str, *, applies_to: Any = None, **params: Any) -> None:
    terms: Any = {"percent_off": 20, "duration": "repeating", "duration_in_months": 3}
    made = shop.v1.coupons.create(terms | ({"applies_to": applies_to} if applies_to else {}))
    wanted: Any = {"promotion": {"type": "coupon", "coupon": made.id}, "code": word, **params}
    shop.v1.promotion_codes.create(wanted)

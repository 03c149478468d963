"""Who pays Acme Cloud by use: what their world holds, and what the diagnosis makes of it."""

from collections import Counter
from datetime import datetime

from billing.diagnosis import RootCause
from sandbox.demo.usage import usage
from sandbox.world import World
from tests.diagnosis.bench import Bench
from tests.diagnosis.conftest import NOW


def test_what_was_reported_to_stripe_is_what_was_counted_but_for_yuri(acme: World):
    world = acme.snapshot()
    reported, counted = Counter[str](), Counter[str]()
    for event in world["billing.meter_event"].values():
        reported[event["payload"]["stripe_customer_id"]] += int(event["payload"]["value"])
    for row in usage(NOW)["hourly"]:
        if row["customer"] in reported:
            begun = world["subscription"][row["customer"].replace("cus_", "sub_")]["created"]
            counted[row["customer"]] += row["units"] * (datetime.fromisoformat(row["hour"]).timestamp() >= begun)
    assert {customer: units - counted[customer] for customer, units in reported.items()} == {
        "cus_vera": 0,
        "cus_eton": 0,
        "cus_yuri": 20_000,
    }


def test_eton_has_thirty_days_and_a_committed_minimum(acme: World):
    invoices = acme.snapshot()["invoice"].values()
    [last] = [one for one in invoices if one["customer"] == "cus_eton" and one["status"] == "open"]
    assert last["due_date"] - last["created"] == 30 * 86_400
    assert last["due_date"] > NOW.timestamp()
    assert [line["amount"] for line in last["lines"]["data"] if line["quantity"] == 0] == [6_000_00]
    assert 24_000_00 in [line["amount"] for line in last["lines"]["data"]]
    assert last["total"] > 30_000_00


async def test_what_yuri_was_billed_too_much_is_told_with_its_price(bench: Bench):
    found = await bench.diagnosis("cus_yuri")
    assert found.explanation == (
        "Invoice ACMEYURI-0004 of 14 November 2026 bills 120,000 API requests for 14 October 2026 to 14 November 2026, "
        "while our own count of that time is 100,000. That is 20,000 too many, which cost $40.00. A colleague has to "
        "check it and settle the difference."
    )
    assert str(found.at_stake) == "$40.00"


async def test_yuri_is_settled_once_the_difference_was_credited(bench: Bench):
    given = {"amount": -40_00, "currency": "usd", "description": "Requests counted twice"}
    await bench.shop.post("customers/cus_yuri/balance_transactions", given)
    assert RootCause.USAGE_BILLED_DIFFERS not in await bench.causes("cus_yuri")


async def test_veras_surge_is_told_tier_by_tier(bench: Bench):
    found = await bench.diagnosis("cus_vera")
    assert "and 50,000 of them are included. Beyond that were 100,000 API requests at 0.2 cents each" in (
        found.explanation
    )
    [billed] = (await bench.facts("cus_vera")).billed_usage
    assert billed.units == billed.counted


async def test_eton_is_told_the_minimum_the_overage_and_when_it_is_due(bench: Bench):
    due = await bench.diagnosis("cus_eton")
    assert due.explanation.endswith("is due on 13 December 2026.")
    overage, manager = due.also
    assert "12,000,000 of them are included in the committed minimum of $6,000.00" in overage.explanation
    assert "at 0.05 cents each (12,000,001 to" in overage.explanation
    assert manager.explanation.endswith("your account manager, Lin Okafor.")


async def test_without_the_usage_store_no_bill_by_use_is_doubted(bench: Bench):
    bench.meters.broken = True
    assert await bench.causes("cus_yuri") == [RootCause.SOURCE_UNAVAILABLE, RootCause.METERED_OVERAGE_BILLED]

"""The demo company: told quickly, the same each time, and consistent with itself."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from billing.ids import CustomerId
from sandbox import clock
from sandbox.demo.access import entitlements
from sandbox.demo.catalogue import CONTRACT_PRICES, METERED_PRICES, PLANS, PRICES, price_id
from sandbox.demo.hours import DAYS
from sandbox.demo.roster import CUSTOMERS, STORIES
from sandbox.demo.seeding import demo_world, open_demo, opening, seed
from sandbox.demo.shop import DemoError
from sandbox.demo.usage import usage
from sandbox.server import create_app
from sandbox.world import World
from tools.entitlements import FileEntitlements
from tools.usage_schema import Allowance, HourlyUsage, Meter

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

Json = dict[str, Any]
KEY = {"Authorization": "Bearer sk_test_demo"}


@pytest.fixture(scope="module")
def acme() -> World:
    return asyncio.run(demo_world(NOW))


@pytest.fixture(scope="module")
def world(acme: World) -> dict[str, dict[str, Json]]:
    return acme.snapshot()


def each(world: dict[str, dict[str, Json]], type_: str) -> list[Json]:
    return list(world[type_].values())


async def test_the_same_now_gives_the_same_world(world: dict[str, dict[str, Json]]):
    assert (await demo_world(NOW)).snapshot() == world
    assert (await demo_world(NOW, ids="other")).snapshot() != world


def test_the_clock_stands_at_now(acme: World):
    assert clock.state(acme) == {"now": int(NOW.timestamp()), "frozen": True}


def test_everybody_of_the_roster_is_there_and_nobody_else(world: dict[str, dict[str, Json]]):
    assert set(world["customer"]) == set(CUSTOMERS) == {story.customer for story in STORIES}
    assert len(STORIES) >= 16
    assert [line for line in CUSTOMERS.values() if not 10 < len(line) <= 59] == []


def test_prices_have_readable_ids_and_lookup_keys(world: dict[str, dict[str, Json]]):
    public = {price["lookup_key"]: price["id"] for price in each(world, "price") if price["lookup_key"]}
    assert public == {key: price_id(key) for key in PRICES}
    assert {price["id"] for price in each(world, "price")} == {*public.values(), *METERED_PRICES, *CONTRACT_PRICES}
    assert world["price"]["price_starterMonthly"]["unit_amount"] == 2000


@pytest.mark.parametrize(
    ("charge", "amount", "days"),
    [
        ("ch_maya", 20_00, 3),
        ("ch_otto", 200_00, 2),
        ("ch_ninaOne", 49_00, 1),
        ("ch_ninaTwo", 49_00, 1),
        ("ch_omarOne", 15_00, 9),
        ("ch_omarTwo", 15_00, 2),
        ("ch_dora", 49_00, 12),
    ],
)
def test_charges_that_tickets_speak_of(world: dict[str, dict[str, Json]], charge: str, amount: int, days: int):
    found = world["charge"][charge]
    assert (found["amount"], found["status"], found["amount_refunded"]) == (amount, "succeeded", 0)
    assert days <= (NOW - datetime.fromtimestamp(found["created"], UTC)) / timedelta(days=1) < days + 1


def test_nina_was_charged_twice_within_a_minute_for_one_order(world: dict[str, dict[str, Json]]):
    one, two = world["charge"]["ch_ninaOne"], world["charge"]["ch_ninaTwo"]
    assert two["created"] - one["created"] == 40
    assert one["metadata"] == two["metadata"] == {"order_id": "ord_5512"}


def test_omar_ordered_twice(world: dict[str, dict[str, Json]]):
    one, two = world["charge"]["ch_omarOne"], world["charge"]["ch_omarTwo"]
    assert one["description"] == two["description"]
    assert one["metadata"] != two["metadata"]


def test_every_paid_invoice_was_paid_by_something(world: dict[str, dict[str, Json]]):
    paid_by: dict[str, int] = defaultdict(int)
    for payment in each(world, "invoice_payment"):
        if payment["status"] == "paid":
            intent = world["payment_intent"][payment["payment"]["payment_intent"]]
            assert (intent["status"], intent["amount_received"]) == ("succeeded", payment["amount_paid"])
            assert world["charge"][intent["latest_charge"]]["paid"]
            paid_by[payment["invoice"]] += payment["amount_paid"]
    paid = [invoice for invoice in each(world, "invoice") if invoice["status"] == "paid"]
    assert len(paid) > 90
    by_transfer = world["invoice"]["in_eton"]
    assert (by_transfer["status"], by_transfer["collection_method"]) == ("paid", "send_invoice")
    paid_by["in_eton"] += by_transfer["amount_paid"]
    for invoice in paid:
        assert paid_by[invoice["id"]] == invoice["amount_paid"] == invoice["amount_due"]
        assert invoice["amount_remaining"] == 0


def test_every_invoice_adds_up(world: dict[str, dict[str, Json]]):
    for invoice in each(world, "invoice"):
        lines = invoice["lines"]["data"]
        assert sum(line["amount"] for line in lines) == invoice["subtotal"]
        taken = [each for line in lines for each in line["discount_amounts"]]
        for total in invoice["total_discount_amounts"]:
            assert total["amount"] == sum(each["amount"] for each in taken if each["discount"] == total["discount"])
        on_top = sum(tax["amount"] for line in lines for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")
        assert invoice["total"] == invoice["subtotal"] - sum(each["amount"] for each in taken) + on_top
        assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]
        assert invoice["status"] in ("paid", "open")


def test_refunds_and_charges_agree(world: dict[str, dict[str, Json]]):
    refunded = Counter[str]()
    for refund in each(world, "refund"):
        if refund["status"] in ("pending", "succeeded"):
            refunded[refund["charge"]] += refund["amount"]
    assert {refund["status"] for refund in each(world, "refund")} == {"pending", "failed", "succeeded"}
    for charge in each(world, "charge"):
        assert charge["amount_refunded"] == refunded[charge["id"]]
        assert charge["refunded"] is (charge["amount_refunded"] == charge["amount"])


def test_the_balance_counts_every_movement_of_money(world: dict[str, dict[str, Json]]):
    entered = Counter[str]()
    for entry in each(world, "balance_transaction"):
        entered[entry["type"]] += entry["amount"]
    succeeded = [charge for charge in each(world, "charge") if charge["status"] == "succeeded"]
    assert entered["charge"] == sum(charge["amount"] for charge in succeeded)
    assert entered["refund"] == -sum(refund["amount"] for refund in each(world, "refund"))
    failed = [refund for refund in each(world, "refund") if refund["status"] == "failed"]
    assert entered["refund_failure"] == sum(refund["amount"] for refund in failed)


def test_everything_belongs_to_a_customer_who_was_there_before(world: dict[str, dict[str, Json]]):
    for type_ in ("charge", "invoice", "payment_intent", "subscription"):
        for one in each(world, type_):
            assert world["customer"][one["customer"]]["created"] <= one["created"] <= NOW.timestamp()
    for subscription in each(world, "subscription"):
        for item in subscription["items"]["data"]:
            running = item["current_period_start"] <= NOW.timestamp() < item["current_period_end"]
            assert running or subscription["status"] in ("canceled", "paused")


def test_each_customer_pays_in_one_currency(world: dict[str, dict[str, Json]]):
    used: dict[str, set[str]] = defaultdict(set)
    for charge in each(world, "charge"):
        used[charge["customer"]].add(charge["currency"])
    assert {currency for currencies in used.values() for currency in currencies} == {"usd", "eur", "jpy"}
    assert all(len(currencies) == 1 for currencies in used.values())


def test_states_of_the_subscriptions(world: dict[str, dict[str, Json]]):
    late = {id_ for id_, one in world["subscription"].items() if one["status"] == "past_due"}
    declined = {
        "sub_dana",
        "sub_ella",
        "sub_iris",
        "sub_lola",
        "sub_joan",
        "sub_kira",
        "sub_vick",
        "sub_cora",
        "sub_gabe",
    }
    assert late == declined | {"sub_ines", "sub_olga"}
    ended = {id_ for id_, one in world["subscription"].items() if one["status"] == "canceled"}
    assert ended == {"sub_zara", "sub_nell", "sub_hank"}
    assert world["subscription"]["sub_finn"]["status"] == "trialing"


def test_lara_can_no_longer_pay_by_the_link_she_was_sent(world: dict[str, dict[str, Json]]):
    session = world["checkout.session"]["cs_test_lara"]
    assert (session["status"], session["payment_status"], session["url"]) == ("expired", "unpaid", None)
    assert (session["customer"], session["amount_total"]) == ("cus_lara", 49_00)


def test_mira_paid_once_by_the_link_that_is_still_there(world: dict[str, dict[str, Json]]):
    session, link = world["checkout.session"]["cs_test_mira"], world["payment_link"]["plink_analytics"]
    assert (session["payment_link"], session["status"], session["customer"]) == (link["id"], "complete", "cus_mira")
    charge = world["charge"]["ch_mira"]
    assert (charge["payment_intent"], charge["amount"], charge["paid"]) == (session["payment_intent"], 49_00, True)
    assert charge["description"] == "Analytics add-on"
    assert link["active"]
    assert all(one["customer"] != "cus_mira" for one in each(world, "subscription"))


async def test_entitlements_are_read_by_the_product_as_they_are(tmp_path: Path, world: dict[str, dict[str, Json]]):
    file = tmp_path / "entitlements.json"
    file.write_text(json.dumps(entitlements(NOW)))
    source = FileEntitlements(file)
    for customer in world["customer"]:
        granted = await source.of(CustomerId(customer))
        assert granted is not None
        assert granted.plan in PLANS
        assert granted.features == frozenset(PLANS[granted.plan].features)


def test_the_product_grants_what_is_paid_except_where_that_is_the_story(world: dict[str, dict[str, Json]]):
    granted = {customer: entry["plan"] for customer, entry in entitlements(NOW)["customers"].items()}
    paid = dict.fromkeys(granted, "free")
    for subscription in each(world, "subscription"):
        if subscription["status"] not in ("canceled", "paused"):
            product = subscription["items"]["data"][0]["price"]["product"]
            paid[subscription["customer"]] = product.removeprefix("prod_")
    assert {customer for customer in granted if granted[customer] != paid[customer]} == {
        "cus_paul",
        "cus_hank",
        "cus_ruth",
    }


def test_usage_is_rows_the_usage_store_accepts():
    rows = usage(NOW)
    for row in rows["hourly"]:
        HourlyUsage(row["customer"], row["meter"], datetime.fromisoformat(row["hour"]), row["units"]).row()
        assert datetime.fromisoformat(row["hour"]) < NOW
    for row in rows["allowances"]:
        Allowance(row["customer"], row["meter"], row["included"], datetime.fromisoformat(row["since"])).row()
    assert [Meter(**row).meter for row in rows["meters"]] == ["api_requests"]
    assert {row["customer"] for row in rows["allowances"]} == set(CUSTOMERS)
    hours = Counter((row["customer"], row["hour"]) for row in rows["hourly"])
    assert set(hours.values()) == {1}
    assert json.loads(json.dumps(rows)) == rows == usage(NOW)


RUNAWAYS = {"cus_uma", "cus_vera"}


def test_only_two_customers_have_run_away():
    daily: dict[str, Counter[str]] = defaultdict(Counter)
    for row in usage(NOW)["hourly"]:
        daily[row["customer"]][row["hour"][:10]] += row["units"]
    assert set(daily) == set(CUSTOMERS)
    whole_days = sorted(daily["cus_uma"])[1:-1]
    assert len(whole_days) == DAYS - 1
    factors = {
        customer: max(days[day] for day in whole_days) / (sum(days[day] for day in whole_days[:30]) / 30)
        for customer, days in daily.items()
    }
    assert {customer for customer, factor in factors.items() if factor > 2} == RUNAWAYS


@pytest.mark.parametrize(
    "now",
    [
        datetime(2027, 3, 1, 0, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 12, tzinfo=UTC),
        datetime(2028, 2, 29, 8, tzinfo=UTC),
    ],
)
async def test_the_stories_come_true_on_any_day(now: datetime, world: dict[str, dict[str, Json]]):
    told = (await demo_world(now)).snapshot()
    for id_, subscription in world["subscription"].items():
        assert told["subscription"][id_]["status"] == subscription["status"], id_


async def test_a_sandbox_that_is_past_the_opening_is_refused():
    with pytest.raises(DemoError, match="new sandbox"):
        await seed(create_app(start=opening(NOW) + timedelta(seconds=1)), NOW)
    with pytest.raises(DemoError, match="new sandbox"):
        await seed(create_app(), NOW)


async def test_a_naive_now_is_refused():
    with pytest.raises(ValueError, match="aware"):
        await seed(create_app(start=opening(NOW)), NOW.replace(tzinfo=None))


async def test_a_step_the_sandbox_refuses_is_named():
    app = create_app(start=opening(NOW))
    app.world.put({"object": "product", "id": "prod_starter", "name": "Taken"})
    with pytest.raises(DemoError, match=r"POST /v1/products was refused \(400\)"):
        await seed(app, NOW)


def test_the_file_is_told_once_and_its_clock_runs(tmp_path: Path):
    path = tmp_path / "acme.sqlite3"
    first = open_demo(path, NOW)
    told = first.snapshot()
    assert set(told["customer"]) == set(CUSTOMERS)
    assert not clock.state(first)["frozen"]
    first.close()
    again = open_demo(path, NOW + timedelta(days=1))
    assert again.snapshot() == told
    again.close()


@pytest.mark.process
def test_a_process_serves_the_company_and_survives_being_killed(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--demo", "--file", str(tmp_path / "a.sqlite3"), "--port", str(port)]
    refunded: list[int] = []
    for _ in range(2):
        process = subprocess.Popen(command)
        try:
            maya = wait_for(f"http://127.0.0.1:{port}/v1/charges/ch_maya")
            refunded.append(maya["amount_refunded"])
            refund = {"charge": "ch_maya", "amount": "500"}
            httpx.post(f"http://127.0.0.1:{port}/v1/refunds", data=refund, headers=KEY).raise_for_status()
        finally:
            process.kill()
            process.wait()
    assert refunded == [0, 500]


def wait_for(url: str) -> Json:
    for _ in range(200):
        try:
            return httpx.get(url, headers=KEY).raise_for_status().json()
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the sandbox did not come up")


@pytest.mark.process
@pytest.mark.parametrize("options", [["--demo"], ["--demo", "--file", "other"], ["--demo", "--host", "0.0.0.0"]])
def test_the_command_says_what_is_wrong(tmp_path: Path, options: list[str]):
    other = World(tmp_path / "other")
    other.put({"object": "customer", "id": "cus_x"})
    other.close()
    options = [str(tmp_path / "other") if option == "other" else option for option in options]
    done = subprocess.run([sys.executable, "-m", "sandbox", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_with_another_world_is_left_alone(tmp_path: Path):
    path = tmp_path / "other.sqlite3"
    other = World(path)
    other.put({"object": "customer", "id": "cus_somebody"})
    other.close()
    with pytest.raises(DemoError, match=r"other\.sqlite3 holds another sandbox"):
        open_demo(path, NOW)

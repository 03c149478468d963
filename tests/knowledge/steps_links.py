"""Followed: links to buy something."""

from __future__ import annotations

from policy.decisions import Deny
from tests.knowledge.account import Account, done, rule
from tests.knowledge.following import follow


@follow("checkout-link-expired", "cus_lara")
async def a_link_to_order_again(account: Account) -> None:
    """Nothing is owed for an unused one; a new one sells the same, once, and lasts a day."""
    [old] = (await account.read("list_checkout_links"))["links"]
    assert (old["status"], old["url"]) == ("expired", None)
    assert (await account.read("list_invoices", status="open", lines=False))["invoices"] == []
    made = done(await account.agree("new_checkout_link", checkout_session=old["id"]))
    unused = account.elsewhere()
    done(await unused.agree("new_checkout_link", checkout_session=old["id"]))
    await unused.pass_time(hours=25)
    assert (await unused.read("list_checkout_links"))["links"][0]["status"] == "expired"
    newer = (await account.read("list_checkout_links"))["links"][0]
    assert (newer["status"], newer["total"]) == ("open", old["total"])
    assert made.receipt is not None
    second = await account.agree("new_checkout_link", checkout_session=old["id"])
    assert rule(second, Deny) == "checkout.open_since"
    await account.page(newer["url"], card="pm_card_visa")
    assert (await account.read("list_checkout_links"))["links"][0]["status"] == "complete"
    third = await account.agree("new_checkout_link", checkout_session=old["id"])
    assert rule(third, Deny) == "checkout.bought_since"


@follow("bought-by-link", "cus_mira")
async def bought_once(account: Account) -> None:
    """No subscription, no card on file; the completed page takes no second payment, and the money can be had back."""
    found = await account.diagnose("healthy")
    assert (found["subscriptions"], found["cards"]) == ([], [])
    [link] = (await account.read("list_checkout_links"))["links"]
    assert (link["status"], link["mode"]) == ("complete", "payment")
    [charge] = (await account.read("list_charges"))["charges"]
    assert charge["amount"] == link["total"]
    assert charge["order"]
    assert charge["card"]
    await account.pass_time(days=3)
    assert len((await account.read("list_charges"))["charges"]) == 1
    done(await account.ask("refund", charge=charge["id"], grounds="requested_by_customer"))

"""Payment links: made through the API, followed by customers, switched off."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox import links
from sandbox.server import Sandbox
from tests.sandbox.billing import DAY, event_types, price
from tests.sandbox.browser import Browser
from tests.sandbox.conftest import in_error
from tests.sandbox.test_checkout_sessions import checkout


def link_to(client: stripe.StripeClient, price_id: str, quantity: int = 1, **params: Any) -> stripe.PaymentLink:
    asked: Any = {"line_items": [{"price": price_id, "quantity": quantity}], **params}
    return client.v1.payment_links.create(asked)


async def opened(
    client: stripe.StripeClient, browser: Browser, link: stripe.PaymentLink, query: str = ""
) -> stripe.checkout.Session:
    """Follow the link as a customer does; the session it began."""
    answer = await browser.get(link.url + query)
    assert answer.status_code == 303, answer.text
    session = client.v1.checkout.sessions.list({"payment_link": link.id, "limit": 1}).data[0]
    assert answer.headers["location"] == session.url
    return session


def test_a_new_link(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/payment-link/object"""
    addon = price(client, 4900, None, name="Analytics add-on")
    link = link_to(client, addon.id, 2, metadata={"campaign": "spring"})
    assert (link.active, link.currency, link.submit_type) == (True, "usd", "auto")
    assert (link.customer_creation, link.subscription_data, link.restrictions) == ("if_required", None, None)
    assert link.url.startswith("http://127.0.0.1:12111/b/test_")
    lines = client.v1.payment_links.line_items.list(link.id).data
    assert [(line.description, line.quantity, line.amount_total) for line in lines] == [("Analytics add-on", 2, 9800)]
    shown = client.v1.payment_links.retrieve(link.id, {"expand": ["line_items"]})
    assert shown.line_items is not None
    assert shown.line_items.data[0].id == lines[0].id
    assert event_types(client)[-1] == "payment_link.created"


async def test_everybody_who_follows_it_gets_a_session_of_their_own(
    client: stripe.StripeClient, browser: Browser
) -> None:
    """docs.stripe.com/payment-links"""
    link = link_to(client, price(client, 4900, None).id, metadata={"campaign": "spring"})
    one, two = await opened(client, browser, link), await opened(client, browser, link)
    assert one.id != two.id
    for session in (one, two):
        assert (session.payment_link, session.mode, session.amount_total) == (link.id, "payment", 4900)
        assert session.metadata is not None
        assert session.metadata["campaign"] == "spring"
        assert session.expires_at == session.created + DAY
    paid = await browser.post(str(one.url), card="pm_card_visa", email="guest@example.com")
    assert "This has been paid" in paid.text
    done = client.v1.checkout.sessions.retrieve(one.id, {"expand": ["payment_intent.latest_charge"]})
    assert (done.status, done.payment_status, done.customer) == ("complete", "paid", None)
    assert isinstance(done.payment_intent, stripe.PaymentIntent)
    assert isinstance(done.payment_intent.latest_charge, stripe.Charge)
    assert done.payment_intent.latest_charge.amount == 4900
    assert client.v1.checkout.sessions.retrieve(two.id).status == "open"


async def test_what_is_said_of_the_payment_goes_onto_it(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/api/payment-link/create#create_payment_link-payment_intent_data"""
    link = link_to(
        client,
        price(client, 4900, None).id,
        customer_creation="always",
        payment_intent_data={"description": "Workshop in May", "metadata": {"order_id": "ord_7"}},
        after_completion={"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "See you <soon>"}},
    )
    assert link.payment_intent_data is not None
    assert link.payment_intent_data.metadata["order_id"] == "ord_7"
    session = await opened(client, browser, link)
    thanks = await browser.post(str(session.url), card="pm_card_visa", email="new@example.com")
    assert "See you &lt;soon&gt;" in thanks.text
    (charge,) = client.v1.charges.list().data
    assert (charge.description, charge.metadata["order_id"]) == ("Workshop in May", "ord_7")
    assert client.v1.customers.retrieve(str(charge.customer)).email == "new@example.com"


async def test_a_recurring_price_begins_a_subscription(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payment-links/create?pricing-model=standard#subscriptions"""
    team = price(client, 6000, name="Team")
    link = link_to(client, team.id, 3, subscription_data={"metadata": {"workspace": "north"}, "trial_period_days": 7})
    assert link.subscription_data is not None
    assert (link.subscription_data.trial_period_days, link.customer_creation) == (7, "always")
    session = await opened(client, browser, link)
    assert session.mode == "subscription"
    declined = await browser.post(
        str(session.url), card="pm_card_visa_chargeDeclinedInsufficientFunds", email="a@b.org"
    )
    assert declined.status_code == 402
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    await browser.post(str(session.url), card="pm_card_visa", email="a@b.org")
    (begun,) = client.v1.subscriptions.list().data
    assert (begun.status, begun.metadata["workspace"], begun.items.data[0].quantity) == ("trialing", "north", 3)


async def test_a_redirect_tells_which_session_it_was(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payment-links/post-payment"""
    after: Any = {"type": "redirect", "redirect": {"url": "https://acme.example/done?s={CHECKOUT_SESSION_ID}"}}
    link = link_to(client, price(client, 4900, None).id, after_completion=after)
    session = await opened(client, browser, link)
    sent = await browser.post(str(session.url), card="pm_card_visa", email="a@b.org")
    assert (sent.status_code, sent.headers["location"]) == (303, f"https://acme.example/done?s={session.id}")


@pytest.mark.parametrize(
    ("query", "reference", "locked"),
    [
        ("?client_reference_id=cart_17-b", "cart_17-b", None),
        ("?client_reference_id=no%20good", None, None),
        (f"?client_reference_id={'x' * 201}", None, None),
        ("?locked_prefilled_email=ada%40example.com", None, "ada@example.com"),
        ("?locked_prefilled_email=nothing", None, None),
    ],
)
async def test_the_address_may_say_who_comes(
    client: stripe.StripeClient, browser: Browser, query: str, reference: str | None, locked: str | None
) -> None:
    """docs.stripe.com/payment-links/url-parameters"""
    session = await opened(client, browser, link_to(client, price(client, 4900, None).id), query)
    assert (session.client_reference_id, session.customer_email) == (reference, locked)


async def test_a_prefilled_address_can_be_changed(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payment-links/url-parameters"""
    link = link_to(client, price(client, 4900, None).id)
    session = await opened(client, browser, link, "?prefilled_email=ada%40example.com%22%3E")
    assert session.customer_email is None
    page = await browser.get(str(session.url))
    assert 'value="ada@example.com&#34;&gt;"' in page.text
    await browser.post(str(session.url), card="pm_card_visa", email="bob@example.com")
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.customer_details is not None
    assert done.customer_details.email == "bob@example.com"


async def test_a_link_that_is_switched_off_sells_nothing(
    client: stripe.StripeClient, browser: Browser, app: Sandbox
) -> None:
    """docs.stripe.com/payment-links/customize#deactivate-link"""
    link = link_to(client, price(client, 4900, None).id)
    off = client.v1.payment_links.update(link.id, {"active": False, "inactive_message": "Back <in> May."})
    assert (off.active, off.url) == (False, link.url)
    before = app.world.snapshot()
    page = await browser.get(link.url)
    assert page.status_code == 410
    assert "This link has been deactivated" in page.text
    assert "Back &lt;in&gt; May." in page.text
    assert app.world.snapshot() == before
    assert [each.id for each in client.v1.payment_links.list({"active": False}).data] == [link.id]
    assert client.v1.payment_links.list({"active": True}).data == []
    client.v1.payment_links.update(link.id, {"active": True, "inactive_message": ""})
    assert (await browser.get(link.url)).status_code == 303
    assert event_types(client).count("payment_link.updated") == 2


async def test_an_archived_price_is_not_sold(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/products-prices/manage-prices#archive-a-price"""
    addon = price(client, 4900, None)
    link = link_to(client, addon.id)
    client.v1.prices.update(addon.id, {"active": False})
    assert (await browser.get(link.url)).status_code == 410
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        link_to(client, addon.id)


async def test_at_its_limit_a_link_ends_for_all(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payment-links/customize#limit-number-of-payments"""
    link = link_to(client, price(client, 4900, None).id, restrictions={"completed_sessions": {"limit": 2}})
    first, second, third = [await opened(client, browser, link) for _ in range(3)]
    await browser.post(str(first.url), card="pm_card_visa", email="a@b.org")
    assert counted(client, link) == (True, 1, 2)
    await browser.post(str(second.url), card="pm_card_visa", email="a@b.org")
    assert counted(client, link) == (False, 2, 2)
    late = await browser.post(str(third.url), card="pm_card_visa", email="a@b.org")
    assert late.status_code == 410
    assert len(client.v1.charges.list().data) == 2
    assert (await browser.get(link.url)).status_code == 410
    with pytest.raises(stripe.InvalidRequestError, match="reached the limit"):
        client.v1.payment_links.update(link.id, {"active": True})
    client.v1.payment_links.update(link.id, {"active": True, "restrictions": {"completed_sessions": {"limit": 3}}})
    assert counted(client, link) == (True, 2, 3)
    client.v1.payment_links.update(link.id, {"restrictions": ""})
    assert client.v1.payment_links.retrieve(link.id).restrictions is None


def counted(client: stripe.StripeClient, link: stripe.PaymentLink) -> tuple[bool, int, int]:
    found = client.v1.payment_links.retrieve(link.id)
    assert found.restrictions is not None
    return found.active, found.restrictions.completed_sessions.count, found.restrictions.completed_sessions.limit


async def test_quantities_may_change_for_those_who_come_later(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/api/payment-link/update#update_payment_link-line_items"""
    link = link_to(client, price(client, 1500, None).id)
    early = await opened(client, browser, link)
    (line,) = client.v1.payment_links.line_items.list(link.id).data
    client.v1.payment_links.update(link.id, {"line_items": [{"id": line.id, "quantity": 4}]})
    assert (early.amount_total, (await opened(client, browser, link)).amount_total) == (1500, 6000)
    with pytest.raises(stripe.InvalidRequestError, match="No such line item"):
        client.v1.payment_links.update(link.id, {"line_items": [{"id": "li_none", "quantity": 4}]})


async def test_something_without_a_price_may_be_sold_by_link(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/api/payment-link/create#create_payment_link-line_items-price_data"""
    data: Any = {"currency": "eur", "unit_amount": 1250, "product_data": {"name": "Workshop"}}
    link = client.v1.payment_links.create({"line_items": [{"price_data": data, "quantity": 2}]})
    assert ((await opened(client, browser, link)).amount_total, link.currency) == (2500, "eur")


async def test_a_session_of_a_link_expires_like_any_other(
    client: stripe.StripeClient, browser: Browser, advance: Callable[[int], int]
) -> None:
    link = link_to(client, price(client, 4900, None).id)
    session = await opened(client, browser, link)
    advance(DAY)
    assert (await browser.get(str(session.url))).status_code == 410
    assert (await opened(client, browser, link)).status == "open"
    assert (await browser.get(link.url[:-3] + "AAA")).status_code == 404


@pytest.mark.parametrize(
    ("params", "told", "code"),
    [
        ({"line_items": []}, "line_items", "parameter_missing"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "No such price", "resource_missing"),
        ({"line_items": [{"price": "ONCE"}]}, "Quantity is required", "parameter_missing"),
        ({"subscription_data": {"trial_period_days": 3}}, "`subscription_data` in `payment` mode", None),
        ({"after_completion": {"type": "redirect"}}, "must be set when", "parameter_missing"),
        ({"restrictions": {"completed_sessions": {"limit": 0}}}, "greater than or equal", "parameter_invalid_integer"),
        ({"customer": "cus_x"}, "unknown parameter", "parameter_unknown"),
        (
            {"line_items": [{"price": "MONTHLY", "quantity": 1}], "customer_creation": "always"},
            "only be used in `payment` mode",
            None,
        ),
        ({"line_items": [{"price": "MONTHLY", "quantity": 1}, {"price": "ONCE", "quantity": 1}]}, "one-time", None),
    ],
)
def test_what_is_refused(client: stripe.StripeClient, params: dict[str, Any], told: str, code: str | None) -> None:
    named = {"ONCE": price(client, 4900, None).id, "MONTHLY": price(client, 2000).id}
    asked: Any = {"line_items": [{"price": named["ONCE"], "quantity": 1}], **params}
    for item in asked["line_items"]:
        item["price"] = named.get(item["price"], item["price"])
    with pytest.raises(stripe.InvalidRequestError, match=told) as refused:
        client.v1.payment_links.create(asked)
    assert in_error(refused.value, "code") == code
    assert client.v1.payment_links.list().data == []


async def test_a_look_at_the_headers_begins_nothing(
    client: stripe.StripeClient, app: Sandbox, browser: Browser
) -> None:
    link = link_to(client, price(client, 4900, None).id)
    before = app.world.snapshot()
    assert (await browser.head(link.url)).status_code == 200
    assert app.world.snapshot() == before


def test_the_address_follows_the_server(client: stripe.StripeClient, app: Sandbox) -> None:
    """A sandbox that is started anew on another port gives addresses that open."""
    link = link_to(client, price(client, 4900, None).id)
    links.set_origin(app.world, "http://127.0.0.1:4000")
    assert client.v1.payment_links.retrieve(link.id).url == link.url.replace("12111", "4000")


def test_so_do_those_of_checkout_sessions(client: stripe.StripeClient, app: Sandbox) -> None:
    recovery: Any = {"after_expiration": {"recovery": {"enabled": True}}}
    addon = price(client, 4900, None).id
    living, gone = checkout(client, addon), checkout(client, addon, **recovery)
    way_back = way_back_of(client.v1.checkout.sessions.expire(gone.id))
    links.set_origin(app.world, "http://127.0.0.1:4000")
    assert client.v1.checkout.sessions.retrieve(living.id).url == str(living.url).replace("12111", "4000")
    assert way_back_of(client.v1.checkout.sessions.retrieve(gone.id)) == way_back.replace("12111", "4000")
    assert client.v1.checkout.sessions.retrieve(gone.id).url is None


def way_back_of(session: stripe.checkout.Session) -> str:
    assert session.after_expiration is not None
    assert session.after_expiration.recovery is not None
    return str(session.after_expiration.recovery.url)

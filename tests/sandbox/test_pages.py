"""The hosted invoice page and the portal, as a customer's browser meets them. Links: 2 November 2026 is day 0."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import stripe

from sandbox import links, serve
from tests.sandbox.billing import DAY, HOUR, event_types, invoices, price, subscribe, use_card
from tests.sandbox.browser import Browser


@pytest.fixture
def invoice(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    draft = client.v1.invoices.create({"customer": customer.id})
    client.v1.invoice_items.create(
        {
            "customer": customer.id,
            "amount": 1500,
            "currency": "usd",
            "invoice": draft.id,
            "description": "Work <b>done</b>",
        }
    )
    return client.v1.invoices.finalize_invoice(draft.id)


async def test_the_page_shows_the_invoice_and_takes_a_payment(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser
) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page"""
    url = str(invoice.hosted_invoice_url)
    page = await browser.get(url)
    assert page.status_code == 200
    assert "Sandbox: a test page" in page.text
    assert "Work &lt;b&gt;done&lt;/b&gt;" in page.text
    assert "$15.00" in page.text
    paid = await browser.post(url, card="pm_card_visa")
    assert "This invoice is paid" in paid.text
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    again = await browser.post(url, card="pm_card_visa")
    assert "This invoice is paid" in again.text
    assert len(client.v1.charges.list().data) == 1


async def test_a_declined_card_is_told_to_the_customer_and_recorded(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser
) -> None:
    """docs.stripe.com/declines"""
    page = await browser.post(str(invoice.hosted_invoice_url), card="pm_card_visa_chargeDeclinedInsufficientFunds")
    assert page.status_code == 402
    assert "Your card has insufficient funds." in page.text
    assert client.v1.invoices.retrieve(invoice.id).attempt_count == 1
    assert "invoice.payment_failed" in event_types(client)


@pytest.mark.parametrize("form", [{}, {"card": "pm_card_none"}, {"card": "pm_1"}, {"authenticate": "pass"}])
async def test_only_the_offered_cards_are_taken(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser, form: dict[str, str]
) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page"""
    page = await browser.post(str(invoice.hosted_invoice_url), **form)
    assert page.status_code == 402
    assert client.v1.invoices.retrieve(invoice.id).attempted is False


@pytest.mark.parametrize(("answer", "status"), [("pass", "paid"), ("fail", "open")])
async def test_authentication_happens_on_the_page(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser, answer: str, status: str
) -> None:
    """docs.stripe.com/payments/3d-secure/authentication-flow"""
    url = str(invoice.hosted_invoice_url)
    asked = await browser.post(url, card="pm_card_authenticationRequired")
    assert "Your bank wants to know" in asked.text
    await browser.post(url, authenticate=answer)
    assert client.v1.invoices.retrieve(invoice.id).status == status


async def test_a_link_expires_30_days_after_finalization_and_fetching_gives_one_valid_for_ten_days(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page#invoice-urls"""
    old = str(invoice.hosted_invoice_url)
    assert client.v1.invoices.retrieve(invoice.id).hosted_invoice_url == old
    advance(30 * DAY - 1)
    assert (await browser.get(old)).status_code == 200
    advance(1)
    expired = await browser.get(old)
    assert expired.status_code == 410
    assert "This link has expired" in expired.text
    assert (await browser.post(old, card="pm_card_visa")).status_code == 410
    fresh = str(client.v1.invoices.retrieve(invoice.id).hosted_invoice_url)
    assert fresh != old
    advance(10 * DAY - 1)
    assert (await browser.get(fresh)).status_code == 200
    advance(1)
    assert (await browser.get(fresh)).status_code == 410
    assert invoices(client, status="open")[0].hosted_invoice_url not in (old, fresh)


async def test_with_a_due_date_a_link_lives_30_days_longer_but_never_over_120(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page#invoice-urls"""
    urls = {}
    for days in (14, 200):
        draft = client.v1.invoices.create(
            {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": days}
        )
        client.v1.invoice_items.create({"customer": customer.id, "amount": 900, "currency": "usd", "invoice": draft.id})
        urls[days] = str(client.v1.invoices.finalize_invoice(draft.id).hosted_invoice_url)
    advance(44 * DAY - 1)
    assert (await browser.get(urls[14])).status_code == 200
    advance(1)
    assert [(await browser.get(urls[days])).status_code for days in (14, 200)] == [410, 200]
    advance(76 * DAY)
    assert (await browser.get(urls[200])).status_code == 410


async def test_a_forged_or_foreign_token_opens_nothing(
    client: stripe.StripeClient, invoice: stripe.Invoice, browser: Browser, app: Any
) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page: the address holds a secure, long, random identifier"""
    url = str(invoice.hosted_invoice_url)
    path = urlsplit(url).path
    for forged in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/i/acct_sandbox/test_", "/i/acct_sandbox/in_1"):
        assert (await browser.get(forged)).status_code == 404
    session = client.v1.billing_portal.sessions.create({"customer": str(invoice.customer)})
    token = urlsplit(session.url).path.rsplit("/", 1)[1]
    assert (await browser.get(f"/i/acct_sandbox/{token}")).status_code == 404
    other = links.sign(app.world.copy(), links.Link("in_other", 2**40))
    assert (await browser.get(f"/i/acct_sandbox/test_{other}")).status_code == 404


@pytest.mark.parametrize(
    "body", [b"\xff\xfe&&==", b"card=1&" * 6000, b"card[", b"card=%00", "card=\u202e😀".encode(), b"card[a]=1&card=2"]
)
async def test_strange_forms_are_answered_and_change_nothing(
    client: stripe.StripeClient, invoice: stripe.Invoice, app: Any, body: bytes
) -> None:
    session = client.v1.billing_portal.sessions.create({"customer": str(invoice.customer)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox") as raw:
        for url in (str(invoice.hosted_invoice_url), session.url):
            assert (await raw.post(url, content=body)).status_code == 402
        for token in ("test_", "test_====", "test_%F0%9F%98%80", "test_" + "A" * 5000, "x"):
            assert (await raw.get(f"/p/session/{token}")).status_code == 404
            assert (await raw.post(f"/i/acct_sandbox/{token}", content=body)).status_code == 404
    assert client.v1.invoices.retrieve(invoice.id).attempted is False
    with pytest.raises(stripe.InvalidRequestError, match="Too many"):
        client.v1.customers.create({"metadata": {str(n): "x" for n in range(6000)}})


def test_links_lead_to_where_the_sandbox_is_served(customer: stripe.Customer, app: Any, client: Any) -> None:
    """docs.stripe.com/api/customer_portal/sessions/object#portal_session_object-url"""
    served: Any = serve.server(None, port=12345).config.app
    assert links.origin(served.world) == "http://127.0.0.1:12345"
    served.world.close()
    with app.world.transaction():
        links.set_origin(app.world, "http://127.0.0.1:9999/")
    session = client.v1.billing_portal.sessions.create({"customer": customer.id})
    assert session.url.startswith("http://127.0.0.1:9999/p/session/test_")


async def test_the_pdf_is_a_document(invoice: stripe.Invoice, browser: Browser) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-invoice_pdf"""
    answer = await browser.get(str(invoice.invoice_pdf))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.4")
    offset = int(re.findall(rb"startxref\n(\d+)", answer.content)[0])
    assert answer.content[offset : offset + 4] == b"xref"
    for text in (b"(Sandbox: a test document.", b"(Total)", b"($15.00)", b"(This invoice has not been paid yet.)"):
        assert text in answer.content


async def test_the_portal_replaces_the_default_card_so_that_a_failed_invoice_can_be_paid(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/customer-management/portal-deep-links: flow_data payment_method_update"""
    subscription = subscribe(client, customer.id, price(client, 2000).id)
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(30 * DAY + HOUR)
    session = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "flow_data": {"type": "payment_method_update"}}
    )
    page = await browser.get(session.url)
    assert "Visa ending in 0341" in page.text
    done = await browser.post(session.url, card="pm_card_mastercard")
    assert "Mastercard ending in 4444, valid until" in done.text
    failed = invoices(client, subscription=subscription.id)[0]
    assert failed.status == "open"
    assert client.v1.invoices.pay(failed.id).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


async def test_a_card_that_cannot_be_saved_changes_nothing(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser
) -> None:
    """docs.stripe.com/testing#declined-payments: declining cards cannot be attached to a customer"""
    session = client.v1.billing_portal.sessions.create({"customer": customer.id})
    page = await browser.post(session.url, card="pm_card_visa_chargeDeclinedLostCard")
    assert page.status_code == 402
    assert "Your card was declined." in page.text
    after = client.v1.customers.retrieve(customer.id)
    assert after.invoice_settings == customer.invoice_settings


async def test_the_flow_ends_where_it_was_told_to(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser
) -> None:
    """docs.stripe.com/customer-management/portal-deep-links#redirect"""
    back = "https://example.com/account"
    session = client.v1.billing_portal.sessions.create(
        {
            "customer": customer.id,
            "return_url": back,
            "flow_data": {
                "type": "payment_method_update",
                "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
            },
        }
    )
    answer = await browser.post(session.url, card="pm_card_visa")
    assert (answer.status_code, answer.headers["location"]) == (303, back)


async def test_a_portal_address_is_short_lived_and_kept_alive_by_use(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/customer_portal/sessions: sessions expire when the customer does not visit the URL"""
    unvisited = client.v1.billing_portal.sessions.create({"customer": customer.id})
    visited = client.v1.billing_portal.sessions.create({"customer": customer.id})
    assert (await browser.get(visited.url)).status_code == 200
    advance(300)
    assert (await browser.get(unvisited.url)).status_code == 410
    advance(3299)
    assert (await browser.get(visited.url)).status_code == 200
    advance(3600)
    assert (await browser.post(visited.url, card="pm_card_visa")).status_code == 410


def test_the_default_configuration_is_made_once(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/customer_portal/configurations"""
    first, second = (client.v1.billing_portal.sessions.create({"customer": customer.id}) for _ in range(2))
    assert first.configuration == second.configuration
    found = client.v1.billing_portal.configurations.list({"is_default": True}).data
    assert [c.id for c in found] == [first.configuration]
    assert client.v1.billing_portal.configurations.retrieve(found[0].id).active is True


@pytest.mark.parametrize(
    "params",
    [
        {"customer": "cus_none"},
        {"configuration": "bpc_none"},
        {"flow_data": {"type": "dance"}},
        {"flow_data": {"type": "payment_method_update", "after_completion": {"type": "redirect"}}},
        {"url": "https://example.com"},
    ],
)
def test_wrong_sessions_are_refused(client: stripe.StripeClient, customer: stripe.Customer, params: Any) -> None:
    """docs.stripe.com/api/customer_portal/sessions/create"""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing_portal.sessions.create({"customer": customer.id} | params)

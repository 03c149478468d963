"""The hosted pages as a customer meets them: clicked in a real browser, checked through the API."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request, expect

from tests.browser import chromium
from tests.browser.served import Served

pytestmark = pytest.mark.browser

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


async def pay(page: Page, card: str) -> None:
    await page.get_by_role("radio", name=card).check()
    await page.get_by_role("button", name="Pay $").click()


async def save(page: Page, card: str) -> None:
    await page.get_by_role("radio", name=card).check()
    await page.get_by_role("button", name="Use this card").click()


def default_card(sandbox: Served, customer: str) -> Any:
    chosen = sandbox.get(f"customers/{customer}")["invoice_settings"]["default_payment_method"]
    return sandbox.get(f"payment_methods/{chosen}")["card"]


async def test_an_open_invoice_is_paid_with_another_card_after_a_declined_one(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page"""
    invoice = sandbox.invoice("cus_dana")
    await page.goto(invoice["hosted_invoice_url"])
    earlier = page.get_by_role("paragraph").filter(has_text="The last payment did not go through.")
    await expect(earlier).to_contain_text("Your card has insufficient funds.")
    await pay(page, "declined: expired card")
    await expect(page.get_by_role("alert")).to_contain_text("Your card has expired.")
    await expect(page).to_have_title(f"Not paid: Invoice {invoice['number']} – Sandbox")
    assert sandbox.get(f"invoices/{invoice['id']}")["status"] == "open"
    await pay(page, "Visa ending in 4242")
    await expect(page.get_by_role("status")).to_have_text("This invoice is paid. Thank you.")
    await expect(page.get_by_role("button")).to_have_count(0)
    paid = sandbox.get(f"invoices/{invoice['id']}")
    assert (paid["status"], paid["amount_paid"]) == ("paid", 2000)
    assert sandbox.get("subscriptions/sub_dana")["status"] == "active"


async def test_3d_secure_is_failed_then_passed(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/payments/3d-secure/authentication-flow"""
    invoice = sandbox.invoice("cus_iris")
    await page.goto(invoice["hosted_invoice_url"])
    await pay(page, "asks for 3-D Secure")
    await page.get_by_role("button", name="Fail authentication").click()
    await expect(page.get_by_role("alert")).to_contain_text("Your bank could not confirm that it was you")
    assert sandbox.get(f"invoices/{invoice['id']}")["status"] == "open"
    await pay(page, "asks for 3-D Secure")
    await page.get_by_role("button", name="Complete authentication").click()
    await expect(page.get_by_role("status")).to_contain_text("is paid")
    assert sandbox.get(f"invoices/{invoice['id']}")["status"] == "paid"


async def test_the_portal_changes_the_default_card_and_leads_to_the_open_invoice(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/customer-management/portal-deep-links"""
    await page.goto(sandbox.portal("cus_dana"))
    await expect(page.get_by_role("definition")).to_contain_text("Visa ending in 5556")
    await save(page, "declined: lost card")
    await expect(page.get_by_role("alert")).to_contain_text("Your card was declined.")
    assert default_card(sandbox, "cus_dana")["last4"] == "5556"
    await save(page, "Mastercard ending in 4444")
    await expect(page.get_by_role("status")).to_contain_text("Your card was saved.")
    await expect(page.get_by_role("definition")).to_contain_text("Mastercard ending in 4444")
    assert default_card(sandbox, "cus_dana")["last4"] == "4444"
    number = sandbox.invoice("cus_dana")["number"]
    await page.get_by_role("link", name=number).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Invoice {number}")


async def test_the_portal_says_when_a_subscription_keeps_a_card_of_its_own(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority"""
    own = sandbox.get("customers/cus_dana")["invoice_settings"]["default_payment_method"]
    sandbox.post("subscriptions/sub_dana", default_payment_method=own)
    await page.goto(sandbox.portal("cus_dana"))
    await expect(page.get_by_text("does not replace it")).to_have_count(0)
    await save(page, "Visa ending in 4242")
    await expect(page.get_by_text("does not replace it")).to_contain_text("Visa ending in 5556")


async def test_an_expired_link_says_so_and_a_fresh_one_works(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/invoicing/hosted-invoice-page#invoice-urls"""
    answer = await page.goto(sandbox.first_link("in_olga"))
    assert answer is not None
    assert answer.status == 410
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")
    await expect(page.get_by_text("Ask the business that sent it for a new one.")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)
    await page.goto(sandbox.invoice("cus_olga")["hosted_invoice_url"])
    await expect(page.get_by_role("button", name="Pay $600.00")).to_be_visible()


async def test_the_pdf_of_a_paid_invoice_downloads(page: Page, sandbox: Served) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-invoice_pdf"""
    invoice = sandbox.invoice("cus_dana", "paid")
    await page.goto(invoice["hosted_invoice_url"])
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download as PDF").click()
    download = await started.value
    assert download.suggested_filename == f"{invoice['number']}.pdf"
    content = (await download.path()).read_bytes()
    assert content.startswith(b"%PDF-1.4")
    assert b"(This invoice is paid. Thank you.)" in content


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light")])
async def test_every_page_is_accessible_fits_and_says_what_it_is(
    browser: Browser, sandbox: Served, size: Any, scheme: Any
) -> None:
    page = await browser.new_page(viewport=size, color_scheme=scheme)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    for url in (
        sandbox.invoice("cus_dana")["hosted_invoice_url"],
        sandbox.invoice("cus_dana", "paid")["hosted_invoice_url"],
        sandbox.first_link("in_olga"),
        f"{sandbox.url}/i/acct_sandbox/test_unknown",
    ):
        await page.goto(url)
        await check(page)
    await page.goto(sandbox.portal("cus_dana", return_url="https://example.com/account"))
    await check(page)
    await save(page, "declined: lost card")
    await check(page)
    await save(page, "Visa ending in 4242")
    await check(page)
    await page.goto(sandbox.invoice("cus_iris")["hosted_invoice_url"])
    await pay(page, "declined: insufficient funds")
    await check(page)
    await pay(page, "asks for 3-D Secure")
    await check(page)
    assert [url for url in asked if not url.startswith(sandbox.url)] == []


async def check(page: Page) -> None:
    """axe finds nothing serious, nothing sticks out sideways, and the page is labelled as a sandbox's."""
    found = (await Axe().run(page)).response["violations"]
    serious = [(rule["id"], rule["nodes"]) for rule in found if rule["impact"] in ("serious", "critical")]
    title = await page.title()
    assert serious == [], title
    assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, title
    await expect(page.get_by_role("banner")).to_have_text("Sandbox: a test page. No real card, no real money.")
    await expect(page.get_by_role("contentinfo")).to_contain_text("moves no money")


async def test_without_chromium_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(chromium.ChromiumMissing, match="apt-get install chromium"):
        async with chromium.chromium():
            pass

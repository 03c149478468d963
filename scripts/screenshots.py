"""Take docs/screenshots anew: `make screenshots`. The demo company stands at a fixed date, so only changes show."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, ViewportSize

from sandbox.demo.seeding import demo_world
from tests.browser.chromium import ChromiumMissing, chromium
from tests.browser.served import Served, served

FOLDER: Final = Path(__file__).parent.parent / "docs" / "screenshots"
NOW: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


async def invoice_declined(browser: Browser, sandbox: Served) -> Page:
    page = await browser.new_page(viewport=DESKTOP, color_scheme="light")
    await page.goto(sandbox.invoice("cus_dana")["hosted_invoice_url"])
    await page.get_by_role("radio", name="declined: expired card").check()
    await page.get_by_role("button", name="Pay $").click()
    return page


async def authentication_phone(browser: Browser, sandbox: Served) -> Page:
    page = await browser.new_page(viewport=PHONE, color_scheme="light")
    await page.goto(sandbox.invoice("cus_iris")["hosted_invoice_url"])
    await page.get_by_role("radio", name="asks for 3-D Secure").check()
    await page.get_by_role("button", name="Pay $").click()
    return page


async def portal_phone_dark(browser: Browser, sandbox: Served) -> Page:
    page = await browser.new_page(viewport=PHONE, color_scheme="dark")
    await page.goto(sandbox.portal("cus_dana"))
    await page.get_by_role("radio", name="Mastercard").check()
    await page.get_by_role("button", name="Use this card").click()
    return page


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    world = await demo_world(NOW)
    async with chromium() as browser:
        for shown in (invoice_declined, authentication_phone, portal_phone_dark):
            with served(world) as sandbox:
                page = await shown(browser, sandbox)
                target = FOLDER / f"{shown.__name__.replace('_', '-')}.png"
                await page.screenshot(path=target, full_page=True)
                print(f"{target.relative_to(FOLDER.parent.parent)}: {target.stat().st_size // 1000} kB")
    world.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ChromiumMissing as missing:
        sys.exit(str(missing))

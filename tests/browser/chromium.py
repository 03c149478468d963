"""Debian's chromium under playwright, whose own browser download is not used."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ChromiumMissing(RuntimeError):
    """Chromium is not installed: `apt-get install chromium` mends it."""

    def __init__(self) -> None:
        super().__init__("chromium is not installed: `apt-get install chromium` (Debian) provides it")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser. Raises `ChromiumMissing`."""
    path = shutil.which("chromium")
    if path is None:
        raise ChromiumMissing
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            await browser.close()

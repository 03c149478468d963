"""Making the Stripe client: which key may speak to which address, time-outs, no telemetry, no retries of the SDK's own.

The SDK's retries are switched off because only `tools.stripe_line` knows which failures mean "not executed".
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import stripe

# So that rooms which only hand a client on need not import the SDK.
StripeClient = stripe.StripeClient

# docs.stripe.com/keys: any test key opens the sandbox; this one is known to be nobody's, so Stripe never gets it.
SANDBOX_KEY: Final = "sk_test_AgentLeeSandbox"

# A payment at the card networks may take a while; reads are bounded by the same clock.
TIMEOUT: Final = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=10.0)


class KeyKind(StrEnum):
    """What an API key is, by its prefix (docs.stripe.com/keys)."""

    SANDBOX = "sandbox"
    SECRET_TEST = "secret_test"  # noqa: S105 - a kind of key, not a key
    RESTRICTED_TEST = "restricted_test"
    SECRET_LIVE = "secret_live"  # noqa: S105 - a kind of key, not a key
    RESTRICTED_LIVE = "restricted_live"

    @property
    def live(self) -> bool:
        return self in (KeyKind.SECRET_LIVE, KeyKind.RESTRICTED_LIVE)

    @property
    def restricted(self) -> bool:
        return self in (KeyKind.RESTRICTED_TEST, KeyKind.RESTRICTED_LIVE)


_PREFIXES: Final = {
    "sk_test_": KeyKind.SECRET_TEST,
    "rk_test_": KeyKind.RESTRICTED_TEST,
    "sk_live_": KeyKind.SECRET_LIVE,
    "rk_live_": KeyKind.RESTRICTED_LIVE,
}


class KeyRefused(ValueError):
    """The configured key must not be used like this; the message says why and never repeats the key."""


def key_kind(key: str) -> KeyKind:
    """The kind of a secret or restricted key. Raises `KeyRefused` for anything else, publishable keys too."""
    if key == SANDBOX_KEY:
        return KeyKind.SANDBOX
    for prefix, kind in _PREFIXES.items():
        if key.startswith(prefix) and len(key) > len(prefix) and key.isascii() and key.isprintable():
            return kind
    if key.startswith("pk_"):
        raise KeyRefused("the Stripe key is a publishable key; Lee needs a restricted key (rk_…)")
    raise KeyRefused("the Stripe key is none: it must begin with rk_test_, rk_live_, sk_test_ or sk_live_")


def make_client(
    key: str,
    *,
    base_url: str | None = None,
    http_client: stripe.HTTPClient | None = None,
    timeout: httpx.Timeout = TIMEOUT,
) -> stripe.StripeClient:
    """A client for Stripe, or for the sandbox when `base_url` (another server) or `http_client` (in process) is given.

    Raises `KeyRefused` when a live key would go anywhere but to Stripe, when the sandbox's own key would go to Stripe,
    and when a key would cross a network unencrypted.
    """
    kind = key_kind(key)
    elsewhere = base_url is not None or http_client is not None
    if elsewhere and kind.live:
        raise KeyRefused("a live Stripe key is set together with the sandbox: remove one of the two")
    if not elsewhere and kind is KeyKind.SANDBOX:
        raise KeyRefused("this is the sandbox's key: it needs the sandbox's address")
    if base_url is not None:
        _check_address(base_url)
    stripe.enable_telemetry = False  # it would write an identifier into the home folder
    return stripe.StripeClient(
        key,
        base_addresses={"api": base_url.rstrip("/")} if base_url is not None else None,
        max_network_retries=0,
        http_client=http_client or LoopHTTPClient(timeout),
    )


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"):
        return
    raise KeyRefused("the sandbox's address must be http on this machine, or https")


class LoopHTTPClient(stripe.HTTPClient):
    """httpx, with one pool of connections for each event loop: a pool must not outlive or cross its loop.

    Raises `stripe.APIConnectionError` for every failure of the network.
    """

    name = "httpx"

    def __init__(self, timeout: httpx.Timeout = TIMEOUT) -> None:
        super().__init__()
        self._timeout = timeout
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._pool().request(method, url, headers=dict(headers), content=post_data or None)
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(f"the connection to Stripe broke ({type(error).__name__})") from error
        return answer.content, answer.status_code, answer.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close the connections of the running loop."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.aclose()

    def _pool(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            # The environment's proxies and certificates are the operator's; redirects would carry the key elsewhere.
            self._pools[loop] = httpx.AsyncClient(timeout=self._timeout, follow_redirects=False)
        return self._pools[loop]

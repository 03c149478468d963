"""What time it is: the machine's, or the sandbox's, whose clock can be moved (docs.stripe.com/billing/testing)."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta

import httpx

# The sandbox speaks plain HTTP: to read the machine's certificates for each question would take 30 ms.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def system_clock() -> datetime:
    return datetime.now(UTC)


class SandboxClock:
    """The sandbox's clock, asked for again when `FRESH_SECONDS` have passed: it may be moved while Lee works."""

    FRESH_SECONDS = 1.0

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_sandbox/clock"
        self._asked = -self.FRESH_SECONDS
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Keeps the last known difference while the sandbox does not answer: facts will be missing anyway."""
        if time.monotonic() - self._asked >= self.FRESH_SECONDS:
            self._asked = time.monotonic()
            try:
                told = httpx.get(self._url, timeout=2.0, verify=_NO_CERTIFICATES).json()
            except (httpx.HTTPError, ValueError):
                return system_clock() + self._ahead
            there = datetime.fromtimestamp(told["now"], UTC)
            ahead = there - system_clock()
            # The sandbox counts whole seconds; a running clock that agrees within one is the machine's own.
            self._ahead = ahead if abs(ahead) > timedelta(seconds=1.5) else timedelta()
        return system_clock() + self._ahead

"""The demo company served over HTTP on 127.0.0.1, and the links its customers are given."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sandbox.links import DEFAULT_ORIGIN
from sandbox.serve import LOOPBACK, server
from sandbox.world import World

KEY = "sk_test_AgentLeeSandbox"
START_SECONDS = 10.0


class Served:
    """A running sandbox at `url`, asked through its API."""

    def __init__(self, url: str, world: World) -> None:
        self.url = url
        self._world = world

    def get(self, path: str, **params: str) -> Any:
        return self._answer(httpx.get(f"{self.url}/v1/{path}", params=params, headers=_authorization(), timeout=10))

    def post(self, path: str, **form: str) -> Any:
        return self._answer(httpx.post(f"{self.url}/v1/{path}", data=form, headers=_authorization(), timeout=10))

    def _answer(self, answer: httpx.Response) -> Any:
        answer.raise_for_status()
        return answer.json()

    def invoice(self, customer: str, status: str = "open") -> dict[str, Any]:
        """The customer's newest invoice of that status."""
        return self.get("invoices", customer=customer, status=status)["data"][0]

    def portal(self, customer: str, **more: str) -> str:
        """The address of a new portal session for changing the card."""
        flow = {"flow_data[type]": "payment_method_update"}
        return str(self.post("billing_portal/sessions", customer=customer, **flow, **more)["url"])

    def first_link(self, invoice: str) -> str:
        """The link mailed when the invoice was finalized; the API itself would show a fresh one."""
        stored = self._world.find("invoice", invoice)
        if stored is None:
            raise LookupError(invoice)
        return str(stored["hosted_invoice_url"]).replace(DEFAULT_ORIGIN, self.url)


@contextmanager
def served(world: World) -> Iterator[Served]:
    """Serve a copy of the world until the block ends."""
    twin = world.copy()
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = int(probe.getsockname()[1])
    running = server(None, port=port, world=twin)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not running.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.01)
        yield Served(f"http://{LOOPBACK}:{port}", twin)
    finally:
        running.should_exit = True
        thread.join()
        twin.close()


def _authorization() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}

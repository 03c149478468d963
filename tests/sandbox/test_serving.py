"""The sandbox as a server: real sockets, real processes, a real SDK transport."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import stripe
import uvicorn

from sandbox.faults import Fault
from sandbox.serve import LOOPBACK, server
from sandbox.server import Sandbox

KEY: stripe.RequestOptions = {"idempotency_key": "k"}


@pytest.fixture
def runner() -> Iterator[uvicorn.Server]:
    """A served sandbox."""
    served = server(None, port=0)
    thread = threading.Thread(target=served.run)
    thread.start()
    while not served.started:
        time.sleep(0.005)
    yield served
    served.should_exit = True
    thread.join()


@pytest.fixture
def base(runner: uvicorn.Server) -> str:
    return f"http://{LOOPBACK}:{runner.servers[0].sockets[0].getsockname()[1]}"


@pytest.fixture
def running(runner: uvicorn.Server, base: str) -> Iterator[tuple[Sandbox, stripe.StripeClient]]:
    """A served sandbox and the SDK over HTTP with a short time-out."""
    http = stripe.HTTPXClient(timeout=1.5, allow_sync_methods=True)
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": base}, http_client=http, max_network_retries=0)
    app = runner.config.app
    assert isinstance(app, Sandbox)
    yield app, client
    http.close()


def test_over_http(running: tuple[Sandbox, stripe.StripeClient]) -> None:
    _, client = running
    made = client.v1.customers.create({"name": "Ada"})
    assert client.v1.customers.retrieve(made.id).name == "Ada"


@pytest.mark.parametrize(
    ("kind", "executed"),
    [("lost_before", False), ("lost_after", True), ("timeout_before", False), ("timeout_after", True)],
)
def test_a_broken_network_over_http(running: tuple[Sandbox, stripe.StripeClient], kind: str, executed: bool) -> None:
    """docs.stripe.com/error-low-level#network-failures: no answer, and the same key then tells what happened"""
    app, client = running
    app.faults.add(Fault(kind, "POST", seconds=1.7))
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Ada"}, KEY)
    assert len(client.v1.customers.list().data) == executed
    made = client.v1.customers.create({"name": "Ada"}, KEY)
    assert made.last_response is not None
    assert ("idempotent-replayed" in made.last_response.headers) == executed
    assert len(client.v1.customers.list().data) == 1


def test_a_late_request_is_executed_after_the_client_gave_up(
    running: tuple[Sandbox, stripe.StripeClient],
) -> None:
    app, client = running
    app.faults.add(Fault("delay", "POST", seconds=3))
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Ada"}, KEY)
    with pytest.raises(stripe.APIError) as conflict:
        client.v1.customers.create({"name": "Ada"}, KEY)
    assert conflict.value.http_status == 409
    while len(client.v1.customers.list().data) == 0:
        time.sleep(0.02)
    client.v1.customers.create({"name": "Ada"}, KEY)
    assert len(client.v1.customers.list().data) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "192.168.0.1", ""])
def test_it_listens_on_the_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        server(None, host=host)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:9"}, 200),
        ({"Host": "sandbox.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:9", "Origin": "http://localhost:9"}, 200),
    ],
)
def test_pages_of_others_are_kept_out(base: str, headers: dict[str, str], status: int) -> None:
    """A browser on this machine could otherwise be made to steer the sandbox (rebinding, cross-site posts)."""
    assert httpx.get(f"{base}/_sandbox/clock", headers=headers).status_code == status


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[[], tuple["subprocess.Popen[bytes]", stripe.StripeClient]]]:
    children: list[subprocess.Popen[bytes]] = []
    transports: list[stripe.HTTPXClient] = []

    def start() -> tuple["subprocess.Popen[bytes]", stripe.StripeClient]:
        port = free_port()
        child = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", str(port), "--file", str(tmp_path / "world.sqlite3")],
            cwd=Path(__file__).parents[2],
        )
        children.append(child)
        for _ in range(400):
            try:
                httpx.get(f"http://{LOOPBACK}:{port}/_sandbox/clock")
                break
            except httpx.TransportError:
                time.sleep(0.025)
        http = stripe.HTTPXClient(timeout=10, allow_sync_methods=True)
        transports.append(http)
        return child, stripe.StripeClient(
            "sk_test_x", base_addresses={"api": f"http://{LOOPBACK}:{port}"}, http_client=http, max_network_retries=0
        )

    yield start
    for http in transports:
        http.close()
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()


@pytest.mark.process
def test_what_was_answered_survives_kill_9(
    spawn: Callable[[], tuple["subprocess.Popen[bytes]", stripe.StripeClient]],
) -> None:
    child, client = spawn()
    ids = [client.v1.customers.create({"name": f"c{number}"}).id for number in range(5)]
    replay = client.v1.customers.create({"name": "Ada"}, KEY).id
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    _, client = spawn()
    assert [each.id for each in client.v1.customers.list().data] == [replay, *ids[::-1]]
    assert client.v1.customers.create({"name": "Ada"}, KEY).id == replay


@pytest.mark.process
def test_another_host_is_refused_at_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert b"127.0.0.1 only" in done.stderr

"""Keys and addresses, what a restricted key may do, and the network client over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import stripe

from billing.ids import CustomerId
from policy.effects import EffectUnknown, FactsUnavailable
from sandbox import access
from sandbox.server import Sandbox
from tests.tools.shop import Shop, Sleeps
from tools.stripe_access import EXCESSIVE, NEEDED, Access, probe_permissions
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, KeyKind, KeyRefused, LoopHTTPClient, key_kind, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads

LIVE = "sk_" + "live_51abcdefghijk"
RESTRICTED_LIVE = "rk_" + "live_51abcdefghijk"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (SANDBOX_KEY, KeyKind.SANDBOX),
        ("sk_test_51abc", KeyKind.SECRET_TEST),
        ("rk_test_51abc", KeyKind.RESTRICTED_TEST),
        (LIVE, KeyKind.SECRET_LIVE),
        (RESTRICTED_LIVE, KeyKind.RESTRICTED_LIVE),
    ],
)
def test_a_key_is_known_by_its_prefix(key: str, kind: KeyKind) -> None:
    assert key_kind(key) is kind


NO_KEYS = ["", "sk_test_", "pk_test_51abc", "whsec_abc", " sk_test_51abc", "sk_test_5\n1abc", "ключ"]


@pytest.mark.parametrize("key", NO_KEYS)
def test_anything_else_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        key_kind(key)
    assert len(key) < 9 or key not in str(caught.value)


@pytest.mark.parametrize("key", [LIVE, RESTRICTED_LIVE])
def test_a_live_key_goes_nowhere_but_to_stripe(key: str, app: Sandbox) -> None:
    with pytest.raises(KeyRefused, match="live"):
        make_client(key, base_url="http://127.0.0.1:12111")
    with pytest.raises(KeyRefused, match="live"):
        make_client(key, http_client=AsgiHTTPClient(app))
    make_client(key)


def test_the_sandboxs_key_never_goes_to_stripe() -> None:
    with pytest.raises(KeyRefused, match="sandbox's address"):
        make_client(SANDBOX_KEY)


@pytest.mark.parametrize("url", ["http://sandbox.example.com", "ftp://127.0.0.1", "127.0.0.1:80", "https://", ""])
def test_a_key_does_not_cross_a_network_unencrypted(url: str) -> None:
    with pytest.raises(KeyRefused, match="http on this machine, or https"):
        make_client("sk_test_51abc", base_url=url)


def test_telemetry_is_off(app: Sandbox) -> None:
    stripe.enable_telemetry = True
    make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(app))
    assert stripe.enable_telemetry is False


READS = ("charge_read", "customer_read", "dispute_read", "invoice_read", "payment_intent_read")


async def test_the_sandbox_knows_every_scope_that_is_probed_as_needed(client: stripe.StripeClient) -> None:
    found = await probe_permissions(client)
    assert [each.scope for each in found] == [*NEEDED, *EXCESSIVE]
    assert {each.scope: each.access for each in found if each.needed} == dict.fromkeys(NEEDED, Access.GRANTED)


async def test_probing_changes_nothing(client: stripe.StripeClient, app: Sandbox, shop: Shop) -> None:
    maya = shop.customer()
    shop.charge(maya)
    shop.subscribe(maya, shop.starter)
    before = app.world.snapshot()
    await probe_permissions(client)
    assert app.world.snapshot() == before


async def test_missing_scopes_of_a_restricted_key_are_named(app: Sandbox) -> None:
    access.register(app.world, "rk_test_narrow", list(READS))
    found = await probe_permissions(make_client("rk_test_narrow", http_client=AsgiHTTPClient(app)))
    by_scope = {each.scope: each for each in found}
    assert by_scope["Disputes: read"].fine
    assert by_scope["Charges and Refunds: write"].access is Access.MISSING
    assert not by_scope["Subscriptions: write"].fine
    assert by_scope["Prices: write"].fine  # missing, and rightly so


async def test_a_stripe_that_is_away_is_unknown_not_missing() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = make_client(SANDBOX_KEY, base_url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        found = await probe_permissions(away)
    assert {each.access for each in found} == {Access.UNKNOWN}


async def test_a_missing_scope_is_unavailable_with_the_way_to_mend_it(app: Sandbox, sleeps: Sleeps) -> None:
    access.register(app.world, "rk_test_narrow", ["charge_read"])
    narrow = make_client("rk_test_narrow", http_client=AsgiHTTPClient(app))
    reads = CustomerReads(StripeLine(narrow, sleep=sleeps), CustomerId("cus_maya"))
    with pytest.raises(FactsUnavailable, match="lacks a permission"):
        await reads.profile()


# over a socket


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """Speaks raw HTTP: `answer` gets the request's head and body; None hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        reply = answer(head + await reader.readexactly(length))
        if reply:
            writer.write(reply)
            await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    finally:
        running.close()
        await running.wait_closed()


def reply(status: str, body: str, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def over(url: str) -> tuple[stripe.StripeClient, LoopHTTPClient]:
    network = LoopHTTPClient(httpx.Timeout(0.3))
    return make_client(SANDBOX_KEY, base_url=url, http_client=network), network


async def test_requests_arrive_as_stripe_wants_them() -> None:
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        return reply("200 OK", '{"id": "re_1", "object": "refund"}', "Idempotent-Replayed: true")

    async with server(answer) as url:
        client, network = over(url)
        made = await client.v1.refunds.create_async({"charge": "ch_1", "amount": 5}, {"idempotency_key": "lee-1"})
        await network.close_async()
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/refunds HTTP/1.1")
    assert b"idempotency-key: lee-1" in head.lower()
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()
    assert body == b"charge=ch_1&amount=5"
    assert made.last_response is not None
    assert made.last_response.headers is not None
    assert made.last_response.headers.get("idempotent-replayed") == "true"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: None, "connection_lost"),
        (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", "connection_lost"),
        (lambda _: reply("200 OK", "<html>not Stripe</html>"), "server_error"),
        (lambda _: reply("502 Bad Gateway", "<html>bad gateway</html>"), "server_error"),
        (lambda _: reply("409 Conflict", '{"error": {"type": "idempotency_error"}}'), "conflict"),
        (lambda _: reply("302 Found", "", "Location: https://elsewhere.example.com/"), "server_error"),
    ],
)
async def test_an_effect_without_a_clear_answer_is_unknown(answer: Callable[[bytes], bytes | None], code: str) -> None:
    sent = 0

    def counted(request: bytes) -> bytes | None:
        nonlocal sent
        sent += 1
        return answer(request)

    async with server(counted) as url:
        client, network = over(url)
        with pytest.raises(EffectUnknown) as caught:
            await StripeLine(client).act(lambda: client.v1.refunds.create_async({"charge": "ch_1"}))
        await network.close_async()
    assert caught.value.code == code
    assert sent == 1  # the SDK must not send it again by itself


async def test_silence_ends_with_the_time_out() -> None:
    async with server(lambda _: reply("200 OK", "{}")) as url:
        network = LoopHTTPClient(httpx.Timeout(0.000001))
        client = make_client(SANDBOX_KEY, base_url=url, http_client=network)
        with pytest.raises(EffectUnknown):
            await StripeLine(client).act(lambda: client.v1.refunds.create_async({"charge": "ch_1"}))
        await network.close_async()


def test_one_client_serves_several_event_loops() -> None:
    async def ask() -> str:
        async with server(lambda _: reply("200 OK", '{"id": "ch_1", "object": "charge"}')) as url:
            client = make_client(SANDBOX_KEY, base_url=url, http_client=network)
            found = await client.v1.charges.retrieve_async("ch_1")
            await network.close_async()
            return found.id

    network = LoopHTTPClient()
    assert [asyncio.run(ask()) for _ in range(3)] == ["ch_1"] * 3

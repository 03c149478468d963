"""A sandbox in memory, called by the real SDK in process; every exchange is checked against the SDK's types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stripe

from billing.ids import CustomerId
from policy.proposals import Principal, Role
from sandbox import clock
from sandbox.server import Sandbox, create_app
from tests.sandbox.sdk_routes import CheckedApp
from tests.tools.shop import Help, Shop, Sleeps
from tools.desk import Desk
from tools.effects import StripeEffects
from tools.entitlements import FileEntitlements
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads
from tools.usage import FolderUsage

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def app() -> Sandbox:
    return create_app(seed="tools", start=START)


@pytest.fixture
def client(app: Sandbox) -> Iterator[stripe.StripeClient]:
    checked = CheckedApp(app)
    yield make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(checked, timeout=30.0))
    assert checked.violations == []


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


@pytest.fixture
def now(app: Sandbox) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(clock.now(app.world), UTC)


@pytest.fixture
def advance(app: Sandbox) -> Callable[..., None]:
    """Move the sandbox's clock: `advance(days=3)`."""

    def move(*, days: float = 0, seconds: int = 0) -> None:
        clock.advance_to(app.world, clock.now(app.world) + int(days * 86_400) + seconds)

    return move


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def effects(client: stripe.StripeClient, now: Callable[[], datetime], sleeps: Sleeps) -> StripeEffects:
    return StripeEffects(client, now, return_url="https://acme.test/billing", sleep=sleeps)


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[FolderUsage]:
    opened = FolderUsage(tmp_path / "usage")
    yield opened
    opened.close()


@pytest.fixture
def entitlements(tmp_path: Path) -> FileEntitlements:
    source = FileEntitlements(tmp_path / "entitlements.json")
    source.put_all({})
    return source


@pytest.fixture
def desk_of(
    client: stripe.StripeClient,
    now: Callable[[], datetime],
    sleeps: Sleeps,
    usage: FolderUsage,
    entitlements: FileEntitlements,
) -> Callable[[str], Desk]:
    """The desk of an owner of the customer."""

    def make(customer: str) -> Desk:
        principal = Principal(CustomerId(customer), "user_1", Role.OWNER)
        reads = CustomerReads(StripeLine(client, sleep=sleeps), principal.customer)
        return Desk(principal, reads, entitlements, usage, Help(), now)

    return make

"""The real gate and store over the real SDK and the sandbox: whatever Stripe's answer, one effect and a true status."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from billing.ids import CaseId, ProposalId
from policy.actions import Action, CancelSubscription, CardUpdateLink, Refund, RetryPayment
from policy.decisions import NeedsApproval, NeedsConfirmation
from policy.gate import Gate
from policy.limits import load_limits
from policy.proposals import Proposal
from policy.sending import Patience
from policy.settlement import Settlement, Status
from sandbox.faults import KINDS, Fault
from sandbox.server import Sandbox
from store.database import Store, open_store
from tests.tools.shop import Shop, principal
from tests.tools.test_plan_effect import change_of, previewed
from tools.desk import Desk
from tools.effects import StripeEffects

Advance = Callable[..., None]


class Counter:
    """Where customers propose: opens cases, gives consent, and asks the gate."""

    def __init__(self, store: Store, effects: StripeEffects, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.gate = Gate(effects, store, load_limits(), clock, patience=Patience(pause_seconds=0.0))
        self._names = count(1)

    def propose(self, customer: str, action: Action) -> Proposal:
        who = principal(customer)
        with self.store.unit() as uow:
            case = uow.cases.open(customer, who.user, who.role.value, "test").id
        id_ = ProposalId(f"prop_{next(self._names)}")
        return Proposal(id_, CaseId(case), None, who, action, "lee:test", "lee", 1)

    async def agreed(self, customer: str, action: Action) -> Settlement:
        """Proposed, confirmed by the customer where that is asked for, and proposed again."""
        proposal = self.propose(customer, action)
        first = await self.gate.submit(proposal)
        if not isinstance(first.decision, NeedsConfirmation):
            return first
        with self.store.unit() as uow:
            message = uow.messages.add(proposal.case, "inbound", f"customer:{proposal.principal.user}", "Yes.")
            uow.consents.confirm(proposal.id, message.id, timedelta(hours=1))
        return await self.gate.submit(proposal)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy: migrations take longer than most tests here."""
    folder = tmp_path_factory.mktemp("template")
    open_store(f"sqlite:///{folder}/lee.db", folder / "keys", lambda: datetime.now(UTC)).close()
    return folder / "lee.db"


@pytest.fixture
def counter(tmp_path: Path, template: Path, effects: StripeEffects, now: Callable[[], datetime]) -> Iterator[Counter]:
    ticks = count()

    def clock() -> datetime:
        """The sandbox's whole seconds, and within them no two looks alike, as on a real clock."""
        return now() + timedelta(microseconds=next(ticks))

    shutil.copy(template, tmp_path / "lee.db")
    store = open_store(f"sqlite:///{tmp_path}/lee.db", tmp_path / "keys", clock)
    yield Counter(store, effects, clock)
    store.close()


def refund(charge: str) -> Refund:
    return Refund(charge=charge, amount=None, grounds="requested_by_customer", duplicate_of=None)


KEY_REFUSED = ("key_expired", "permission_missing")


@pytest.mark.parametrize("kind", KEY_REFUSED)
async def test_a_refused_key_is_a_failure_and_no_refund(counter: Counter, shop: Shop, app: Sandbox, kind: str) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault(kind, "POST", "/v1/refunds"))
    settled = await counter.agreed(maya, refund(charge))
    assert settled.status is Status.FAILED
    assert shop.v1.refunds.list({"charge": charge}).data == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("delay", *KEY_REFUSED)])
async def test_a_refund_is_made_once_whatever_happens_to_its_answer(
    counter: Counter, shop: Shop, app: Sandbox, kind: str
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault(kind, "POST", "/v1/refunds"))
    settled = await counter.agreed(maya, refund(charge))
    assert settled.status is Status.SUCCEEDED
    [made] = shop.v1.refunds.list({"charge": charge}).data
    assert settled.receipt is not None
    assert (settled.receipt.stripe_id, made.amount) == (made.id, 2_000)


async def test_a_stripe_that_never_answers_leaves_it_open_until_it_does(
    counter: Counter, shop: Shop, app: Sandbox
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("lost_after", "POST", "/v1/refunds", count=50))
    app.faults.add(Fault("lost_before", "GET", "/v1/refunds", skip=1, count=50))  # the facts still come through
    settled = await counter.agreed(maya, refund(charge))
    assert settled.status is Status.PENDING
    app.faults.clear()
    assert len(await counter.gate.reconcile()) == 1
    assert len(shop.v1.refunds.list({"charge": charge}).data) == 1
    assert await counter.gate.reconcile() == []


async def test_over_the_cap_nothing_is_sent(counter: Counter, shop: Shop) -> None:
    otto = shop.customer()
    charge = shop.charge(otto, 20_000)
    settled = await counter.agreed(otto, refund(charge))
    assert isinstance(settled.decision, NeedsApproval)
    assert shop.v1.refunds.list({}).data == []


async def test_anothers_charge_is_refused(counter: Counter, shop: Shop) -> None:
    maya, mona = shop.customer(), shop.customer()
    charge = shop.charge(maya)
    settled = await counter.agreed(mona, refund(charge))
    assert (settled.status, settled.decision.rule) == (Status.REFUSED, "refund.not_found")
    assert shop.v1.refunds.list({}).data == []


async def test_facts_that_cannot_be_read_deny(counter: Counter, shop: Shop, app: Sandbox) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("unavailable", "GET", "/v1/charges", count=99))
    settled = await counter.agreed(maya, refund(charge))
    assert (settled.status, settled.decision.rule) == (Status.REFUSED, "facts.unavailable")


async def test_a_retry_is_paid_with_the_customers_yes(counter: Counter, shop: Shop, advance: Advance) -> None:
    dana = shop.customer()
    shop.subscribe(dana, shop.starter)
    shop.use_card(dana, "pm_card_chargeCustomerFail")
    advance(days=31)
    shop.use_card(dana, "pm_card_visa")
    invoice = shop.invoices(dana)[0]
    settled = await counter.agreed(dana, RetryPayment(invoice=invoice.id, payment_method=None))
    assert settled.status is Status.SUCCEEDED, settled
    assert shop.v1.invoices.retrieve(invoice.id).status == "paid"


async def test_a_bank_that_wants_the_customer_is_a_failure_with_that_name(
    counter: Counter, shop: Shop, advance: Advance
) -> None:
    iris = shop.customer()
    shop.subscribe(iris, shop.starter)
    shop.use_card(iris, "pm_card_chargeCustomerFail")
    advance(days=31)
    shop.use_card(iris, "pm_card_authenticationRequired")
    invoice = shop.invoices(iris)[0]
    settled = await counter.agreed(iris, RetryPayment(invoice=invoice.id, payment_method=None))
    assert (settled.status, settled.failure) == (Status.FAILED, "authentication_required")
    assert shop.v1.invoices.retrieve(invoice.id).status == "open"


async def test_a_plan_change_and_a_cancellation_go_through(
    counter: Counter, shop: Shop, desk_of: Callable[[str], Desk], advance: Advance
) -> None:
    tess = shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    advance(days=3)
    action = change_of(await previewed(desk_of(tess), "team"))
    settled = await counter.agreed(tess, action)
    assert settled.status is Status.SUCCEEDED, settled
    assert shop.invoices(tess)[0].amount_paid == action.amount_due
    ended = await counter.agreed(tess, CancelSubscription(subscription=subscription.id, when="period_end"))
    assert ended.status is Status.SUCCEEDED, ended.decision
    assert shop.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end


async def test_a_link_is_handed_over_but_never_written_down(counter: Counter, shop: Shop, tmp_path: Path) -> None:
    ella = shop.customer()
    settled = await counter.agreed(ella, CardUpdateLink())
    assert settled.status is Status.SUCCEEDED
    assert settled.receipt is not None
    assert settled.receipt.secret is not None
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or settled.receipt.secret.encode() not in file.read_bytes()

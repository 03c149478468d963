"""Credits on the customer's balance, against the sandbox (docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from billing.money import Money
from policy.actions import AccountCredit
from policy.effects import EffectUnknown
from policy.facts import CreditCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, intent, principal
from tools.effects import StripeEffects

CREDIT = AccountCredit(amount=1_000, grounds="service_outage")


async def test_a_credit_is_made_once_and_found_by_its_label(
    effects: StripeEffects, shop: Shop, now: Callable[[], datetime]
) -> None:
    bela = shop.customer()
    shop.subscribe(bela, shop.team)
    facts = await effects.facts(CREDIT, principal(bela))
    assert isinstance(facts, CreditCase)
    assert facts.customer.balance == Money(0, "usd")
    wanted = intent(CREDIT, bela, now(), value=Money(1_000, "usd"))
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert await effects.perform(wanted) == receipt
    assert receipt.amount == Money(1_000, "usd")
    assert shop.v1.customers.retrieve(bela).balance == -1_000
    assert await effects.find(wanted) == receipt


async def test_the_invoice_it_is_for_is_read_again_and_only_the_customers_own(
    effects: StripeEffects, shop: Shop
) -> None:
    bela, cora = shop.customer(), shop.customer()
    shop.subscribe(bela, shop.team)
    shop.subscribe(cora, shop.team)
    mine, other = (shop.v1.invoices.list({"customer": each}).data[0] for each in (bela, cora))
    facts = await effects.facts(CREDIT.model_copy(update={"invoice": mine.id}), principal(bela))
    assert isinstance(facts, CreditCase)
    assert facts.invoice is not None
    assert (facts.invoice.id, facts.invoice.total.amount) == (mine.id, mine.total)
    for named in (other.id, "in_nowhere"):
        facts = await effects.facts(CREDIT.model_copy(update={"invoice": named}), principal(bela))
        assert isinstance(facts, CreditCase)
        assert facts.invoice is None


async def test_a_lost_answer_is_found_and_not_given_twice(
    effects: StripeEffects, shop: Shop, app: Sandbox, now: Callable[[], datetime]
) -> None:
    bela = shop.customer()
    shop.subscribe(bela, shop.team)
    wanted = intent(CREDIT, bela, now(), value=Money(1_000, "usd"))
    app.faults.add(Fault("lost_after", "POST", "/balance_transactions", count=99))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    app.faults.clear()
    assert (await effects.find(wanted)) is not None
    assert shop.v1.customers.retrieve(bela).balance == -1_000

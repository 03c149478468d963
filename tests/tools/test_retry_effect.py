"""Charging an open invoice again, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from billing.money import Money
from policy.actions import RetryPayment
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import RetryCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, earlier, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
Advance = Callable[..., None]
OWED = Money(-2_000, "usd")


def retry(invoice: str, method: str | None = None) -> RetryPayment:
    return RetryPayment(invoice=invoice, payment_method=method)


@pytest.fixture
def past_due(shop: Shop, advance: Advance) -> Callable[[str], tuple[str, str]]:
    """A customer whose renewal failed on the given test card: (customer, open invoice)."""

    def make(card: str) -> tuple[str, str]:
        customer = shop.customer()
        shop.subscribe(customer, shop.starter)
        shop.use_card(customer, card)
        advance(days=31)
        newest = shop.invoices(customer)[0]
        assert newest.status == "open"
        return customer, newest.id

    return make


async def facts_of(effects: StripeEffects, action: RetryPayment, customer: str) -> RetryCase:
    facts = await effects.facts(action, principal(customer))
    assert isinstance(facts, RetryCase)
    return facts


async def test_facts_tell_why_it_failed_and_which_card_would_be_charged(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop
) -> None:
    customer, invoice = past_due("pm_card_visa_chargeCustomerFailLostCard")
    facts = await facts_of(effects, retry(invoice), customer)
    assert facts.invoice is not None
    assert facts.invoice.amount_remaining == Money(2_000, "usd")
    assert facts.invoice.last_decline is not None
    assert facts.invoice.last_decline.decline_code == "lost_card"
    assert len(facts.invoice.charges) >= 1
    default = shop.v1.customers.retrieve(customer).invoice_settings
    assert default is not None
    assert facts.payment_method is not None
    assert facts.payment_method.id == default.default_payment_method
    assert facts.invoice.last_payment_method == default.default_payment_method
    other = shop.use_card(customer, "pm_card_visa")
    facts = await facts_of(effects, retry(invoice), customer)
    assert facts.invoice is not None
    assert facts.invoice.last_payment_method == default.default_payment_method, "the card that was declined"
    assert facts.payment_method is not None
    assert facts.payment_method.id == other


async def test_the_subscriptions_own_card_goes_before_the_customers(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop
) -> None:
    customer, invoice = past_due("pm_card_chargeCustomerFail")
    card = shop.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    [subscription] = shop.v1.subscriptions.list({"customer": customer}).data
    shop.v1.subscriptions.update(subscription.id, {"default_payment_method": card.id})
    facts = await facts_of(effects, retry(invoice), customer)
    assert facts.payment_method is not None
    assert (facts.payment_method.id, facts.payment_method.brand) == (card.id, "mastercard")


async def test_anothers_invoice_or_card_is_absent(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop
) -> None:
    dana, invoice = past_due("pm_card_chargeCustomerFail")
    mona = shop.customer()
    monas_card = shop.use_card(mona, "pm_card_mastercard")
    facts = await facts_of(effects, retry(invoice), mona)
    assert (facts.invoice, facts.payment_method) == (None, None)
    facts = await facts_of(effects, retry(invoice, monas_card), dana)
    assert facts.invoice is not None
    assert facts.payment_method is None


async def test_a_good_card_pays_once(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop, now: Now
) -> None:
    customer, invoice = past_due("pm_card_chargeCustomerFail")
    shop.use_card(customer, "pm_card_visa")
    wanted = intent(retry(invoice), customer, now(), value=OWED)
    assert await effects.find(wanted) is None
    first = await effects.perform(wanted)
    assert (first.stripe_id, first.status, first.amount) == (invoice, "paid", Money(2_000, "usd"))
    assert await effects.perform(wanted) == first
    assert await effects.find(wanted) == first
    succeeded = [each for each in shop.v1.charges.list({"customer": customer}).data if each.status == "succeeded"]
    assert len(succeeded) == 2  # the first period, and this


async def test_a_card_named_is_the_one_charged(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop, now: Now
) -> None:
    customer, invoice = past_due("pm_card_chargeCustomerFail")
    card = shop.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    await effects.perform(intent(retry(invoice, card.id), customer, now(), value=OWED))
    newest = shop.v1.charges.list({"customer": customer}).data[0]
    assert (newest.payment_method, newest.status) == (card.id, "succeeded")


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined:generic_decline"),
        ("pm_card_visa_chargeCustomerFailLostCard", "card_declined:lost_card"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
async def test_a_decline_is_refused_with_its_code(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], now: Now, card: str, code: str
) -> None:
    customer, invoice = past_due(card)
    wanted = intent(retry(invoice), customer, now(), value=OWED)
    with pytest.raises(EffectRefused) as caught:
        await effects.perform(wanted)
    assert caught.value.code == code
    assert await effects.find(wanted) is None


async def test_waiting_for_the_bank_shows_in_the_facts(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]]
) -> None:
    customer, invoice = past_due("pm_card_authenticationRequired")
    facts = await facts_of(effects, retry(invoice), customer)
    assert facts.invoice is not None
    assert facts.invoice.requires_action or (
        facts.invoice.last_decline is not None and facts.invoice.last_decline.code == "authentication_required"
    )


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("error_after", True), ("timeout_after", True)])
async def test_after_a_missing_answer_the_payment_is_found_if_it_is_there(
    effects: StripeEffects,
    past_due: Callable[[str], tuple[str, str]],
    shop: Shop,
    now: Now,
    app: Sandbox,
    fault: str,
    made: bool,
) -> None:
    customer, invoice = past_due("pm_card_chargeCustomerFail")
    shop.use_card(customer, "pm_card_visa")
    wanted = intent(retry(invoice), customer, now(), value=OWED)
    app.faults.add(Fault(fault, "POST", "/pay$"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    found = await effects.find(wanted)
    assert (found is not None) is made


async def test_a_payment_made_before_the_intent_is_not_ours(
    effects: StripeEffects, past_due: Callable[[str], tuple[str, str]], shop: Shop, now: Now, advance: Advance
) -> None:
    customer, invoice = past_due("pm_card_chargeCustomerFail")
    shop.use_card(customer, "pm_card_visa")
    shop.v1.invoices.pay(invoice)
    advance(seconds=300)
    late = intent(retry(invoice), customer, now(), value=OWED)
    assert await effects.find(late) is None
    assert await effects.find(earlier(late, seconds=300)) is not None
    with pytest.raises(EffectRefused):
        await effects.perform(late)

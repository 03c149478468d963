"""What the honest Stripe in memory says of an action before it is made: only this customer's objects."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.checkouts import CheckoutFacts, TodaysPrice, later_one
from billing.discounts import Priced
from billing.facts import SubscriptionFacts
from billing.ids import ChargeId
from policy.actions import (
    AccountCredit,
    Action,
    ApplyPromotionCode,
    CancelSubscription,
    CardUpdateLink,
    ChangePlan,
    NewCheckoutLink,
    Refund,
    ResumeSubscription,
    RetryPayment,
    SetTaxId,
    UndoScheduledChange,
    UpdateBillingDetails,
)
from policy.effects import FactsUnavailable
from policy.facts import (
    CancelCase,
    CheckoutCase,
    CreditCase,
    DetailsCase,
    LinkCase,
    PlanChangeCase,
    PromotionCase,
    RefundCase,
    ResumeCase,
    RetryCase,
    ScheduledChangeCase,
    TaxIdCase,
)
from policy.proposals import Principal

if TYPE_CHECKING:
    from tests.policy.stripe_twin import StripeTwin


def facts_of(twin: StripeTwin, action: Action, principal: Principal) -> Any:
    now, mine = twin.clock(), principal.customer
    if mine not in twin.customers:
        raise FactsUnavailable("Stripe knows no such customer")
    who = twin.customers[mine]
    if isinstance(action, Refund):
        own = [charge for charge in twin.charges.values() if charge.customer == mine]
        by_id = {charge.id: charge for charge in own}
        return RefundCase(
            now,
            who,
            by_id.get(ChargeId(action.charge)),
            by_id.get(ChargeId(action.duplicate_of or "")),
            tuple(charge for charge in own if charge.id != action.charge),
            (),
            tuple(each for each in twin.disputes if each.charge in by_id),
        )
    if isinstance(action, RetryPayment):
        invoice = twin.invoices.get(action.invoice)
        owner, card = twin.cards.get(action.payment_method or who.default_payment_method or "", ("", None))
        return RetryCase(
            now,
            who,
            invoice if invoice is not None and invoice.customer == mine else None,
            card if owner == mine else None,
        )
    if isinstance(action, ChangePlan):
        subscription = _subscription(twin, action.subscription, mine)
        return PlanChangeCase(
            now,
            who,
            subscription,
            twin.prices.get(action.price),
            twin.due.get((action.subscription, action.price)) if subscription else None,
        )
    if isinstance(action, CancelSubscription):
        return CancelCase(now, who, _subscription(twin, action.subscription, mine))
    if isinstance(action, ResumeSubscription):
        subscription = _subscription(twin, action.subscription, mine)
        if subscription is None or subscription.status != "paused":
            return ResumeCase(now, who, subscription)
        _, card = twin.cards.get(who.default_payment_method or "", ("", None))
        return ResumeCase(now, who, subscription, subscription.items[0].unit_amount, card)
    if isinstance(action, UndoScheduledChange):
        return ScheduledChangeCase(now, who, _subscription(twin, action.subscription, mine))
    if isinstance(action, AccountCredit):
        invoice = twin.invoices.get(action.invoice or "")
        return CreditCase(now, who, invoice if invoice and invoice.customer == mine else None)
    if isinstance(action, ApplyPromotionCode):
        subscription = _subscription(twin, action.subscription, mine)
        code = twin.codes.get(action.code)
        held = twin.discounts.get(action.subscription)
        return PromotionCase(
            now,
            who,
            subscription,
            tuple(Priced(item, "prod_one") for item in subscription.items) if subscription else (),
            code[0] if code else None,
            (held,) if held else (),
            False,
        )
    if isinstance(action, UpdateBillingDetails):
        return DetailsCase(now, who, twin.addresses.get(mine))
    if isinstance(action, SetTaxId):
        address = twin.addresses.get(mine)
        return TaxIdCase(now, who, address.country if address else None, twin.tax_ids.get(mine, ()))
    if isinstance(action, NewCheckoutLink):
        own = [_as_of(now, each) for owner, each in twin.checkouts.values() if owner == mine]
        found = next((each for each in own if each.id == action.checkout_session), None)
        prices = (
            tuple(TodaysPrice(each.price, active=True, amount=each.amount) for each in found.items) if found else ()
        )
        return CheckoutCase(now, who, found, later_one(found, own) if found else None, prices, ())
    assert isinstance(action, CardUpdateLink)
    return LinkCase(now, who)


def _as_of(now: datetime, session: CheckoutFacts) -> CheckoutFacts:
    return replace(session, status="expired") if session.status == "open" and now >= session.expires_at else session


def _subscription(twin: StripeTwin, id_: str, customer: str) -> SubscriptionFacts | None:
    found = twin.subscriptions.get(id_)
    return found if found is not None and found.customer == customer else None

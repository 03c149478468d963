"""The hands: `policy.effects.Effects` over Stripe. One file for each action does the work; this one is their table."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import stripe

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
from policy.effects import EffectUnknown, FactsUnavailable, Intent, Receipt
from policy.facts import ActionFacts
from policy.proposals import Principal
from tools.cancel_effect import CancelEffect
from tools.checkout_link_effect import CheckoutLinkEffect
from tools.credit_effect import CreditEffect
from tools.details_effect import DetailsEffect
from tools.link_effect import LinkEffect
from tools.plan_effect import PlanEffect
from tools.promotion_effect import PromotionEffect
from tools.refund_effect import RefundEffect
from tools.resume_effect import ResumeEffect
from tools.retry_effect import RetryEffect
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads
from tools.tax_id_effect import TaxIdEffect
from tools.undo_effect import UndoEffect


class Hand(Protocol):
    """One action's way through Stripe. `reads` are bound to the customer of the principal or the intent."""

    async def facts(self, action: Any, reads: CustomerReads, as_of: datetime, /) -> ActionFacts:
        """Raises `FactsUnavailable`."""
        ...

    async def perform(self, intent: Intent, reads: CustomerReads, /) -> Receipt:
        """Raises `EffectRefused` or `EffectUnknown`."""
        ...

    async def find(self, intent: Intent, reads: CustomerReads, /) -> Receipt | None:
        """Raises `FactsUnavailable`, which becomes `EffectUnknown`."""
        ...


class StripeEffects:
    """`clock` gives aware UTC now: that of the Stripe account (a sandbox's clock can be moved).

    return_url: where the customer comes back to from Stripe's portal; None leaves it to the account's configuration.
    """

    def __init__(
        self,
        client: stripe.StripeClient,
        clock: Callable[[], datetime],
        *,
        return_url: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._line = StripeLine(client, sleep=sleep)
        self._clock = clock
        self._hands: Mapping[str, Hand] = {
            Refund.tool: RefundEffect(),
            AccountCredit.tool: CreditEffect(),
            RetryPayment.tool: RetryEffect(),
            ChangePlan.tool: PlanEffect(),
            CancelSubscription.tool: CancelEffect(),
            ResumeSubscription.tool: ResumeEffect(),
            UndoScheduledChange.tool: UndoEffect(),
            ApplyPromotionCode.tool: PromotionEffect(),
            UpdateBillingDetails.tool: DetailsEffect(),
            SetTaxId.tool: TaxIdEffect(),
            NewCheckoutLink.tool: CheckoutLinkEffect(),
            CardUpdateLink.tool: LinkEffect(clock, return_url),
        }

    async def facts(self, action: Action, principal: Principal) -> ActionFacts:
        reads = CustomerReads(self._line, principal.customer)
        return await self._hand(action).facts(action, reads, self._clock())

    async def perform(self, intent: Intent) -> Receipt:
        return await self._hand(intent.action).perform(intent, CustomerReads(self._line, intent.customer))

    async def find(self, intent: Intent) -> Receipt | None:
        try:
            return await self._hand(intent.action).find(intent, CustomerReads(self._line, intent.customer))
        except FactsUnavailable as error:
            raise EffectUnknown("find_unavailable", str(error)) from error

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:
        if not isinstance(intent.action, Refund):
            return None
        try:
            return await RefundEffect.failed_since(stripe_id, CustomerReads(self._line, intent.customer))
        except FactsUnavailable as error:
            raise EffectUnknown("refund_unavailable", str(error)) from error

    def _hand(self, action: Action) -> Hand:
        try:
            return self._hands[action.tool]
        except KeyError:
            raise LookupError(f"no hand for the action {action.tool!r}") from None

"""A private link to change the card on file (docs.stripe.com/customer-management/portal-deep-links)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import stripe

from policy.actions import CardUpdateLink
from policy.effects import EffectUnknown, Intent, Receipt
from policy.facts import LinkCase
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads, understood

if TYPE_CHECKING:
    from stripe.params.billing_portal import SessionCreateParams

# A portal link nobody opened stops working after five minutes; an older answer replayed under its key would be dead.
FRESH: Final = timedelta(minutes=4)


class LinkEffect:
    def __init__(self, clock: Callable[[], datetime], return_url: str | None) -> None:
        self._clock = clock
        self._return_url = return_url

    async def facts(self, _action: CardUpdateLink, reads: CustomerReads, as_of: datetime) -> LinkCase:
        return LinkCase(as_of, await reads.profile())

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        """The same link for the same intent while it works, then a new one: no value moves."""
        session = await self._first(intent, reads)
        now = self._clock()
        if now - objects.when(session.created) > FRESH:
            session = await self._session(f"{intent.idempotency_key}:{int(now.timestamp() / 60)}", reads)
        return understood(_receipt, session)

    async def find(self, _intent: Intent, _reads: CustomerReads) -> Receipt | None:
        """Links cannot be looked up; another one does no harm."""
        return None

    async def _first(self, intent: Intent, reads: CustomerReads) -> stripe.billing_portal.Session:
        try:
            return await self._session(intent.idempotency_key, reads)
        except EffectUnknown as lost:
            if not lost.code.endswith("_replayed"):
                raise
            # Stripe repeats this 500 under its key for good; a page whose link nobody was given does no harm.
            return await self._session(f"{intent.idempotency_key}:again", reads)

    async def _session(self, key: str, reads: CustomerReads) -> stripe.billing_portal.Session:
        params: SessionCreateParams = {"customer": reads.customer, "flow_data": {"type": "payment_method_update"}}
        if self._return_url is not None:
            params["return_url"] = self._return_url
        return await reads.line.act(
            lambda: reads.line.v1.billing_portal.sessions.create_async(params, {"idempotency_key": key})
        )


def _receipt(session: stripe.billing_portal.Session) -> Receipt:
    return Receipt(kind=CardUpdateLink.tool, stripe_id=session.id, status="created", secret=session.url)

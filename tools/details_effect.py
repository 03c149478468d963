"""The name, e-mail and address on a customer's next invoices (docs.stripe.com/api/customers/update)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import stripe

from policy.actions import UpdateBillingDetails
from policy.effects import Intent, Receipt
from policy.facts import DetailsCase
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads, understood

_ADDRESS: Final = ("line1", "line2", "city", "state", "postal_code", "country")


class DetailsEffect:
    async def facts(self, _action: UpdateBillingDetails, reads: CustomerReads, as_of: datetime) -> DetailsCase:
        found = await reads.raw_customer()
        return understood(
            lambda: DetailsCase(as_of, objects.customer_facts(found), objects.address_facts(found.address))
        )

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        """All parts of the address go together: what is left out of it, Stripe clears."""
        action = _action(intent)
        params: dict[str, Any] = {"metadata": intent.metadata}
        params |= {part: value for part in ("name", "email") if (value := getattr(action, part)) is not None}
        if any(getattr(action, part) is not None for part in _ADDRESS):
            params["address"] = {part: getattr(action, part) or "" for part in _ADDRESS}
        changed = await reads.line.act(
            lambda: reads.line.v1.customers.update_async(
                intent.customer,
                params,  # pyright: ignore[reportArgumentType] - the SDK's TypedDict, built as a dict
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return understood(_receipt, intent, changed)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By its label, which is written with the details in one request."""
        found = await reads.raw_customer()
        ours = objects.labels(found.metadata).get("lee_operation") == intent.operation_key
        return understood(_receipt, intent, found) if ours else None


def _action(intent: Intent) -> UpdateBillingDetails:
    if not isinstance(intent.action, UpdateBillingDetails):
        raise TypeError(f"{intent.action.tool} changes no billing details")
    return intent.action


def _receipt(intent: Intent, customer: stripe.Customer) -> Receipt:
    """`changed`: which parts, without what they say now: the ledger keeps a receipt in the clear."""
    action = _action(intent)
    named = {"name": "name", "email": "e-mail address", **dict.fromkeys(_ADDRESS, "address")}
    parts = dict.fromkeys(word for part, word in named.items() if getattr(action, part) is not None)
    return Receipt(UpdateBillingDetails.tool, customer.id, "updated", details={"changed": ", ".join(parts)})

"""A tax id for a customer's invoices to come (docs.stripe.com/billing/customer/tax-ids)."""

from __future__ import annotations

from datetime import datetime

from billing.customer_details import TaxIdFacts
from billing.tax_id_forms import FORMS, bare
from policy.actions import SetTaxId
from policy.effects import FactsUnavailable, Intent, Receipt
from policy.facts import TaxIdCase
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads, together, understood


class TaxIdEffect:
    async def facts(self, _action: SetTaxId, reads: CustomerReads, as_of: datetime) -> TaxIdCase:
        """Raises `FactsUnavailable` also when there are more tax ids than can be compared."""
        customer, listed = await together(reads.raw_customer(), reads.tax_ids())
        if listed.more:
            raise FactsUnavailable("There are too many tax ids on this customer to compare them all.")
        who = understood(objects.customer_facts, customer)
        address = understood(objects.address_facts, customer.address)
        return TaxIdCase(as_of, who, address.country if address else None, listed.items)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        made = await reads.line.act(
            lambda: reads.line.v1.customers.tax_ids.create_async(
                intent.customer,
                {"type": action.type, "value": action.value},
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return _receipt(intent, understood(objects.tax_id_facts, made))

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By type and number: Stripe keeps no label on a tax id, and never has one number twice on a customer."""
        action = _action(intent)
        for each in (await reads.tax_ids()).items:
            if each.type == action.type and bare(each.value) == bare(action.value):
                return _receipt(intent, each)
        return None


def _action(intent: Intent) -> SetTaxId:
    if not isinstance(intent.action, SetTaxId):
        raise TypeError(f"{intent.action.tool} adds no tax id")
    return intent.action


def _receipt(intent: Intent, tax_id: TaxIdFacts) -> Receipt:
    """Without the number itself: the ledger keeps a receipt in the clear."""
    details: dict[str, str | int] = {"name": FORMS[_action(intent).type].name}
    if tax_id.verification is not None:
        details["verification"] = tax_id.verification
    return Receipt(SetTaxId.tool, tax_id.id, "created", details=details)

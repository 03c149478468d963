"""A tax id for a customer's invoices to come (docs.stripe.com/billing/customer/tax-ids)."""

from __future__ import annotations

from datetime import datetime

import stripe

from billing.tax_id_forms import FORMS, bare
from policy.actions import SetTaxId
from policy.effects import FactsUnavailable, Intent, Receipt
from policy.facts import TaxIdCase
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads, together, understood
from tools.stripe_tax_ids import raw_tax_ids, tax_id_facts


class TaxIdEffect:
    async def facts(self, _action: SetTaxId, reads: CustomerReads, as_of: datetime) -> TaxIdCase:
        """Raises `FactsUnavailable` also when there are more tax ids than can be compared."""
        customer, listed = await together(reads.raw_customer(), raw_tax_ids(reads))
        if listed.more:
            raise FactsUnavailable("There are too many tax ids on this customer to compare them all.")
        address = understood(objects.address_facts, customer.address)
        return understood(
            lambda: TaxIdCase(
                as_of,
                objects.customer_facts(customer),
                address.country if address else None,
                tuple(tax_id_facts(each) for each in listed.items),
            )
        )

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        made = await reads.line.act(
            lambda: reads.line.v1.customers.tax_ids.create_async(
                intent.customer,
                {"type": action.type, "value": action.value},
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return understood(_receipt, intent, made)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By type and number: Stripe keeps no label on a tax id, and never has one number twice on a customer."""
        action = _action(intent)
        for each in (await raw_tax_ids(reads)).items:
            if each.type == action.type and bare(each.value) == bare(action.value):
                return understood(_receipt, intent, each)
        return None


def _action(intent: Intent) -> SetTaxId:
    if not isinstance(intent.action, SetTaxId):
        raise TypeError(f"{intent.action.tool} adds no tax id")
    return intent.action


def _receipt(intent: Intent, tax_id: stripe.TaxId) -> Receipt:
    """Without the number itself: the ledger keeps a receipt in the clear."""
    facts = tax_id_facts(tax_id)
    details: dict[str, str | int] = {"name": FORMS[_action(intent).type].name}
    if facts.verification is not None:
        details["verification"] = facts.verification
    return Receipt(SetTaxId.tool, tax_id.id, "created", details=details)

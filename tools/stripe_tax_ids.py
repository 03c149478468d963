"""The tax ids of one customer, as facts (docs.stripe.com/api/tax_ids)."""

from __future__ import annotations

import stripe

from billing.customer_details import TaxIdFacts
from tools.stripe_line import Listed
from tools.stripe_reads import CustomerReads, understood


async def tax_ids(reads: CustomerReads) -> Listed[TaxIdFacts]:
    """The newest first. Raises `FactsUnavailable`."""
    listed = await raw_tax_ids(reads)
    return Listed(tuple(understood(tax_id_facts, each) for each in listed.items), listed.more)


async def raw_tax_ids(reads: CustomerReads) -> Listed[stripe.TaxId]:
    """Raises `FactsUnavailable`."""
    return await reads.line.pages(lambda params: reads.line.v1.customers.tax_ids.list_async(reads.customer, params), {})


def tax_id_facts(tax_id: stripe.TaxId) -> TaxIdFacts:
    verification = tax_id.verification
    return TaxIdFacts(tax_id.id, tax_id.type, tax_id.value, verification.status if verification else None)

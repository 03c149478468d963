"""A credit on the customer's balance, used by the next invoices (docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from datetime import datetime

import stripe

from billing.money import Money
from policy.actions import AccountCredit
from policy.effects import EffectRefused, Intent, Receipt
from policy.facts import CreditCase
from tools import stripe_objects as objects
from tools.stripe_history import one_invoice
from tools.stripe_reads import CustomerReads, together, understood


class CreditEffect:
    async def facts(self, action: AccountCredit, reads: CustomerReads, as_of: datetime) -> CreditCase:
        if action.invoice is None:
            return CreditCase(as_of, await reads.profile())
        customer, found = await together(reads.profile(), reads.raw_invoice(action.invoice))
        return CreditCase(as_of, customer, None if found is None else await one_invoice(reads, found))

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        if intent.value is None:
            raise EffectRefused("no_amount", "A credit without an amount is none.")
        given = intent.value
        made = await reads.line.act(
            lambda: reads.line.v1.customers.balance_transactions.create_async(
                intent.customer,
                {
                    "amount": -given.amount,  # negative is credit
                    "currency": given.currency,
                    "description": "Credit from support",
                    "metadata": intent.metadata,
                },
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return understood(_receipt, made)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By its label, among the customer's balance transactions."""
        listed = await reads.line.pages(
            lambda params: reads.line.v1.customers.balance_transactions.list_async(intent.customer, params), {}
        )
        for each in listed.items:
            if objects.labels(each.metadata).get("lee_intent") == intent.id:
                return understood(_receipt, each)
        return None


def _receipt(made: stripe.CustomerBalanceTransaction) -> Receipt:
    return Receipt(
        kind=AccountCredit.tool,
        stripe_id=made.id,
        status="succeeded",
        amount=Money(-made.amount, made.currency),
        details={"balance": str(Money(made.ending_balance, made.currency))},
    )

"""A customer's money history: charges, invoices and payment intents, joined.

A charge no longer names its invoice, nor an invoice its charge: both meet in the invoice's payments, by PaymentIntent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import stripe

from billing.facts import ChargeFacts, Decline, InvoiceFacts, RefundFacts
from tools import stripe_objects as objects
from tools.stripe_line import PAGE, Listed
from tools.stripe_reads import CustomerReads, together, understood

INVOICES_WITH_ALL_LINES: Final = 5
LINES: Final = 300


@dataclass(frozen=True, slots=True)
class History:
    """Newest first. `refunds` are those of the charges listed; `cut` names the lists that go on."""

    charges: tuple[ChargeFacts, ...]
    invoices: tuple[InvoiceFacts, ...]
    refunds: tuple[RefundFacts, ...]
    cut: frozenset[str]


async def history(reads: CustomerReads, *, most: int = PAGE) -> History:
    """Up to `most` charges, invoices and payment intents of the customer. Raises `FactsUnavailable`."""
    v1, customer = reads.line.v1, reads.customer
    charges, invoices, intents = await together(
        reads.line.pages(v1.charges.list_async, {"customer": customer, "expand": ["data.refunds"]}, most),
        reads.line.pages(v1.invoices.list_async, {"customer": customer, "expand": ["data.payments"]}, most),
        reads.line.pages(v1.payment_intents.list_async, {"customer": customer}, most),
    )
    lines = await long_lines(reads, invoices.items[:INVOICES_WITH_ALL_LINES])
    refunds, refunds_cut = await _refunds(reads, charges.items)
    joined = understood(_Joined, charges.items, invoices.items, intents.items)
    cut = {name for name, listed in (("charges", charges), ("invoices", invoices)) if listed.more}
    return History(
        charges=tuple(understood(joined.charge, each) for each in charges.items),
        invoices=tuple(understood(joined.invoice, each, lines.get(each.id)) for each in invoices.items),
        refunds=refunds,
        cut=frozenset(cut | ({"refunds"} if refunds_cut else set())),
    )


async def one_invoice(reads: CustomerReads, found: stripe.Invoice) -> InvoiceFacts:
    """An invoice that `reads` fetched, with its charges, latest decline and all its lines."""
    v1 = reads.line.v1
    intents = [
        await reads.line.read(
            lambda intent=intent: v1.payment_intents.retrieve_async(intent, {"expand": ["latest_charge"]})
        )
        for intent in understood(_intents_of, found)
    ]
    charges: list[stripe.Charge] = [
        intent.latest_charge for intent in intents if intent.latest_charge and not isinstance(intent.latest_charge, str)
    ]
    lines = await long_lines(reads, [found])
    joined = understood(_Joined, charges, [found], intents)
    return understood(joined.invoice, found, lines.get(found.id))


class _Joined:
    """Who paid what, by PaymentIntent."""

    def __init__(
        self,
        charges: list[stripe.Charge],
        invoices: list[stripe.Invoice],
        intents: list[stripe.PaymentIntent],
    ) -> None:
        self._intents = {intent.id: intent for intent in intents}
        self._paid_by = {invoice.id: _intents_of(invoice) for invoice in invoices}
        self._invoice_of = {intent: invoice for invoice, paid in self._paid_by.items() for intent in paid}
        self._charges: dict[str, list[stripe.Charge]] = {}
        for charge in charges:
            intent = objects.ref(charge.payment_intent)
            if intent is not None:
                self._charges.setdefault(intent, []).append(charge)

    def charge(self, charge: stripe.Charge) -> ChargeFacts:
        intent = objects.ref(charge.payment_intent)
        return objects.charge_facts(charge, self._invoice_of.get(intent) if intent else None)

    def invoice(self, invoice: stripe.Invoice, lines: list[stripe.InvoiceLineItem] | None) -> InvoiceFacts:
        paid_by = self._paid_by[invoice.id]
        known = [self._intents[intent] for intent in paid_by if intent in self._intents]
        charges = [charge for intent in paid_by for charge in self._charges.get(intent, [])]
        charges.sort(key=lambda charge: charge.created, reverse=True)
        declined, with_method = _last_failure(known, charges)
        return objects.invoice_facts(
            invoice,
            charges=[charge.id for charge in charges],
            last_decline=declined,
            last_payment_method=with_method,
            requires_action=invoice.status == "open" and any(each.status == "requires_action" for each in known),
            lines=lines,
        )


def _last_failure(
    intents: list[stripe.PaymentIntent], charges: list[stripe.Charge]
) -> tuple[Decline | None, str | None]:
    """The decline of the latest attempt and the payment method it met: the PaymentIntent's own word, else that of the
    newest charge if it failed. A method that waits for its bank was tried as well, without a decline."""
    newest_first = sorted(intents, key=lambda each: each.created, reverse=True)
    for intent in newest_first:
        error = intent.last_payment_error
        decline = objects.error_decline(error)
        if decline is not None:
            return decline, objects.ref(getattr(error, "payment_method", None))
    if charges and charges[0].status == "failed":
        return objects.charge_decline(charges[0]), objects.ref(charges[0].payment_method)
    waiting = next((each for each in newest_first if each.status == "requires_action"), None)
    return None, objects.ref(waiting.payment_method) if waiting else None


def _intents_of(invoice: stripe.Invoice) -> list[str]:
    payments = invoice.payments
    if payments is None:
        raise ValueError(f"the payments of {invoice.id} were not expanded")
    found = [objects.ref(getattr(payment.payment, "payment_intent", None)) for payment in payments.data]
    return [intent for intent in found if intent is not None]


async def long_lines(
    reads: CustomerReads, invoices: list[stripe.Invoice] | tuple[stripe.Invoice, ...]
) -> dict[str, tuple[Any, ...]]:
    """All lines of those invoices that carry more than the ten Stripe embeds."""
    long = [invoice.id for invoice in invoices if invoice.lines.has_more]
    v1 = reads.line.v1
    listed: list[Listed[Any]] = await together(
        *(reads.line.pages(partial(v1.invoices.line_items.list_async, invoice), {}, LINES) for invoice in long)
    )
    return {invoice: page.items for invoice, page in zip(long, listed, strict=True)}


async def _refunds(reads: CustomerReads, charges: tuple[stripe.Charge, ...]) -> tuple[tuple[RefundFacts, ...], bool]:
    """Embedded refunds; a charge with more than the ten Stripe embeds is asked for the rest."""
    refunds: list[RefundFacts] = []
    cut = False
    for charge in charges:
        embedded = charge.refunds
        if embedded is not None and not embedded.has_more:
            refunds.extend(understood(objects.refund_facts, refund) for refund in embedded.data)
            continue
        listed = await reads.refunds(charge.id)
        refunds.extend(listed.items)
        cut = cut or listed.more
    return tuple(refunds), cut

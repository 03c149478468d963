"""The tool `billing_details`: what the customer's invoices carry as name, address and tax ids."""

from __future__ import annotations

from typing import Final

from billing.customer_details import AddressFacts
from tools.answers import Answer, brief
from tools.desk import Desk
from tools.registry import Arguments
from tools.stripe_objects import address_facts
from tools.stripe_reads import together, understood

TAX_IDS: Final = 10


class BillingDetails(Arguments):
    """Show the name, e-mail, address and tax ids (with their verification) that the customer's next invoices carry. Use
    it before changing any of them, and for questions about VAT or other taxes."""


class AddressAnswer(Answer):
    """`country` is two letters (ISO 3166-1)."""

    line1: str | None
    line2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None


class TaxIdAnswer(Answer):
    """`verification`: what the register says: pending, verified or unverified; unavailable where none is asked."""

    id: str
    type: str
    value: str
    verification: str | None


class BillingDetailsAnswer(Answer):
    """`address` is null when none is on file. `tax_exempt`: none, exempt or reverse (reverse charge). `more` says that
    there are further tax ids which are not shown."""

    name: str | None
    email: str | None
    address: AddressAnswer | None
    tax_exempt: str | None
    tax_ids: list[TaxIdAnswer]
    more: bool


async def billing_details(_arguments: BillingDetails, desk: Desk) -> BillingDetailsAnswer:
    found, listed = await together(desk.stripe.raw_customer(), desk.stripe.tax_ids())
    address = understood(address_facts, found.address)
    return BillingDetailsAnswer(
        name=brief(found.name),
        email=brief(found.email),
        address=_address(address) if address is not None else None,
        tax_exempt=found.tax_exempt,
        tax_ids=[
            TaxIdAnswer(
                id=each.id,
                type=each.type,
                value=brief(each.value) or "",
                verification=each.verification,
            )
            for each in listed.items[:TAX_IDS]
        ],
        more=listed.more or len(listed.items) > TAX_IDS,
    )


def _address(facts: AddressFacts) -> AddressAnswer:
    return AddressAnswer(
        line1=brief(facts.line1),
        line2=brief(facts.line2),
        city=brief(facts.city),
        state=brief(facts.state),
        postal_code=brief(facts.postal_code),
        country=facts.country,
    )

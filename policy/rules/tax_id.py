"""The law of tax ids: one well-formed number of a type, shown and confirmed, for the invoices to come.

Tax follows it, so a second number of a type, and one of another country than the address, are for a human to look at.
"""

from __future__ import annotations

from typing import Final

from billing.countries import COUNTRIES
from billing.customer_details import TaxIdFacts
from billing.tax_id_forms import FORMS, bare, country, fits, written
from policy.actions import SetTaxId
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import TaxIdCase
from policy.law import Law, moves_nothing
from policy.question import Question

Q = Question[SetTaxId, TaxIdCase]

_CHECKED: Final = {
    "pending": ", and the tax register is still being asked about it",
    "verified": ", and the tax register has confirmed it",
    "unverified": ", but the tax register could not confirm it",
}


def _of_type(q: Q) -> list[TaxIdFacts]:
    return [each for each in q.facts.tax_ids if each.type == q.action.type]


def malformed(q: Q) -> Deny | None:
    if fits(q.action.type, q.action.value):
        return None
    form = FORMS[q.action.type]
    return Deny(
        "tax_id.format",
        f"That cannot be a number of the type {q.action.type}.",
        {"type": q.action.type, "example": form.example},
        f"The number is given in full, like {form.example}.",
        customer_reason=f"That is not a complete {form.name}: one looks like {form.example}. Could you check it?",
        customer_remedy="With the whole number I can add it.",
    )


def on_file(q: Q) -> Deny | None:
    same = next((each for each in _of_type(q) if bare(each.value) == bare(q.action.value)), None)
    if same is None:
        return None
    return Deny(
        "tax_id.on_file",
        f"The number is on file already ({same.verification or 'not checked'}).",
        {"tax_id": same.id, "verification": same.verification},
        "The register answers, or the customer's name and address are made to match it.",
        customer_reason=f"That number is on your account already{_CHECKED.get(same.verification or '', '')}.",
        customer_remedy="If it could not be confirmed, your name and address have to be as the register has them.",
    )


def replaces_a_verified_one(q: Q) -> NeedsApproval | None:
    verified = next((each for each in _of_type(q) if each.verification == "verified"), None)
    if verified is None:
        return None
    return NeedsApproval(
        "tax_id.verified",
        f"The register has confirmed the {FORMS[q.action.type].name} on file; another one may be another company's.",
        {"tax_id": verified.id},
        "A colleague asks what has changed, adds the new number and takes the old one off.",
    )


def second_of_its_type(q: Q) -> NeedsApproval | None:
    before = ", ".join(f"{each.id} {each.verification or 'not checked'}" for each in _of_type(q))
    if not before:
        return None
    return NeedsApproval(
        "tax_id.second",
        f"There is a number of the type {q.action.type} on file ({before}): invoices would carry it too.",
        {"on_file": before},
        "A colleague adds the new number and takes the old one off.",
    )


def of_another_country(q: Q) -> NeedsApproval | None:
    address, given = q.facts.country, country(q.action.type, q.action.value)
    if address is None or address == given:
        return None
    return NeedsApproval(
        "tax_id.country",
        f"The number is from {COUNTRIES.get(given, given)}, the address is in {COUNTRIES.get(address, address)}.",
        {"number": given, "address": address},
        "A colleague makes sure which of the two is right.",
    )


def sent(q: Q) -> SetTaxId:
    """Written as Stripe's own example of the type is, however the customer wrote it."""
    return q.action.model_copy(update={"value": written(q.action.type, q.action.value)})


def shown(q: Q) -> str:
    return (
        f"Add the {FORMS[q.action.type].name} “{sent(q).value}” to your account. Invoices from now on carry it; those "
        "already issued stay as they are."
    )


def reservations(q: Q) -> tuple[Reservation, ...]:
    return (
        Reservation(
            f"tax_ids:{q.proposal.principal.customer}:{q.day}",
            1,
            q.limits.details.tax_ids_per_customer_day,
            "tax_id.count",
            "This customer got as many tax ids today as Lee may add.",
        ),
    )


def told(q: Q) -> dict[str, FactValue]:
    return {"type": q.action.type, "value": sent(q).value, "on_file": len(q.facts.tax_ids)}


TAX_ID: Final = Law(
    action=SetTaxId,
    facts=TaxIdCase,
    denials=(malformed, on_file),
    approvals=(replaces_a_verified_one, second_of_its_type, of_another_country),
    shown=shown,
    value=moves_nothing,
    reservations=reservations,
    confirmation_rule="tax_id.confirmation",
    allow_rule="tax_id.confirmed",
    told=told,
    sent=sent,
)

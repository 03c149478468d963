"""The law of billing details: what the customer wrote, shown whole and confirmed.

A new e-mail is where receipts and invoice links will go, so whoever took over an account would begin with it; the yes
in the same conversation proves nothing then, and as shipped a human makes sure. Another country changes the tax. What
was there before is in the audit entry, sealed, so that it can be put back.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Final

from billing.countries import COUNTRIES, postal_code_fits
from billing.customer_details import AddressFacts
from policy.actions import UpdateBillingDetails
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import DetailsCase
from policy.law import Law, moves_nothing
from policy.question import Question

Q = Question[UpdateBillingDetails, DetailsCase]

ADDRESS: Final = ("line1", "line2", "city", "state", "postal_code", "country")
LONGEST: Final = 300  # characters of what was there before
_EMAIL: Final = re.compile(
    r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def address(q: Q) -> AddressFacts:
    return q.facts.address or AddressFacts()


def new_address(q: Q) -> AddressFacts:
    """The address as it will be. A new street takes the second line of the old one with it."""
    given = {part: value for part in ADDRESS if (value := getattr(q.action, part)) is not None}
    if "line1" in given:
        given.setdefault("line2", "")
    return replace(address(q), **{part: value or None for part, value in given.items()})


def changes(q: Q) -> dict[str, tuple[str | None, str | None]]:
    """Field to what it was and what it will be, of all that changes."""
    before = {"name": q.facts.customer.name, "email": q.facts.customer.email, **asdict(address(q))}
    after = {
        "name": q.action.name or q.facts.customer.name,
        "email": q.action.email or q.facts.customer.email,
        **asdict(new_address(q)),
    }
    return {
        field: (before[field], after[field]) for field in before if (before[field] or None) != (after[field] or None)
    }


def moves(q: Q) -> bool:
    """From one country to another."""
    before = address(q).country
    return before is not None and "country" in changes(q)


def nothing_new(q: Q) -> Deny | None:
    if changes(q):
        return None
    return Deny(
        "details.same",
        "The billing details are as asked already.",
        {},
        "Name what is different.",
        customer_reason="Your billing details say that already.",
        customer_remedy="If something on them is still wrong, tell me what it should say.",
    )


def bad_email(q: Q) -> Deny | None:
    email = q.action.email
    if email is None or (_EMAIL.fullmatch(email) and ".." not in email):
        return None
    return Deny(
        "details.email_format",
        "That is no e-mail address.",
        {},
        "Ask for the address again.",
        customer_reason="That does not look like a whole e-mail address; could you write it again?",
        customer_remedy="With a whole address I can change it.",
    )


def bad_country(q: Q) -> Deny | None:
    if q.action.country is None or q.action.country in COUNTRIES:
        return None
    return Deny(
        "details.country_unknown",
        "The country is not a two-letter code of ISO 3166-1.",
        {},
        "Give the country's two letters, like DE.",
        customer_reason="I do not know that country; which one is it?",
        customer_remedy="With the name of the country, or its two letters, I can change it.",
    )


def half_an_address(q: Q) -> Deny | None:
    """An address without a street or a country, or the old street in another country, is not the customer's."""
    if all(getattr(q.action, part) is None for part in ADDRESS):
        return None
    wanted = new_address(q)
    missing = [part for part in ("line1", "country") if getattr(wanted, part) is None]
    if moves(q):
        missing += [part for part in ("line1", "city") if getattr(q.action, part) is None and part not in missing]
    if not missing:
        return None
    return Deny(
        "details.incomplete",
        f"The address lacks {' and '.join(missing)}.",
        {"missing": ", ".join(missing)},
        "Give the whole new address.",
        customer_reason="To change the address I need all of it: street and number, postal code, city and country.",
        customer_remedy="With the whole address I can change it.",
    )


def bad_postal_code(q: Q) -> Deny | None:
    wanted = new_address(q)
    touched = q.action.postal_code is not None or q.action.country is not None
    if not touched or not wanted.postal_code or postal_code_fits(wanted.country or "", wanted.postal_code):
        return None
    return Deny(
        "details.postal_code",
        f"The postal code does not have the form that {wanted.country} uses.",
        {"country": wanted.country},
        "Ask for the postal code again.",
        customer_reason="That postal code does not fit the country; could you check both?",
        customer_remedy="With a code that fits, I can change it.",
    )


def new_email(q: Q) -> NeedsApproval | None:
    if q.limits.details.email_by_lee or q.facts.customer.email is None or "email" not in changes(q):
        return None
    return NeedsApproval(
        "details.email",
        "Receipts and invoice links would go to a new address: make sure, by the old one, that the owner asks.",
        {},
        "A colleague writes to the address on file and approves.",
    )


def new_country(q: Q) -> NeedsApproval | None:
    if q.limits.details.country_by_lee or not moves(q):
        return None
    return NeedsApproval(
        "details.country",
        "Another country changes the tax on the next invoices.",
        {"country_before": address(q).country, "country": new_address(q).country},
        "A colleague looks at the tax settings and approves.",
    )


def shown(q: Q) -> str:
    said: list[str] = []
    told = changes(q)
    for field, label in (("name", "the name"), ("email", "the e-mail address")):
        if field in told:
            said.append(f"{label}{_was(told[field][0])} to “{told[field][1]}”")
    if any(field in told for field in ADDRESS):
        said.append(f"the address{_was(_written(address(q)))} to “{_written(new_address(q))}”")
    return f"Change {', '.join(said)}. Invoices from now on carry it; those already issued stay as they are."


def _was(before: str | None) -> str:
    """What is on file was not always written here: one line of it, without the quotes that close it."""
    plain = " ".join((before or "").replace("“", '"').replace("”", '"').split())
    return f" from “{plain[:LONGEST]}”" if plain else ""


def _written(given: AddressFacts) -> str:
    town = " ".join(part for part in (given.postal_code, given.city) if part)
    country = COUNTRIES.get(given.country or "", given.country)
    return ", ".join(part for part in (given.line1, given.line2, town, given.state, country) if part)


def sent(q: Q) -> UpdateBillingDetails:
    """With the whole address that was shown: Stripe replaces all of it, whatever it has become by then."""
    if all(getattr(q.action, part) is None for part in ADDRESS):
        return q.action
    return q.action.model_copy(update=asdict(new_address(q)))


def reservations(q: Q) -> tuple[Reservation, ...]:
    return (
        Reservation(
            f"details:{q.proposal.principal.customer}:{q.day}",
            1,
            q.limits.details.changes_per_customer_day,
            "details.count",
            "This customer's billing details changed as often today as Lee may change them.",
        ),
    )


def told(q: Q) -> dict[str, FactValue]:
    """Before and after of every field, for whoever has to put it back."""
    told: dict[str, FactValue] = {}
    for field, (before, after) in changes(q).items():
        told |= {f"{field}_before": before, field: after}
    return told


DETAILS: Final = Law(
    action=UpdateBillingDetails,
    facts=DetailsCase,
    denials=(nothing_new, bad_email, bad_country, half_an_address, bad_postal_code),
    approvals=(new_email, new_country),
    shown=shown,
    value=moves_nothing,
    reservations=reservations,
    confirmation_rule="details.confirmation",
    allow_rule="details.confirmed",
    told=told,
    sent=sent,
)

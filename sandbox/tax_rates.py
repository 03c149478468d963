"""Tax rates (docs.stripe.com/api/tax_rates), and the tax they put on invoices
(docs.stripe.com/billing/taxes/tax-rates).

A rate belongs to whole subscriptions and invoices (`default_tax_rates`), not to single items; Stripe Tax does not exist
here. A customer who is exempt, or who owes the tax themselves (`reverse`), is charged none; what an inclusive price
comes to stays the same for them.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from sandbox import paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.discounts import discounted
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Boolean, Choice, DecimalText, Kind, Many, Metadata, Text
from sandbox.routing import Route, fetch
from sandbox.tax_amounts import Rate, Tax, taxes_on
from sandbox.world import Json

RATES = Many(Text(), clearable=True, max_items=5)
"""The parameter `default_tax_rates`; sent empty it is None."""

TAX_TYPES = tuple(
    "gst hst igst jct lease_tax pst qst retail_delivery_fee rst sales_tax service_tax vat".split()  # noqa: SIM905
)

_DESCRIBED: dict[str, Kind] = {
    "active": Boolean(),
    "country": Text(max_length=2),
    "description": Text(),
    "display_name": Text(max_length=50),
    "jurisdiction": Text(max_length=50),
    "metadata": Metadata(),
    "state": Text(max_length=2),
    "tax_type": Choice(TAX_TYPES),
}


def create(call: Call) -> Json:
    given = call.params
    percent = given["percentage"]
    if not 0 <= Decimal(percent) <= 100 or len(percent.partition(".")[2]) > 4:
        raise invalid_request(
            "Invalid percentage: must be between 0 and 100, with at most 4 decimal places.", param="percentage"
        )
    return call.create(
        "tax_rate",
        {
            "active": given.get("active", True),
            "country": given.get("country"),
            "description": given.get("description"),
            "display_name": given["display_name"],
            "effective_percentage": float(percent),
            "flat_amount": None,
            "inclusive": given["inclusive"],
            "jurisdiction": given.get("jurisdiction"),
            "jurisdiction_level": None,
            "metadata": new_metadata(given.get("metadata")),
            # For the eye only: amounts are reckoned from the decimal text.
            "percentage": float(percent),
            "rate_type": "percentage",
            "state": given.get("state"),
            "tax_type": given.get("tax_type"),
            "_percent": percent,
        },
        "tax_rate.created",
    )


def update(call: Call) -> Json:
    """Never its percentage: an archived rate goes on where it is in use."""
    rate = call.need("tax_rate", call.path["id"], "tax_rate")
    for name, value in call.params.items():
        if name == "metadata":
            rate["metadata"] = merge_metadata(rate["metadata"], value)
        elif name != "expand":
            rate[name] = value
    return call.save(rate, "tax_rate.updated")


def list_(call: Call) -> Json:
    where: dict[str, Any] = {name: call.params[name] for name in ("active", "inclusive") if name in call.params}
    return paging.page(call, "/v1/tax_rates", call.world.select("tax_rate", where))


def chosen(call: Call, ids: list[str] | None, held: list[Json], param: str = "default_tax_rates") -> list[Json]:
    """The rates by id, which must be active unless they are `held` already."""
    found: list[Json] = []
    for position, id_ in enumerate(ids or []):
        rate = call.need("tax_rate", id_, f"{param}[{position}]")
        if not rate["active"] and id_ not in [each["id"] for each in held]:
            raise invalid_request(f"The tax rate {id_} is not active.", param=f"{param}[{position}]")
        if rate in found:
            raise invalid_request("The same tax rate cannot be applied twice.", param=f"{param}[{position}]")
        found.append(rate)
    return found


def apply(call: Call, invoice: Json) -> tuple[int, int]:
    """Put the invoice's taxes on its lines and in its totals. Returns the tax on top of the lines, and the tax that lay
    within them before discounts."""
    rates = [Rate(rate["id"], Fraction(rate["_percent"]), rate["inclusive"]) for rate in _stored(call, invoice)]
    exempt = invoice["customer_tax_exempt"]
    found = [taxes_on(discounted(line), rates) for line in invoice["lines"]["data"]]
    for line, taxes in zip(invoice["lines"]["data"], found, strict=True):
        line["taxes"] = [_shown(tax, exempt) for tax in taxes]
    totals = [
        Tax(rate, sum(row[at].amount for row in found), sum(row[at].taxable for row in found))
        for at, rate in enumerate(rates)
    ]
    invoice["total_taxes"] = [_shown(tax, exempt) for tax in totals] if found else []
    if exempt in ("exempt", "reverse"):
        return 0, 0
    gross = [tax for line in invoice["lines"]["data"] for tax in taxes_on(line["amount"], rates)]
    return (
        sum(tax.amount for tax in totals if not tax.rate.inclusive),
        sum(tax.amount for tax in gross if tax.rate.inclusive),
    )


def _stored(call: Call, invoice: Json) -> list[Json]:
    return [call.need("tax_rate", rate["id"]) for rate in invoice["default_tax_rates"]]


def _shown(tax: Tax, exempt: str) -> Json:
    reasons = {"exempt": "customer_exempt", "reverse": "reverse_charge"}
    return {
        "amount": 0 if exempt in reasons else tax.amount,
        "tax_behavior": "inclusive" if tax.rate.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax.rate.id},
        "taxability_reason": reasons.get(exempt, "not_available"),
        "taxable_amount": tax.taxable,
        "type": "tax_rate_details",
    }


ROUTES = [
    Route(
        "POST",
        "/v1/tax_rates",
        create,
        {
            **_DESCRIBED,
            "display_name": Text(required=True, max_length=50),
            "inclusive": Boolean(required=True),
            "percentage": DecimalText(required=True),
        },
        "tax_rate_write",
    ),
    Route(
        "GET",
        "/v1/tax_rates",
        list_,
        {**paging.PARAMETERS, "active": Boolean(), "created": RANGE, "inclusive": Boolean()},
        "tax_rate_read",
    ),
    Route("GET", "/v1/tax_rates/{id}", fetch("tax_rate", "tax_rate"), {}, "tax_rate_read"),
    Route("POST", "/v1/tax_rates/{id}", update, _DESCRIBED, "tax_rate_write"),
]

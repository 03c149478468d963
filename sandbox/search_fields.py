"""What can be searched for in which object, and what a clause means there.

docs.stripe.com/search#supported-query-fields-for-each-resource and #field-types.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

from sandbox.search_query import NUMBER, Clause, Query, refused
from sandbox.world import Json

Type = Literal["token", "string", "numeric"]
Matches = Callable[[Json], bool]

LEAST_SUBSTRING = 3

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ":": lambda found, wanted: found == wanted,
    ">": lambda found, wanted: found > wanted,
    "<": lambda found, wanted: found < wanted,
    ">=": lambda found, wanted: found >= wanted,
    "<=": lambda found, wanted: found <= wanted,
}
_OPERATORS: dict[Type, tuple[str, ...]] = {"token": (":",), "string": (":", "~"), "numeric": tuple(_COMPARISONS)}


@dataclass(frozen=True)
class Field:
    """`read`: the value in an object; None where there is none."""

    type: Type
    read: Callable[[Json], Any]


def _at(path: str) -> Callable[[Json], Any]:
    steps = path.split(".")
    return lambda obj: reduce(lambda node, step: node.get(step) if isinstance(node, dict) else None, steps, obj)


def _fields(**types: Type) -> dict[str, Field]:
    return {name: Field(type_, _at(name)) for name, type_ in types.items()}


def _refunded(charge: Json) -> bool | None:
    """docs.stripe.com/search#query-fields-for-charges: true in full, false in part, null not at all."""
    return None if charge["amount_refunded"] == 0 else charge["refunded"]


_CARD = ("last4", "exp_month", "exp_year", "brand", "fingerprint")
FIELDS: dict[str, dict[str, Field]] = {
    "charge": {
        **_fields(amount="numeric", created="numeric", currency="token", customer="token", status="token"),
        "billing_details.address.postal_code": Field("token", _at("billing_details.address.postal_code")),
        "disputed": Field("token", _at("disputed")),
        **{f"payment_method_details.card.{p}": Field("token", _at(f"payment_method_details.card.{p}")) for p in _CARD},
        "refunded": Field("token", _refunded),
    },
    "customer": _fields(created="numeric", email="string", name="string", phone="string"),
    "invoice": {
        **_fields(
            created="numeric",
            currency="token",
            customer="token",
            number="string",
            receipt_number="string",
            status="string",
            total="numeric",
        ),
        "subscription": Field("string", _at("parent.subscription_details.subscription")),
    },
    "payment_intent": _fields(amount="numeric", created="numeric", currency="token", customer="token", status="token"),
    "price": _fields(active="token", currency="token", lookup_key="string", product="string", type="token"),
    "product": _fields(active="token", description="string", name="string", shippable="token", url="string"),
    "subscription": _fields(created="numeric", status="token"),
}
"""By object type. `metadata["key"]` can be asked for in all of them, as a token."""


def matcher(query: Query, type_: str, resource: str) -> Matches:
    """Whether an object of the type is what the query asks for. Raises StripeError 400 for a field that cannot be
    searched, or not so. `resource` is what the field's refusal calls the type: `payment_intents`."""
    tests = [_test(clause, FIELDS[type_], resource) for clause in query.clauses]
    combined = any if query.any_of else all
    return lambda obj: combined(test(obj) for test in tests)


def _test(clause: Clause, fields: Mapping[str, Field], resource: str) -> Matches:
    field = _field(clause, fields, resource)
    holds = _comparison(clause, field.type)
    return lambda obj: holds(field.read(obj)) is not clause.negated


def _field(clause: Clause, fields: Mapping[str, Field], resource: str) -> Field:
    key = clause.key
    if clause.field == "metadata" and key is not None:
        return Field("token", lambda obj: obj["metadata"].get(key))
    if clause.field == "metadata" or key is not None or clause.field not in fields:
        anchor = resource.replace("_", "-")
        raise refused(
            f"Field `{clause.field}` is an unsupported search field for resource `{resource}`. See "
            f"https://docs.stripe.com/search#query-fields-for-{anchor} for a list of supported fields."
        )
    return fields[clause.field]


def _comparison(clause: Clause, type_: Type) -> Callable[[Any], bool]:
    """What is asked of the value that an object has in the field."""
    wanted, operator = clause.value, clause.operator
    if operator not in _OPERATORS[type_] or (wanted is None and operator != ":"):
        raise refused(
            f"Field `{clause.field}` is of the type {type_}: it does not support the operator `{operator}`"
            f"{' with null' if wanted is None else ''}."
        )
    if wanted is None:
        return lambda found: found is None
    if type_ == "numeric":
        return _number(wanted, clause)
    plain = wanted.casefold()
    if operator == "~":
        if len(wanted) < LEAST_SUBSTRING:
            raise refused(f"A substring in a search query must have at least {LEAST_SUBSTRING} characters.")
        return lambda found: found is not None and plain in _written(found)
    if type_ == "string":
        return lambda found: found is not None and _has_words(_written(found).split(), plain.split())
    return lambda found: found is not None and _written(found) == plain


def _number(wanted: str, clause: Clause) -> Callable[[Any], bool]:
    if not NUMBER.fullmatch(wanted):
        raise refused(f"Field `{clause.field}` is of the type numeric: `{wanted}` is not an integer.")
    number, compare = int(wanted), _COMPARISONS[clause.operator]
    return lambda found: found is not None and compare(found, number)


def _written(found: Any) -> str:
    """A value as a query writes it: truth as `true`, numbers by their digits, all in one case."""
    return str(found).casefold()


def _has_words(found: list[str], wanted: list[str]) -> bool:
    """docs.stripe.com/search#field-types: an exact match of a string is all the words of the query in the same order:
    `one two` matches `one two three` too."""
    if not wanted:
        return not found
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))

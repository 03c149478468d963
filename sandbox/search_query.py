"""Stripe's search query language, read into clauses (docs.stripe.com/search#search-query-language).

`email:"amy@rocketrides.io" -metadata["plan"]:null total>=1000`: clauses parted by blanks, `AND` or `OR`, never both;
a clause is a field, an operator and a value, turned into its opposite by a `-` before it. No parentheses.
"""

import re
from dataclasses import dataclass

from sandbox.errors import StripeError, invalid_request

MOST_CLAUSES = 10

_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_CLAUSE = re.compile(
    rf"(?P<negated>-?)(?P<field>\w+(?:\.\w+)*)(?:\[(?P<key>{_QUOTED})\])?"
    rf"(?P<operator>>=|<=|[:~<>])(?P<value>{_QUOTED}|[^\s\"'()]+)",
    re.ASCII | re.DOTALL,
)
_BETWEEN = re.compile(r"\s+(?:(?P<word>AND|OR)\s+)?", re.IGNORECASE)
NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Clause:
    """`key` is that of `metadata["key"]`; a `value` of None is the token `null`."""

    field: str
    operator: str
    value: str | None
    key: str | None = None
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """Clauses of which all must hold or, with `any_of`, one."""

    clauses: tuple[Clause, ...]
    any_of: bool = False


def parse(text: str) -> Query:
    """The query a text means. Raises StripeError 400 for anything else."""
    text = text.strip()
    clauses: list[Clause] = []
    words: set[str] = set()
    at = 0
    while True:
        found = _CLAUSE.match(text, at)
        if found is None:
            raise unreadable()
        clauses.append(_clause(found))
        at = found.end()
        if at == len(text):
            break
        between = _BETWEEN.match(text, at)
        if between is None:
            raise unreadable()
        words.add((between["word"] or "AND").upper())
        at = between.end()
    if len(words) > 1:
        raise refused("You can't combine `AND` and `OR` in the same search query.")
    if len(clauses) > MOST_CLAUSES:
        raise refused(f"A search query can have at most {MOST_CLAUSES} clauses.")
    return Query(tuple(clauses), any_of=words == {"OR"})


def refused(message: str) -> StripeError:
    return invalid_request(message, param="query")


def unreadable() -> StripeError:
    return refused(
        'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` to query for '
        'metadata or key:"value" to query for other fields.'
    )


def _clause(found: re.Match[str]) -> Clause:
    raw = found["value"]
    value: str | None = raw
    if raw[0] in "\"'":
        value = _unquoted(raw)
    elif raw.lower() == "null":
        value = None
    elif not NUMBER.fullmatch(raw):
        # docs.stripe.com/search#quotes: only numbers, and the token null, may stand without.
        raise unreadable()
    key = found["key"]
    return Clause(
        field=found["field"],
        operator=found["operator"],
        value=value,
        key=None if key is None else _unquoted(key),
        negated=bool(found["negated"]),
    )


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)

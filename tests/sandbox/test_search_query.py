"""The search query language: what a text means, what it cannot mean, and that matching agrees with a plain filter."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import StripeError
from sandbox.search_fields import FIELDS, matcher
from sandbox.search_query import Clause, Query, parse

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "clauses", "any_of"),
    [
        ('email:"amy@rocketrides.io"', [Clause("email", ":", "amy@rocketrides.io")], False),
        ("metadata['order_id']:'6735'", [Clause("metadata", ":", "6735", key="order_id")], False),
        ('-currency:"jpy"', [Clause("currency", ":", "jpy", negated=True)], False),
        ('-metadata["donation-id"]:null', [Clause("metadata", ":", None, key="donation-id", negated=True)], False),
        ("url:NULL", [Clause("url", ":", None)], False),
        ('name:"null"', [Clause("name", ":", "null")], False),
        ("payment_method_details.card.last4:1234", [Clause("payment_method_details.card.last4", ":", "1234")], False),
        ('amount>="10"', [Clause("amount", ">=", "10")], False),
        ("amount<-5", [Clause("amount", "<", "-5")], False),
        (
            'description:"the story called \\"The Sky and the Sea.\\""',
            [Clause("description", ":", 'the story called "The Sky and the Sea."')],
            False,
        ),
        ("name~'O\\'Hara'", [Clause("name", "~", "O'Hara")], False),
        ("amount>1 amount<9", [Clause("amount", ">", "1"), Clause("amount", "<", "9")], False),
        ("  amount>1\n and amount<9 ", [Clause("amount", ">", "1"), Clause("amount", "<", "9")], False),
        ("amount:1 or amount:9", [Clause("amount", ":", "1"), Clause("amount", ":", "9")], True),
        ("currency:'a OR b'", [Clause("currency", ":", "a OR b")], False),
    ],
)
def test_what_a_query_means(text: str, clauses: list[Clause], any_of: bool) -> None:
    """docs.stripe.com/search#search-query-language"""
    assert parse(text) == Query(tuple(clauses), any_of)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "asdf",
        "name:",
        ':"x"',
        "name:amy",
        'name:"amy',
        'name:"amy"x',
        'name:"amy"AND name:"bob"',
        'name:"amy" AND',
        'AND name:"amy"',
        'name:"amy" AND AND name:"bob"',
        '(name:"amy")',
        'name: "amy"',
        'name="amy"',
        'metadata[plan]:"x"',
        'metadata["plan:"x"',
        '--name:"amy"',
        "amount:1.5",
        "amount:" + "9" * 4400,
    ],
)
def test_what_means_nothing(text: str) -> None:
    with pytest.raises(StripeError, match="unable to parse your search query") as refused:
        parse(text)
    assert (refused.value.status, refused.value.type, refused.value.param) == (400, "invalid_request_error", "query")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("amount:1 AND amount:2 OR amount:3", "combine `AND` and `OR`"),
        ("amount:1 amount:2 OR amount:3", "combine `AND` and `OR`"),
        (" ".join(["amount:1"] * 11), "at most 10 clauses"),
    ],
)
def test_what_cannot_be_asked_at_once(text: str, told: str) -> None:
    with pytest.raises(StripeError, match=told):
        parse(text)


@pytest.mark.parametrize(
    ("type_", "text", "told"),
    [
        ("customer", 'foo:"bar"', "Field `foo` is an unsupported search field for resource `things`"),
        ("customer", 'metadata:"bar"', "Field `metadata` is an unsupported"),
        ("customer", 'name["a"]:"bar"', "Field `name` is an unsupported"),
        ("customer", "name>3", "does not support the operator `>`"),
        ("charge", 'currency~"usd"', "does not support the operator `~`"),
        ("customer", 'metadata["plan"]~"team"', "does not support the operator `~`"),
        ("charge", 'amount~"100"', "does not support the operator `~`"),
        ("charge", "amount>null", "with null"),
        ("customer", 'email~"ab"', "at least 3 characters"),
        ("charge", 'amount:"ten"', "not an integer"),
        ("charge", 'amount:"٣"', "not an integer"),
        ("charge", f'amount:"{"9" * 4400}"', "not an integer"),
    ],
)
def test_what_a_field_cannot_be_asked(type_: str, text: str, told: str) -> None:
    """docs.stripe.com/search#field-types"""
    with pytest.raises(StripeError, match=told):
        matcher(parse(text), type_, "things")


CUSTOMERS: list[Json] = [
    {"created": 10, "email": "amy@rocketrides.io", "name": "Amy One Two Three", "phone": None, "metadata": {}},
    {
        "created": 20,
        "email": "xamy@example.com",
        "name": "one two three four",
        "phone": "+1 999",
        "metadata": {"p": "A"},
    },
    {"created": 30, "email": None, "name": None, "phone": "", "metadata": {"p": ""}},
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('name:"one two three"', [10, 20]),
        ('name:"ONE TWO"', [10, 20]),
        ('name:"two one"', []),
        ('name:"amy two"', []),
        ('email~"amy"', [10, 20]),
        ('-email~"amy"', [30]),
        ('email:"amy@rocketrides.io"', [10]),
        ("email:null", [30]),
        ("-email:null", [10, 20]),
        ('metadata["p"]:"a"', [20]),
        ('-metadata["p"]:null', [20, 30]),
        ('phone:""', [30]),
        ("created>10 created<=30", [20, 30]),
        ('created:"20"', [20]),
        ('created:10 OR email~"xam"', [10, 20]),
    ],
)
def test_what_is_found(text: str, found: list[int]) -> None:
    """docs.stripe.com/search#search-syntax"""
    matches = matcher(parse(text), "customer", "customers")
    assert [customer["created"] for customer in CUSTOMERS if matches(customer)] == found


def test_a_refund_in_part_and_in_full() -> None:
    """docs.stripe.com/search#query-fields-for-charges"""
    charges = [{"amount_refunded": n, "refunded": n == 100} for n in (0, 40, 100)]

    def found(text: str) -> list[int]:
        matches = matcher(parse(text), "charge", "charges")
        return [charge["amount_refunded"] for charge in charges if matches(charge)]

    assert (found('refunded:"true"'), found('refunded:"false"'), found("refunded:null")) == ([100], [40], [0])


# Any query that can be written, against a filter that knows nothing of parsing.

WORDS = ["amy", "Amy", "rocket", "ride", 'a "quoted" one', "back\\slash", "AND", "null", "12", ""]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=0, max_size=4).map(" ".join)
OBJECTS = st.fixed_dictionaries(
    {
        "created": st.integers(-3, 3),
        "email": st.none() | TEXTS,
        "name": st.none() | TEXTS,
        "phone": st.none() | TEXTS,
        "metadata": st.dictionaries(st.sampled_from(["k", 'a "b"', "AND"]), TEXTS),
    }
)
NEGATED = st.booleans()
NUMERIC = st.builds(
    Clause,
    field=st.just("created"),
    operator=st.sampled_from([":", ">", "<", ">=", "<="]),
    value=st.integers(-3, 3).map(str),
    negated=NEGATED,
)
STRINGS = st.builds(
    Clause,
    field=st.sampled_from(["email", "name", "phone"]),
    operator=st.sampled_from([":", "~"]),
    value=TEXTS,
    negated=NEGATED,
).filter(lambda clause: clause.operator == ":" or len(clause.value or "") >= 3)
PRESENCE = st.builds(
    Clause,
    field=st.sampled_from(["email", "name", "phone", "created"]),
    operator=st.just(":"),
    value=st.none(),
    negated=NEGATED,
)
METADATA = st.builds(
    Clause,
    field=st.just("metadata"),
    operator=st.just(":"),
    value=st.none() | TEXTS,
    key=st.sampled_from(["k", 'a "b"', "AND", "other"]),
    negated=NEGATED,
)
CLAUSES = st.lists(NUMERIC | STRINGS | PRESENCE | METADATA, min_size=1, max_size=10)


def quoted(text: str, mark: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


def written(clauses: list[Clause], between: str, mark: str) -> str:
    """The query as somebody would type it."""
    return between.join(
        ("-" if clause.negated else "")
        + clause.field
        + ("" if clause.key is None else f"[{quoted(clause.key, mark)}]")
        + clause.operator
        + ("null" if clause.value is None else quoted(clause.value, mark))
        for clause in clauses
    )


def plainly(clause: Clause, customer: Json) -> bool:
    value = customer["metadata"].get(clause.key) if clause.field == "metadata" else customer[clause.field]
    return plain_value(clause, value) != clause.negated


def plain_value(clause: Clause, value: Any) -> bool:
    if clause.value is None or value is None:
        return clause.value is None and value is None
    if isinstance(value, int):
        wanted = int(clause.value)
        return {
            ":": value == wanted,
            ">": value > wanted,
            "<": value < wanted,
            ">=": value >= wanted,
            "<=": value <= wanted,
        }[clause.operator]
    if clause.field == "metadata":
        return value.lower() == clause.value.lower()
    if clause.operator == "~":
        return clause.value.lower() in value.lower()
    wanted, found = clause.value.lower().split(), value.lower().split()
    return f" {' '.join(wanted)} " in f" {' '.join(found)} " if wanted else not found


@given(
    CLAUSES, st.sampled_from([" ", " AND ", " and ", "\n", " OR ", " or "]), st.sampled_from("\"'"), st.lists(OBJECTS)
)
def test_a_query_finds_what_a_plain_filter_finds(
    clauses: list[Clause], between: str, mark: str, objects: list[Json]
) -> None:
    query = parse(written(clauses, between, mark))
    assert query.clauses == tuple(clauses)
    matches = matcher(query, "customer", "customers")
    combined = any if query.any_of else all
    assert query.any_of is (between.strip().upper() == "OR" and len(clauses) > 1)
    assert [each for each in objects if matches(each)] == [
        each for each in objects if combined(plainly(clause, each) for clause in clauses)
    ]


@given(st.text(alphabet=string.printable, max_size=60) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    refusal = (400, "query")
    try:
        query = parse(text)
        for type_ in FIELDS:
            matcher(query, type_, "things")
    except StripeError as refused:
        refusal = (refused.status, refused.param)
    assert refusal == (400, "query")

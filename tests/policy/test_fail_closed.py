"""Whatever goes wrong at an input of the gate ends as No, written down, with nothing sent."""

from __future__ import annotations

import asyncio
import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from billing.customer_details import TaxIdFacts
from billing.discounts import DiscountFacts
from billing.ids import CustomerId, TurnId
from billing.money import Money
from policy.actions import Action, Refund, RetryPayment
from policy.effects import FactsUnavailable
from policy.proposals import Principal, Role
from policy.settlement import Settlement, Status
from policy.well_formed import facts_flaw, flaw, plain, proposal_flaw
from store.errors import LogUnavailable
from tests.billing import made
from tests.policy.asked import (
    cancel_case,
    checkout_case,
    credit_case,
    details_case,
    link_case,
    paused_case,
    plan_case,
    promotion_case,
    refund_case,
    resume_case,
    retry_case,
    tax_id_case,
    undo_case,
)
from tests.policy.house import (
    House,
    cancel,
    change,
    charge,
    checkout,
    coupon,
    credit,
    details,
    invoice,
    link,
    price,
    promo,
    promotion,
    refund,
    resume,
    retry,
    session,
    subscription,
    undo,
    usd,
    vat,
)
from tests.policy.stripe_twin import noon
from tests.proofs import PROVE, Proved

NAN = float("nan")
BENT = Money(1, "usd")
object.__setattr__(BENT, "amount", NAN)
HUGE = Money(1, "usd")
object.__setattr__(HUGE, "amount", 10**30)
ODD: list[Any] = [
    None,
    NAN,
    float("inf"),
    10**30,
    -1.5,
    True,
    "\ud800",
    b"x",
    object(),
    BENT,
    HUGE,
    [],
    {},
    noon().replace(tzinfo=None),
]

FULL: list[tuple[Action, Any]] = [
    (
        refund(twin="ch_two"),
        refund_case(
            charge=charge(order="A-1", decline=made.decline("x")),
            duplicate_of=charge("ch_two", order="A-1"),
            recent=(charge("ch_two"),),
            refunds=(made.refund(),),
            disputes=(made.dispute(),),
        ),
    ),
    (
        retry(),
        retry_case(
            invoice=invoice(last_decline=made.decline("insufficient_funds"), lines=(made.line(5, proration=True),))
        ),
    ),
    (change(), plan_case(subscription=subscription(), price=price(), amount_due=usd(4000))),
    (cancel(), cancel_case()),
    (resume(), resume_case()),
    (undo(), undo_case()),
    (resume("sub_paused"), paused_case()),
    (credit(), credit_case()),
    (
        promo(),
        promotion_case(
            promotion=promotion(minimum=usd(100), expires_at=noon(30), coupon=coupon(products=("prod_one",))),
            discounts=(DiscountFacts("di_one", "welcome", None, None, noon(30)),),
        ),
    ),
    (details(), details_case()),
    (vat(), tax_id_case(tax_ids=(TaxIdFacts("txi_one", "gb_vat", "GB123456789", "pending"),))),
    (checkout(), checkout_case(later=session("cs_later", besides=("tax",)), subscribed=("prod_one",))),
    (link(), link_case()),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field of a facts dataclass, also within tuples and nested dataclasses; money and times are leaves."""
    if dataclasses.is_dataclass(value) and not isinstance(value, Money | type):
        for field in dataclasses.fields(value):
            yield (*path, field.name)
            yield from places(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for n, each in enumerate(value):
            yield (*path, n)
            yield from places(each, (*path, n))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    here, *rest = path
    if isinstance(here, int):
        return (*value[:here], put(value[here], tuple(rest), new), *value[here + 1 :])
    return dataclasses.replace(value, **{here: put(getattr(value, here), tuple(rest), new)})


def fits(annotation: str, value: Any) -> bool:
    """Whether a value happens to be right for a field, read from the annotation's words: not the gate's own check."""
    words = set(annotation.replace("|", " ").replace("[", " ").replace(",", " ").split())
    return (
        (value is None and "None" in words)
        or (value is True and "bool" in words)
        or (value == {} and isinstance(value, dict) and "dict" in words)
    )


def annotation_of(value: Any, path: tuple[Any, ...]) -> str:
    for here in path[:-1]:
        value = value[here] if isinstance(here, int) else getattr(value, here)
    last = path[-1]
    return "" if isinstance(last, int) else str(type(value).__annotations__[last])


LISTED = types.GenericAlias(list, (int, ...))


@pytest.mark.parametrize("type_", [bytes, list[int], LISTED, tuple[int, str], Literal["one"], usd(1)], ids=str)
def test_a_type_that_nobody_can_check_is_an_error(type_: Any) -> None:
    with pytest.raises(TypeError, match="no check for"):
        flaw((1, 2), type_)


@pytest.mark.parametrize(
    ("value", "type_", "fits"),
    [
        (2**63 - 1, int, True),
        (1 - 2**63, int, True),
        (2**63, int, False),
        (-(2**63), int, False),
        ({"hours": 24, "for": "x"}, Mapping[str, str | int], True),
        ({24: "x"}, Mapping[str, str | int], False),
        ({"x": None}, Mapping[str, str | int], False),
        ((1, 2), tuple[int, ...], True),
        ((1, "2"), tuple[int, ...], False),
    ],
)
def test_numbers_and_collections_at_their_edges(value: Any, type_: Any, fits: bool) -> None:
    assert (flaw(value, type_) is None) == fits


def test_a_flaw_is_told_with_the_way_to_it() -> None:
    facts = refund_case()
    assert facts_flaw(dataclasses.replace(facts, as_of=3)) == "as_of: not a time with its zone"
    assert (
        facts_flaw(dataclasses.replace(facts, customer=dataclasses.replace(facts.customer, id=3)))
        == "customer.id: not a text"
    )


@pytest.mark.parametrize("amount", ["500", 500.0, True])
def test_an_amount_of_another_type_is_no_action(amount: object) -> None:
    with pytest.raises(ValidationError, match="valid integer"):
        Refund.model_validate({**refund().model_dump(), "amount": amount})


CASES = [(action, facts, path) for action, facts in FULL for path in places(facts)]


def test_there_are_many_places() -> None:
    assert len(CASES) > 150


@pytest.mark.parametrize("kind", sorted({type(action).__name__ for action, _ in FULL}))
async def test_a_wrong_value_in_any_field_is_denied_and_written_down(house: House, proved: Proved, kind: str) -> None:
    """One wrong value for each field, another each time; every one of them with `PROVE=1`."""
    tried = checked = 0
    case = house.case()
    for n, (action, facts, path) in enumerate(CASES):
        wrong = [odd for odd in ODD if not fits(annotation_of(facts, path), odd)]
        assert all(facts_flaw(put(facts, path, odd)) for odd in wrong), path
        if type(action).__name__ != kind:
            continue
        checked += len(wrong)
        for odd in wrong if PROVE else [wrong[n % len(wrong)]]:
            bad = put(facts, path, odd)
            house.stripe.facts_through = lambda _, bad=bad: bad
            answer = await house.ask(action, case)
            assert answer.status is Status.REFUSED, path
            assert answer.decision.rule == "facts.malformed", path
            tried += 1
    assert house.stripe.calls == []
    assert house.intents() == []
    log = house.log(case)
    assert len(log) == tried > 0
    assert {(name, entry["verdict"]) for name, entry in log} == {("proposal.decided", "deny")}
    proved(f"wrong values in the facts of {kind} that were not denied and written down", tried)
    proved(f"wrong values in the facts of {kind} that the gate's check lets pass", checked)


@pytest.mark.parametrize(("action", "facts"), FULL)
@pytest.mark.parametrize("instead", [*ODD, "facts", 0, made.customer()])
async def test_no_facts_at_all(house: House, action: Action, facts: Any, instead: Any) -> None:
    house.stripe.facts_through = lambda _: instead
    await must_be_denied(house, action, "facts.malformed")


@pytest.mark.parametrize(("action", "facts"), FULL)
async def test_facts_of_another_kind(house: House, action: Action, facts: Any) -> None:
    for other, wrong in FULL:
        if type(other) is not type(action):
            house.stripe.facts_through = lambda _, wrong=wrong: wrong
            assert (await house.ask(action)).decision.rule == "policy.wrong_facts"
    assert house.stripe.calls == []


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError("cannot even say what is wrong")


@pytest.mark.parametrize("action", [action for action, _ in FULL])
@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (FactsUnavailable("Stripe is down"), "facts.unavailable"),
        (FactsUnavailable("\ud800" * 9999), "facts.unavailable"),
        (TimeoutError(), "facts.unavailable"),
        (KeyError("x"), "facts.error"),
        (OverflowError(), "facts.error"),
        (RecursionError(), "facts.error"),
        (ExceptionGroup("several", [ValueError()]), "facts.error"),
        (Odd(), "facts.error"),
    ],
)
async def test_a_source_that_raises(house: House, action: Action, error: Exception, rule: str) -> None:
    def raises(_: Any) -> Any:
        raise error

    house.stripe.facts_through = raises
    await must_be_denied(house, action, rule)


async def test_a_source_that_hangs(house: House) -> None:
    async def facts(action: Action, principal: Principal) -> Any:
        await asyncio.sleep(30)

    house.stripe.facts = facts
    await must_be_denied(house, refund(), "facts.unavailable")


async def must_be_denied(house: House, action: Action, rule: str) -> None:
    case = house.case()
    answer = await house.ask(action, case)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, rule)
    assert house.stripe.calls == []
    [(kind, entry)] = house.log(case)
    assert (kind, entry["verdict"], entry["rule"]) == ("proposal.decided", "deny", rule)
    house.must_balance()


@pytest.mark.parametrize("amount", [-1, 0, NAN, 1.5, "100", True, 10**30, 100_000_000])
async def test_arguments_that_were_never_validated(house: House, amount: Any) -> None:
    bad = Refund.model_construct(charge="ch_one", amount=amount, grounds="requested_by_customer", duplicate_of=None)
    await must_be_turned_away(house, house.propose(house.case(), bad))


@pytest.mark.parametrize("invoice_id", ["ch_one", "in_", "in_one\n", "in_" + "x" * 200, None, 7, "in_" + "\ud800" * 4])
async def test_ids_that_were_never_validated(house: House, invoice_id: Any) -> None:
    bad = RetryPayment.model_construct(invoice=invoice_id, payment_method=None)
    await must_be_turned_away(house, house.propose(house.case(), bad))


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": None},
        {"epoch": True},
        {"epoch": 1.0},
        {"owner": "nobody"},
        {"principal": None},
        {"principal": Principal(made.ME, "u", "owner")},  # pyright: ignore[reportArgumentType] -- the wrong type is the test
        {"principal": Principal(None, "u", Role.OWNER)},  # pyright: ignore[reportArgumentType] -- the wrong type is the test
        {"action": None},
        {"action": {"tool": "refund"}},
        {"id": None},
        {"id": ""},
        {"case": None},
        {"turn": 7},
        {"turn": "\ud800"},
        {"principal": Principal(CustomerId(""), "u", Role.OWNER)},
        {"principal": Principal(CustomerId("\ud800"), "u", Role.OWNER)},
        {"actor": None},
        {"actor": "\ud800"},
    ],
)
async def test_a_proposal_that_is_none(house: House, changes: dict[str, Any]) -> None:
    good = house.propose(house.case(), refund())
    await must_be_turned_away(house, dataclasses.replace(good, **changes))


async def test_a_proposal_of_a_turn_is_one(house: House) -> None:
    good = house.propose(house.case(), refund())
    assert proposal_flaw(dataclasses.replace(good, turn=TurnId("turn_1"))) is None


def test_what_an_error_says_is_kept_to_500_characters_that_can_be_written_down() -> None:
    assert plain("x" * 501) == "x" * 500
    assert plain(ValueError("\ud800")) == "?"


def test_where_several_kinds_may_stand_the_first_says_what_is_wrong() -> None:
    assert flaw(7, str | None) == "not a text"
    assert flaw(7, int | None) is flaw(None, int | None) is None


async def must_be_turned_away(house: House, proposal: Any) -> None:
    answer: Settlement = await house.gate.submit(proposal)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "proposal.malformed")
    assert house.stripe.asked == 0
    assert house.rows("select id from proposals") == []
    assert [row.kind for row in house.rows("select kind from audit_entries")] == ["proposal.turned_away"]


NO_ROOM = {
    "sqlite": "create trigger no_room before insert on audit_entries begin select raise(abort, 'no room'); end",
    "postgresql": 'alter table audit_entries add constraint "no room" check (seq < 0) not valid',
}


@pytest.mark.database("sqlite", "postgresql")
async def test_without_a_log_nothing_is_sent(house: House) -> None:
    """The audit entry and the intent commit together or not at all."""
    with house.store.unit() as uow:
        uow.connection.exec_driver_sql(NO_ROOM[uow.connection.dialect.name])
    with pytest.raises(Exception, match="no room"):
        await house.ask(refund(), house.case())
    assert house.stripe.calls == []
    assert house.intents() == []
    assert house.rows("select * from budgets") == []


@pytest.mark.database("sqlite")
async def test_a_closed_database_is_said_plainly(house: House) -> None:
    proposal = house.propose(house.case(), refund())
    path = house.url.removeprefix("sqlite:///")
    house.store.close()
    with open(path, "r+b") as file:
        file.write(b"not a database at all" * 50)
    with pytest.raises(LogUnavailable):
        await house.gate.submit(proposal)
    assert house.stripe.calls == []

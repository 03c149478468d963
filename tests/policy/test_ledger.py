"""The ledger's own guarantees, which hold whoever calls it: one in flight, one key, caps by one UPDATE, no way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.errors import Conflict, NotFound
from store.ledger import IntentRow
from store.proposals import ProposalRow
from store.unit_of_work import UnitOfWork
from tests.policy.house import House
from tests.policy.stripe_twin import noon


def proposal(case: str, n: int = 1) -> ProposalRow:
    return ProposalRow(f"prop_{n}", case, None, 1, "lee", "refund", {"n": n}, "", "allow", "r", "R.", None, noon())


def intent(uow: UnitOfWork, case: str, n: int = 1, target: str | None = None) -> IntentRow:
    uow.proposals.decided(proposal(case, n))
    row = IntentRow(
        id=f"int_{n}",
        case_id=case,
        proposal_id=f"prop_{n}",
        customer="cus_me",
        tool="refund",
        arguments={"n": n},
        target=target or f"ch_{n}",
        operation_key=f"op_{n}",
        idempotency_key=f"key_{n}",
        attempt=1,
        amount=100,
        currency="usd",
        policy_hash="h",
        status="reserved",
        stripe_id=None,
        receipt=None,
        created_at=noon(),
        personal=False,
    )
    uow.ledger.reserve(row)
    return row


def test_what_was_reserved_is_read_back_as_it_was(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        row = intent(uow, case)
        assert uow.ledger.get(row.id) == row


def test_two_open_intents_on_one_target_conflict(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        intent(uow, case, 1, "ch_same")
    with pytest.raises(Conflict), house.store.unit() as uow:
        intent(uow, case, 2, "ch_same")
    with house.store.unit() as uow:
        uow.ledger.settle("int_1", "pending_reconciliation", None, None)
    with pytest.raises(Conflict), house.store.unit() as uow:
        intent(uow, case, 2, "ch_same")
    with house.store.unit() as uow:
        uow.ledger.settle("int_1", "failed", None, {"failure": "x"})
        intent(uow, case, 2, "ch_same")


@pytest.mark.parametrize("field", ["operation_key", "idempotency_key", "proposal_id", "id"])
def test_what_identifies_an_operation_is_unique(house: House, field: str) -> None:
    case = house.case()
    with house.store.unit() as uow:
        first = intent(uow, case, 1)
        uow.proposals.decided(proposal(case, 2))
    second = replace(
        first, id="int_2", target="ch_2", operation_key="op_2", idempotency_key="key_2", proposal_id="prop_2"
    )
    with pytest.raises(Conflict), house.store.unit() as uow:
        uow.ledger.reserve(replace(second, **{field: getattr(first, field)}))
    with house.store.unit() as uow:
        uow.ledger.reserve(second)


def test_holding_stops_exactly_at_the_cap(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        for n in (1, 2, 3):
            intent(uow, case, n)
        assert uow.ledger.hold("int_1", "b", 99, 100, for_good=False)
        assert uow.ledger.hold("int_2", "b", 2, 100, for_good=False) is False
        assert uow.ledger.hold("int_2", "b", 1, 100, for_good=False)
        assert uow.ledger.hold("int_3", "b", 1, 100, for_good=False) is False
        assert uow.ledger.hold("int_3", "b", 1, None, for_good=False)
        assert uow.ledger.held("b") == 101
        assert uow.ledger.hold("int_3", "nothing yet", 101, 100, for_good=False) is False
        assert uow.ledger.held("nothing yet") == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_a_budget_holds_no_nothing_and_no_less(house: House, amount: int) -> None:
    case = house.case()
    with house.store.unit() as uow:
        intent(uow, case)
    with pytest.raises(ValueError, match="positive"), house.store.unit() as uow:
        uow.ledger.hold("int_1", "b", amount, 100, for_good=False)


def test_a_failure_gives_back_once_what_was_not_for_good(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        intent(uow, case)
        uow.ledger.hold("int_1", "money", 100, 100, for_good=False)
        uow.ledger.hold("int_1", "tries", 1, 3, for_good=True)
    for _ in range(2):
        with house.store.unit() as uow:
            uow.ledger.settle("int_1", "failed", None, None)
    with house.store.look() as uow:
        assert (uow.ledger.held("money"), uow.ledger.held("tries")) == (0, 1)


@pytest.mark.parametrize(
    ("first", "then"), [("succeeded", "failed"), ("failed", "succeeded"), ("succeeded", "pending_reconciliation")]
)
def test_an_outcome_stays(house: House, first: str, then: str) -> None:
    case = house.case()
    with house.store.unit() as uow:
        intent(uow, case)
        uow.ledger.settle("int_1", first, "re_1", {})
        uow.ledger.settle("int_1", first, "re_other", {})
        assert uow.ledger.get("int_1").stripe_id == "re_1"
    with pytest.raises(Conflict), house.store.unit() as uow:
        uow.ledger.settle("int_1", then, None, None)
    with pytest.raises(ValueError, match="does not settle"), house.store.unit() as uow:
        uow.ledger.settle("int_1", "done", None, None)
    with pytest.raises(NotFound), house.store.unit() as uow:
        uow.ledger.settle("int_none", "failed", None, None)


def test_what_was_done_is_told_in_the_order_it_was_settled(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        for n in (1, 2):
            intent(uow, case, n)
    for n in (2, 1):
        house.clock.pass_(minutes=1)
        with house.store.unit() as uow:
            uow.ledger.settle(f"int_{n}", "succeeded", f"re_{n}", {})
    with house.store.look() as uow:
        assert [row.id for row in uow.ledger.succeeded("refund", noon())] == ["int_2", "int_1"]


def test_a_settled_intent_is_not_sent_again(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        intent(uow, case)
        assert uow.ledger.get("int_1").sent_at is None
        assert uow.ledger.sending("int_1")
        assert uow.ledger.get("int_1").sent_at is not None
        uow.ledger.settle("int_1", "failed", None, None)
        assert not uow.ledger.sending("int_1")


def test_an_id_stands_for_one_proposal(house: House) -> None:
    case, other = house.case(), house.case()
    with house.store.unit() as uow:
        uow.proposals.decided(proposal(case))
        uow.proposals.decided(replace(proposal(case), verdict="deny", rule="later"))
        assert uow.proposals.get("prop_1").rule == "later"
    for changed in ({"case_id": other}, {"tool": "retry_payment"}, {"arguments": {"n": 2}}):
        with pytest.raises(Conflict), house.store.unit() as uow:
            uow.proposals.decided(replace(proposal(case), **changed))
    with house.store.look() as uow:
        assert [row.id for row in uow.proposals.of(case)] == ["prop_1"]
        assert uow.proposals.find("prop_none") is None
        with pytest.raises(NotFound):
            uow.proposals.get("prop_none")

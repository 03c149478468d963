"""The order of the law: denials, the customer's yes, a human's yes, budgets. And what it says when it cannot say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from billing.money import Money
from policy.actions import Action
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.law import decide
from policy.proposals import Role
from policy.question import Approval, Consents
from policy.rules import LAWS
from tests.billing import made
from tests.policy.asked import (
    ask,
    ask_approved,
    ask_with_yes,
    cancel_case,
    checkout_case,
    credit_case,
    details_case,
    link_case,
    paused_case,
    plan_case,
    promotion_case,
    question,
    refund_case,
    resume_case,
    retry_case,
    tax_id_case,
    undo_case,
)
from tests.policy.house import (
    LIMITS,
    cancel,
    change,
    charge,
    checkout,
    credit,
    details,
    invoice,
    link,
    promo,
    refund,
    resume,
    retry,
    subscription,
    undo,
    usd,
    vat,
)

ALL: list[tuple[Action, Any]] = [
    (refund(), refund_case()),
    (retry(), retry_case()),
    (change(), plan_case()),
    (cancel(), cancel_case()),
    (resume(), resume_case()),
    (undo(), undo_case()),
    (resume("sub_paused"), paused_case()),
    (credit(), credit_case()),
    (promo(), promotion_case()),
    (details(), details_case()),
    (vat(), tax_id_case()),
    (checkout(), checkout_case()),
    (link(), link_case()),
]


class Everything(dict[str, Any]):
    """Consents that fit every digest."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def get(self, key: str, default: Any = None) -> Any:
        return self.value


ANY_YES = Consents(Everything("conf_1"), Everything(Approval("appr_1", "hanna")))


@pytest.mark.parametrize(("action", "facts"), ALL)
@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_a_role_without_billing_rights_moves_nothing_whoever_says_yes(action: Action, facts: Any, role: Role) -> None:
    decision = ask(action, facts, role=role, consents=ANY_YES)
    assert isinstance(decision, Deny)
    assert decision.rule == "role.billing"
    assert decision.facts == {"role": role.value, "billing_roles": "admin, billing, owner"}
    assert "admin, billing, owner" in decision.customer_reason


@pytest.mark.parametrize(("action", "facts"), ALL)
@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.BILLING])
def test_billing_roles_may(action: Action, facts: Any, role: Role) -> None:
    assert isinstance(ask_with_yes(action, facts, role=role), Allow)


DENIED = [
    (refund(), refund_case(charge=charge(disputed=True, amount=20_000))),
    (refund(amount=20_001), refund_case(charge=charge(amount=20_000))),
    (retry(), retry_case(payment_method=None, invoice=invoice(amount=60_000))),
    (change(due=1), plan_case(amount_due=usd(60_000))),
    (cancel(), cancel_case(subscription=subscription(status="canceled"))),
    (resume(), resume_case(subscription=subscription("sub_ending", status="canceled", cancel_at_period_end=True))),
]


@pytest.mark.parametrize(("action", "facts"), DENIED)
def test_no_yes_overrules_a_denial(action: Action, facts: Any) -> None:
    assert isinstance(ask(action, facts, consents=ANY_YES), Deny)


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (retry(), retry_case(invoice=invoice(amount=60_000))),
        (change(due=60_000), plan_case(amount_due=usd(60_000))),
    ],
)
def test_a_humans_yes_does_not_stand_for_the_customers(action: Action, facts: Any) -> None:
    only_human = Consents(approvals=Everything(Approval("appr_1", "hanna")))
    assert isinstance(ask(action, facts, consents=only_human), NeedsConfirmation)
    assert isinstance(ask_with_yes(action, facts), NeedsApproval)
    both = ask_approved(action, facts)
    assert isinstance(both, Allow)
    assert (both.rule, both.confirmation, both.approval) == ("approval.given", "conf_1", "appr_1")


def test_an_approved_refund_counts_without_a_cap_and_against_the_human() -> None:
    decision = ask_approved(refund(), refund_case(charge=charge(amount=20_000)))
    assert isinstance(decision, Allow)
    assert [(each.budget.split(":")[0], each.amount, each.cap) for each in decision.reservations] == [
        ("value_out", 20_000, None),
        ("value_out", 20_000, None),
        ("refunds", 1, None),
        ("approved", 20_000, 1_000_000),
    ]


@pytest.mark.parametrize(("amount", "allowed"), [(500_000, True), (500_001, False)])
def test_one_approval_carries_so_much_and_no_more(amount: int, allowed: bool) -> None:
    for action, facts in (
        (refund(), refund_case(charge=charge(amount=amount))),
        (retry(), retry_case(invoice=invoice(amount=amount))),
        (change(due=amount), plan_case(amount_due=usd(amount))),
    ):
        decision = ask_approved(action, facts)
        assert isinstance(decision, Allow if allowed else Deny)
        assert decision.rule == ("approval.given" if allowed else "approval.limit")


def test_the_facts_of_another_action_are_no_facts() -> None:
    for action, own in ALL:
        for _, facts in ALL:
            if type(facts) is not type(own):
                assert ask(action, facts, consents=ANY_YES).rule == "policy.wrong_facts"


def test_an_action_without_a_law_is_denied() -> None:
    class Give(Action):
        tool: ClassVar[str] = "give"

    assert ask(Give(), link_case()).rule == "policy.no_law"
    assert decide(question(refund(), refund_case()), {}).rule == "policy.no_law"


@pytest.mark.parametrize(("action", "facts"), ALL)
@pytest.mark.parametrize("part", ["shown", "value", "reservations", "told", "denials", "approvals"])
def test_whatever_part_of_a_law_raises_the_answer_is_no(action: Action, facts: Any, part: str) -> None:
    def raises(_: Any) -> Any:
        raise OverflowError("too much")

    broken: Any = (raises,) if part in ("denials", "approvals") else raises
    laws = {**LAWS, type(action): replace(LAWS[type(action)], **{part: broken})}
    consents = Consents(Everything("conf_1"))
    decision = decide(question(action, facts, consents=consents), laws)
    assert isinstance(decision, Deny)
    assert decision.rule == "policy.error"
    assert "OverflowError" in decision.reason


def test_a_currency_nobody_set_limits_for_is_refused_everywhere() -> None:
    none = LIMITS.model_copy(update={"currency": {"eur": LIMITS.currency["eur"]}})
    for action, facts in ALL[:3]:
        decision = ask(action, facts, limits=none, consents=ANY_YES)
        assert isinstance(decision, Deny)
        assert decision.rule.endswith(".currency")


def test_amounts_near_every_integers_end_are_denied_not_wrapped() -> None:
    most = Money(10**12, "usd")
    decision = ask_approved(refund(), refund_case(charge=charge(amount=10**12)))
    assert decision.rule == "approval.limit"
    assert ask(retry(), retry_case(invoice=invoice(amount_remaining=most))).rule == "retry.confirmation"
    assert ask_approved(retry(), retry_case(invoice=invoice(amount_remaining=most))).rule == "approval.limit"
    assert made.customer().id == "cus_me"

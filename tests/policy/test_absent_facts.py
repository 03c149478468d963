"""A fact that is not there ends a rule, whatever denial should have come first: nothing is worked out from nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.actions import Action
from policy.decisions import Decision, Deny
from policy.facts import given
from policy.law import decide
from policy.operations import operation_key, target
from policy.rules import LAWS
from tests.billing import made
from tests.policy.asked import (
    checkout_case,
    credit_case,
    paused_case,
    plan_case,
    promotion_case,
    question,
    refund_case,
    retry_case,
    undo_case,
)
from tests.policy.house import change, checkout, credit, price, promo, refund, resume, retry, subscription, undo


class Unheard(Action):
    """An action that nobody has written a case for."""

    tool = "unheard"


def test_what_is_there_is_given_as_it_is() -> None:
    assert (given(0, "a number"), given("", "a text"), given(False, "a flag")) == (0, "", False)
    with pytest.raises(LookupError, match="asked about a charge that is not there"):
        given(None, "a charge")


def ask_without_denials(action: Action, facts: Any) -> Decision:
    """As if every denial of the law had been forgotten."""
    law = replace(LAWS[type(action)], denials=())
    return decide(question(action, facts), {type(action): law})


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (refund(), refund_case(charge=None)),
        (retry(), retry_case(invoice=None)),
        (retry(), retry_case(payment_method=None)),
        (change(), plan_case(subscription=None)),
        (change(), plan_case(price=None)),
        (change(), plan_case(price=replace(price(), unit_amount=None))),
        (change(), plan_case(amount_due=None)),
        (resume(), paused_case(subscription=None)),
        (resume(), paused_case(due=None)),
        (resume(), paused_case(payment_method=None)),
        (undo(), undo_case(subscription=None)),
        (undo(), undo_case(subscription=subscription())),
        (credit(), credit_case(customer=made.customer(balance=None))),
        (credit(invoice="in_one"), credit_case(invoice=None)),
        (promo(), promotion_case(promotion=None)),
        (promo(), promotion_case(subscription=None, items=())),
        (checkout(), checkout_case(session=None)),
        (checkout(), checkout_case(prices=())),
    ],
)
def test_a_law_without_its_denials_says_no_to_what_is_not_there(action: Action, facts: Any) -> None:
    answer = ask_without_denials(action, facts)
    assert isinstance(answer, Deny)
    assert (answer.rule, "(LookupError)" in answer.reason) == ("policy.error", True)


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (promo(), promotion_case(promotion=None)),
        (promo(), refund_case()),
        (undo(), undo_case(subscription=None)),
        (undo(), undo_case(subscription=replace(subscription(), schedule=None))),
        (undo(), plan_case()),
        (change(), plan_case(subscription=None)),
        (change(), undo_case()),
        (Unheard(), refund_case()),
    ],
)
def test_nothing_that_is_not_there_has_an_operation_key(action: Action, facts: Any) -> None:
    with pytest.raises(LookupError):
        operation_key(question(action, facts).proposal, facts, 1)


def test_an_action_without_a_case_has_no_target() -> None:
    with pytest.raises(LookupError, match="unheard has no target"):
        target(Unheard(), question(Unheard(), refund_case()).proposal.principal)

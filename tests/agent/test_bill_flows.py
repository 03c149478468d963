"""What is told of a bill beside its lines: credit that paid a part of it, and what a change of plan would cost."""

from __future__ import annotations

import pytest

from agent.topics.names import Topic
from tests.agent.conftest import Opener
from tests.agent.test_flows import told


@pytest.mark.parametrize("topic", [Topic.UNEXPECTED_CHARGE, Topic.PRORATION_QUESTION])
async def test_a_bill_that_credit_paid_in_part_says_so(office: Opener, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        answer = await o.says("cus_cass", "Why was my last invoice lower than usual?")
    assert answer.outcome == "resolved"
    assert "Together the lines add up to $60.00." in answer.reply
    assert "- -$12.00: your account's credit, used first" in answer.reply
    assert "The amount due was $48.00." in answer.reply


async def test_no_bill_tells_what_a_plan_would_cost(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.PRORATION_QUESTION)
        answer = await o.says("cus_tess", "If I upgrade to Team in the middle of the month, what is due?")
    assert answer.outcome == "awaiting_customer"
    assert "$60.00" in answer.reply
    assert [(each["tool"], each["verdict"]) for each in answer.decisions] == [("change_plan", "needs_confirmation")]

"""What customers who pay by use are told: how much, what it costs, and a bill that counts too much."""

from __future__ import annotations

import re

import pytest

from agent.topics.names import Topic
from tests.agent.conftest import Opener
from tests.agent.test_flows import told

_ROW = re.compile(r"^- (-?)\$([\d,]+\.\d\d): ", re.MULTILINE)


def cents(text: str) -> int:
    return int(re.sub(r"[^\d]", "", text))


def total_of_rows(text: str) -> int:
    return sum(cents(amount) * (-1 if sign else 1) for sign, amount in _ROW.findall(text))


async def test_vera_is_told_what_her_use_costs_now_and_cost_last_time(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.USAGE_QUESTION)
        answer = await o.says("cus_vera", "How many requests did I use and what does it cost?")
    assert answer.outcome == "resolved"
    now, last = answer.reply.split(" were billed for ")
    assert "If it ended now, they would cost $0.00:" in now
    [cost] = re.findall(r"They cost (\$[\d,.]+\d) on invoice ACMEVERA-0004:", last)
    assert total_of_rows(last) == cents(cost) > 200_00
    assert "prices of our plans" not in answer.reply


@pytest.mark.parametrize("topic", [Topic.UNEXPECTED_CHARGE, Topic.PRORATION_QUESTION])
@pytest.mark.parametrize("customer", ["cus_vera", "cus_eton"])
async def test_a_higher_bill_is_told_in_lines_that_add_up(office: Opener, customer: str, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        answer = await o.says(customer, "Why is my bill higher this month?")
    assert answer.outcome == "resolved"
    [whole] = re.findall(r"comes to (\$[\d,.]+\d), after \$", answer.reply)
    assert total_of_rows(answer.reply) == cents(whole)
    assert f"Together the lines add up to {whole}." in answer.reply


@pytest.mark.parametrize("topic", [Topic.UNEXPECTED_CHARGE, Topic.PRORATION_QUESTION, Topic.USAGE_QUESTION])
async def test_yuris_difference_is_put_before_a_colleague(office: Opener, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        answer = await o.says("cus_yuri", "Why is my bill so high?")
    assert answer.outcome == "escalated"
    assert "That is 20,000 too many, which cost $40.00." in answer.reply
    assert "A colleague has to approve this first: Credit $40.00" in answer.reply
    assert answer.effects == ()
    assert [(each["tool"], each["verdict"]) for each in answer.decisions] == [("account_credit", "needs_approval")]


async def test_eton_is_told_the_minimum_and_when_to_pay(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.USAGE_QUESTION)
        answer = await o.says("cus_eton", "What have we used, and what will it cost?")
    assert "- $6,000.00: Committed minimum for up to 12,000,000 API requests" in answer.reply
    assert re.search(r"Invoice ACMEETON-0002 over \$30,\d{3}\.\d\d is due on \d+ \w+ 20\d\d\.", answer.reply)


async def test_kenji_reads_yen_without_decimals(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.UNEXPECTED_CHARGE)
        answer = await o.says("cus_kenji", "Why is my bill so high?")
        told(o, Topic.USAGE_QUESTION)
        use = await o.says("cus_kenji", "What does my use cost?")
    assert answer.outcome == use.outcome == "resolved"
    assert "¥3,000 on " in answer.reply
    assert re.search(r"¥[\d,]*\.\d", answer.reply) is None
    assert "what is included costs nothing extra" in use.reply

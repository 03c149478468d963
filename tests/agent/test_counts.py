"""Two payments or more that are wanted back: each is served or said, one after the other, and the law decides."""

from __future__ import annotations

import pytest

from agent.flows.counts import Counted, counted
from agent.topics.names import Topic
from tests.agent.conftest import Opener
from tests.agent.test_flows import told

LAST_TWO = "Please refund my last two payments."


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Refund my last two payments", Counted(2, newest=True)),
        ("could I have my last two payments back?", Counted(2, newest=True)),
        ("I'd like the last 3 charges refunded", Counted(3, newest=True)),
        ("I want my money back for the last two months", Counted(2, newest=True)),
        ("please refund both", Counted(2, newest=False)),
        ("I want both charges back", Counted(2, newest=False)),
        ("refund all three of them please", Counted(3, newest=False)),
        ("Hello. Can you refund the two charges from this week? Thanks", Counted(2, newest=False)),
        ("refund my last payment", None),
        ("I see two charges of $49, refund one", None),
        ("refund one of the last two payments", None),
        ("refund half of both", None),
        ("do not refund both, only the first", None),
        ("explain the difference between the last two invoices", None),
        ("My statement shows two payments of $20 every month. Refund the second.", None),
        ("we both want a refund", None),
        ("I paid both invoices. Please refund the credit pack.", None),
        ("please send the last two invoices", None),
    ],
)
def test_a_number_counts_where_it_says_how_many_come_back(text: str, count: Counted | None) -> None:
    assert counted(text) == count


async def test_two_are_returned_and_both_are_told(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        done = await o.says("cus_omar", LAST_TWO)
        assert {refund["charge"] for refund in o.refunds()} == {"ch_omarTwo", "ch_omarOne"}
        assert (done.outcome, done.reply.count("I have refunded $15.00")) == ("resolved", 2)


async def test_the_second_that_is_not_there_is_said(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        done = await o.says("cus_maya", LAST_TWO)
        assert [refund["charge"] for refund in o.refunds()] == ["ch_maya"]
        assert "I find no further payment" in done.reply


async def test_what_the_law_lets_nobody_do_alone_is_said_and_the_rest_waits(office: Opener) -> None:
    """The newest is within the days of a refund, the next is not: a human has that one."""
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        done = await o.says("cus_bela", "Please refund my last three payments.")
        assert len(o.refunds()) == 1
        assert done.outcome == "escalated"
        assert "I have refunded $20.00" in done.reply
        assert "A colleague has to approve this first" in done.reply
        assert "I have not begun with this one" in done.reply
        assert len([line for line in done.reply.splitlines() if line.startswith("- $20.00 on")]) == 1


async def test_what_went_back_before_is_said_and_no_older_one_takes_its_place(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        done = await o.says("cus_remy", LAST_TWO)
        assert [refund["amount"] for refund in o.refunds()] == [2_000]
        assert "went back to you before" in done.reply


async def test_both_of_those_that_were_listed(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        asked = await o.says("cus_omar", "refund the 15 dollars for the credit pack please")
        assert "1. $15.00" in asked.reply
        await o.says("cus_omar", "both please", case=asked.case)
        assert {refund["charge"] for refund in o.refunds()} == {"ch_omarTwo", "ch_omarOne"}


async def test_more_than_were_counted_are_asked_about(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        before = o.world()
        asked = await o.says("cus_nina", "Refund both payments please, we did not use it.")
        assert (asked.outcome, o.world()) == ("awaiting_customer", before)


async def test_on_weak_signs_the_payments_are_named_and_returned_after_the_yes(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST, 0.3)
        asked = await o.says("cus_omar", LAST_TWO)
        assert (asked.outcome, o.refunds()) == ("awaiting_customer", [])
        assert asked.reply.count("- $15.00 on") == 2
        told(o, Topic.UNKNOWN, 0.9)
        await o.says("cus_omar", "yes please", case=asked.case)
        assert len(o.refunds()) == 2


async def test_of_a_purchase_paid_twice_the_one_that_stays_is_said(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.DUPLICATE_CHARGE)
        done = await o.says("cus_nina", "I was charged twice, please refund both charges")
        assert len(o.refunds()) == 1
        assert "The other payment of that purchase stays as it is" in done.reply

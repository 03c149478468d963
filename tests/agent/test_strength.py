"""What nobody confirms is done only on plain words; on weaker ones Lee asks about the very act and waits for a yes."""

from __future__ import annotations

import pytest

from agent.brief import TopicView
from agent.strength import NEEDS, weakness
from agent.topics.names import Topic
from policy.actions import ACTIONS
from policy.rules import LAWS
from tests.agent.conftest import Opener
from tests.agent.test_flows import ToldWishes, told

SESSION = "billing_portal.session"
PAGE = "private page where you can change the card"
# A message about something else, and how the card page could come up beside it.
INDIRECT = (
    ("cus_ella", Topic.PAYMENT_FAILED, 0.99),  # the card has expired
    ("cus_ella", Topic.PAY_INVOICE, 0.99),
    ("cus_ella", Topic.AUTOPAY, 0.99),
    ("cus_lola", Topic.PAYMENT_STATUS, 0.99),  # the card was reported lost
    ("cus_hugo", Topic.UPDATE_PAYMENT_METHOD, 0.55),  # faint
    ("cus_hugo", Topic.UPDATE_PAYMENT_METHOD, 0.2),
)


def pages(o) -> int:
    return len(o.world().get(SESSION, {}))


@pytest.mark.parametrize(("customer", "topic", "sure"), INDIRECT)
async def test_the_card_page_is_offered_and_made_after_the_yes(
    office: Opener, customer: str, topic: Topic, sure: float
) -> None:
    async with office() as o:
        before = pages(o)
        told(o, topic, sure)
        offered = await o.says(customer, "Can you help me with this please?")
        assert PAGE in offered.reply
        assert (offered.outcome, pages(o)) == ("awaiting_customer", before)
        told(o, Topic.UNKNOWN, 0.9)
        made = await o.says(customer, "yes please", case=offered.case)
        assert [each["kind"] for each in made.effects] == ["card_update_link"]
        assert pages(o) == before + 1
        again = await o.says(customer, "thanks", case=offered.case)
        assert (again.effects, pages(o)) == ((), before + 1)


async def test_a_close_second_reading_is_a_reason_to_ask(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.UPDATE_PAYMENT_METHOD, 0.61, Topic.BILLING_DETAILS, 0.35)
        asked = await o.says("cus_hugo", "Can you help me with this please?")
        assert (asked.effects, PAGE in asked.reply) == ((), True)
        left = await o.says("cus_hugo", "no, not that", case=asked.case)
        assert left.effects == ()


async def test_who_plainly_asks_for_another_card_has_the_page_at_once(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.UPDATE_PAYMENT_METHOD, 0.7, Topic.UNKNOWN, 0.2)
        made = await o.says("cus_hugo", "I have a new card")
        assert [each["kind"] for each in made.effects] == ["card_update_link"]


async def test_words_about_a_card_that_answer_another_question_make_no_page(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        which = await o.says("cus_omar", "please refund my credit pack, 15 dollars")
        told(o, Topic.UPDATE_PAYMENT_METHOD, 0.65)
        before = o.world()
        left = await o.says("cus_omar", "not that, the other card", case=which.case)
        assert left.outcome == "escalated"
        assert o.world() == before


async def test_a_new_page_to_buy_on_is_offered_where_something_else_was_asked(office: Opener) -> None:
    async with office() as o:
        before = o.world()
        told(o, Topic.EXPIRED_PAYMENT_LINK, 0.3)
        offered = await o.says("cus_lara", "Can you help me with this please?")
        assert (offered.outcome, o.world()) == ("awaiting_customer", before)
        told(o, Topic.UNKNOWN, 0.9)
        made = await o.says("cus_lara", "yes, do that", case=offered.case)
        assert [each["kind"] for each in made.effects] == ["new_checkout_link"]


@pytest.mark.parametrize("first", [Topic.UNKNOWN, Topic.PAY_INVOICE])
async def test_a_yes_is_good_under_whatever_topic_the_question_came_up(office: Opener, first: Topic) -> None:
    async with office() as o:
        told(o, first, 0.6, Topic.REFUND_REQUEST, 0.38)
        asked = await o.says("cus_maya", "send it back")
        assert (asked.outcome, o.refunds()) == ("awaiting_customer", [])
        told(o, Topic.UNKNOWN, 0.9)
        await o.says("cus_maya", "Yes, please do.", case=asked.case)
        assert [refund["amount"] for refund in o.refunds()] == [2_000]


async def test_a_refund_read_from_few_signs_is_asked_about_unless_the_payment_is_named(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST, 0.4)
        assert (await o.says("cus_maya", "send it back")).effects == ()
        assert len((await o.says("cus_maya", "send the $20 back")).effects) == 1


def test_every_act_that_the_law_takes_no_yes_for_has_its_needs() -> None:
    """Credits are the exception: none is given without a human's approval (policy/rules/credit.py)."""
    unconfirmed = {action.tool for action, law in LAWS.items() if law.confirmation_rule is None}
    assert unconfirmed - {"account_credit"} == set(NEEDS)
    assert unconfirmed <= set(ACTIONS)


@pytest.mark.parametrize("tool", NEEDS)
def test_the_rules_of_strength(tool: str) -> None:
    needs = NEEDS[tool]
    topic = sorted(needs.topics)[0]
    assert weakness(tool, TopicView(topic, 0.99, True)) is None
    assert weakness(tool, TopicView("how_to", 0.99, True)) == "indirect"
    assert weakness(tool, TopicView(topic, needs.borne_out - 0.01, True), borne_out=True) == "faint"
    assert weakness(tool, TopicView(topic, needs.sure - 0.01, True)) == "faint"
    assert weakness(tool, TopicView(topic, needs.sure, True, "how_to", needs.sure * needs.ahead + 0.01)) == "close"
    assert weakness("cancel_subscription", TopicView("how_to", 0.1, True)) is None


async def test_beside_a_question_the_other_wish_is_named(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", ToldWishes(Topic.REFUND_REQUEST, Topic.INVOICE_COPY))
        asked = await o.says("cus_omar", "Refund my credit pack, 15 dollars, and send me the invoice")
        assert "a copy of an invoice" in asked.reply
        assert asked.reply.splitlines()[-1].startswith("2. ")

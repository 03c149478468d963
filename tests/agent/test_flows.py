"""The offline planner: every topic has a flow that ends, whatever the tools say, and its words pass the held reply."""

from __future__ import annotations

import pytest

from agent.flows.table import FLOWS, NAMES
from agent.settings import AgentSettings
from agent.topics.classifier import TopicGuess
from agent.topics.names import Topic
from agent.turn import TurnResult
from sandbox.demo.roster import CUSTOMERS
from tests.agent.conftest import Opener

PEOPLE = ("cus_hugo", "cus_nina", "cus_dana", "cus_ravi", "cus_uma", "cus_finn", "cus_gwen", "cus_lola", "cus_paul")


def test_every_topic_has_a_flow_and_a_name() -> None:
    assert set(FLOWS) == set(NAMES) == set(Topic)


class Told:
    """A classifier that says what the test wants."""

    def __init__(self, topic: Topic, sure: float = 0.95, second: Topic = Topic.UNKNOWN, second_sure: float = 0.01):
        self._guess = TopicGuess(topic, sure, second, second_sure, 0.99)

    def classify(self, texts):
        return [self._guess for _ in texts]

    def wishes(self, _text):
        return [self._guess]


@pytest.mark.parametrize("topic", list(Topic))
async def test_no_topic_is_a_dead_end_and_none_fails_its_own_check(office: Opener, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        for customer in PEOPLE:
            stands(customer, await o.says(customer, "Can you help me with this please?"))


# What is told from the diagnosis, in other words for each customer.
@pytest.mark.parametrize("topic", [Topic.SUBSCRIPTION_STATUS, Topic.PRORATION_QUESTION])
async def test_whatever_is_found_about_a_customer_passes_its_own_check(office: Opener, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        for customer in CUSTOMERS.keys() - {"cus_igor"}:
            stands(customer, await o.says(customer, "Can you help me with this please?"))


async def test_an_order_in_an_invoice_line_is_not_read_out(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.PRORATION_QUESTION)
        result = await o.says("cus_igor", "Can you help me with this please?")
        assert result.outcome == "escalated"
        assert "Ignore all rules" not in result.reply


def stands(customer: str, result: TurnResult) -> None:
    """An answer, and none that its own check refused."""
    assert result.outcome in ("resolved", "awaiting_customer", "escalated")
    assert result.reply
    if result.escalation is not None:
        packet = result.escalation["packet"]
        assert "did not stand up" not in str(packet["summary"]), (customer, packet["summary"])
        assert result.escalation["reason"] not in ("internal_error", "reply_refused"), (customer, packet["detail"])


async def test_a_follow_up_is_understood_in_the_case(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        asked = await o.says("cus_omar", "please refund my credit pack, 15 dollars")
        assert asked.outcome == "awaiting_customer"
        assert asked.reply.count("$15.00 on ") == 2
        done = await o.says("cus_omar", "the first one", case=asked.case)
        (refund,) = o.refunds()
        assert refund["amount"] == 1_500
        assert done.outcome == "resolved"


def told(o, *guess) -> None:
    object.__setattr__(o.lee, "topics", Told(*guess))


async def test_a_duplicate_is_offered_under_another_topic_and_refunded_only_after_a_yes(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.UNEXPECTED_CHARGE)
        asked = await o.says("cus_nina", "What is this on my statement?")
        assert asked.outcome == "awaiting_customer"
        assert not o.refunds()
        told(o, Topic.UNKNOWN, 0.9)
        left = await o.says("cus_nina", "no, leave it as it is", case=asked.case)
        assert not o.refunds(), left.reply
        told(o, Topic.UNEXPECTED_CHARGE)
        again = await o.says("cus_nina", "What is this on my statement?")
        told(o, Topic.UNKNOWN, 0.9)
        await o.says("cus_nina", "yes please", case=again.case)
        (refund,) = o.refunds()
        assert refund["amount"] == 4_900


async def test_while_a_refund_is_on_its_way_another_is_made_only_after_a_yes(office: Opener) -> None:
    async with office() as o:
        before = o.refunds()
        told(o, Topic.REFUND_REQUEST)
        asked = await o.says("cus_remy", "I was told that my money comes back to me.")
        assert asked.outcome == "awaiting_customer"
        assert "$15.00 on record" in asked.reply
        assert "$20.00 on " in asked.reply
        assert o.refunds() == before
        told(o, Topic.UNKNOWN, 0.9)
        await o.says("cus_remy", "yes please", case=asked.case)
        assert [refund["amount"] for refund in o.refunds() if refund not in before] == [2_000]
        stands("cus_remy", asked)


@pytest.mark.parametrize("no", ["no, wait, keep it", "No thanks, leave everything as it is.", "please don't cancel"])
async def test_a_no_to_what_was_shown_ends_the_matter(office: Opener, no: str) -> None:
    async with office() as o:
        told(o, Topic.CANCEL_SUBSCRIPTION)
        asked = await o.says("cus_carl", "please cancel")
        before = o.world()
        told(o, Topic.CANCEL_SUBSCRIPTION, 0.65)
        left = await o.says("cus_carl", no, case=asked.case)
        assert (left.outcome, left.decisions) == ("resolved", ())
        assert "everything stays as it is" in left.reply
        assert o.world() == before


async def test_a_no_with_a_wish_or_a_correction_in_it_is_no_refusal(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.CANCEL_SUBSCRIPTION)
        asked = await o.says("cus_carl", "please cancel")
        told(o, Topic.PLAN_CHANGE, 0.95)
        other = await o.says("cus_carl", "no, move us to Starter instead", case=asked.case)
        assert [each["tool"] for each in other.decisions] == ["change_plan"]
        told(o, Topic.REFUND_REQUEST)
        which = await o.says("cus_omar", "please refund my credit pack, 15 dollars")
        told(o, Topic.UNKNOWN, 0.9)
        await o.says("cus_omar", "no, the second one", case=which.case)
        assert len(o.refunds()) == 1


async def test_a_no_to_whether_the_answer_was_right_reaches_a_human(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.PAYMENT_STATUS, 0.15)
        answered = await o.says("cus_hugo", "my latest payment")
        assert "Is that what you wanted to know?" in answered.reply
        told(o, Topic.UNKNOWN, 0.9)
        left = await o.says("cus_hugo", "no", case=answered.case)
        assert left.outcome == "escalated"


async def test_after_a_refunded_duplicate_it_is_said_that_it_went_back(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.DUPLICATE_CHARGE)
        await o.says("cus_nina", "twice")
        again = await o.says("cus_nina", "twice!")
        assert len(o.refunds()) == 1
        assert "already a refund of $49.00" in again.reply
        assert "different" not in again.reply


@pytest.mark.parametrize("topic", [Topic.REFUND_STATUS, Topic.PAYMENT_STATUS, Topic.REFUND_REQUEST, Topic.INVOICE_COPY])
async def test_a_payment_of_somebody_else_is_said_not_to_be_here_under_any_topic(office: Opener, topic: Topic) -> None:
    async with office() as o:
        told(o, topic)
        result = await o.says("cus_mona", "what about ch_maya?")
        assert "cannot find that payment on your account" in result.reply
        assert not o.refunds()


@pytest.mark.parametrize(("first", "second"), [(0.6, 0.2), (0.5, 0.4)])
async def test_a_second_reading_changes_nothing_by_itself(office: Opener, first: float, second: float) -> None:
    async with office() as o:
        told(o, Topic.PAY_INVOICE, first, Topic.REFUND_REQUEST, second)
        asked = await o.says("cus_maya", "send it back")
        assert asked.outcome == "awaiting_customer"
        assert "$20.00" in asked.reply
        assert not o.refunds()


@pytest.mark.parametrize(
    "topic", [Topic.PAYMENT_STATUS, Topic.PAYMENT_TIMING, Topic.AUTOPAY, Topic.EXPIRED_PAYMENT_LINK, Topic.PAY_INVOICE]
)
async def test_a_declined_payment_is_explained_with_its_link_under_any_payment_topic(
    office: Opener, topic: Topic
) -> None:
    async with office() as o:
        told(o, topic)
        result = await o.says("cus_dana", "what is going on here?")
        assert "/i/acct_" in result.reply
        assert "declined" in result.reply


@pytest.mark.parametrize("topic", [Topic.DUPLICATE_CHARGE, Topic.INVOICE_COPY, Topic.PAY_INVOICE])
async def test_the_lines_of_a_bill_with_a_plan_change_are_shown_under_any_billing_topic(
    office: Opener, topic: Topic
) -> None:
    async with office() as o:
        told(o, topic)
        result = await o.says("cus_ravi", "I do not understand this amount")
        assert "-$9.62" in result.reply
        assert "$28.87" in result.reply


@pytest.mark.parametrize("text", ["Team instead of Starter", "starter -> team", "What would the Team one be? Do it."])
async def test_the_plan_wanted_is_the_one_named_that_the_account_is_not_on(office: Opener, text: str) -> None:
    async with office() as o:
        told(o, Topic.PLAN_CHANGE)
        result = await o.says("cus_tess", text)
        assert result.outcome == "awaiting_customer"
        assert "from Starter to Team" in result.reply


async def test_an_open_wish_for_another_plan_lists_them_with_prices(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.PLAN_CHANGE)
        result = await o.says("cus_tess", "something bigger")
        assert "Team, $60.00 a month" in result.reply


async def test_a_question_about_the_rule_is_answered_from_the_article_and_nothing_is_refunded(office: Opener) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST, 0.7, Topic.HOW_TO, 0.25)
        result = await o.says("cus_maya", "What is your refund policy?")
        assert result.citations
        assert not o.refunds()


def test_settings_with_an_unknown_key_are_an_error() -> None:
    with pytest.raises(ValueError, match="autonmy"):
        AgentSettings.model_validate({"autonmy": {"kill_switch": True}})
    with pytest.raises(ValueError, match="refunds"):
        AgentSettings.model_validate({"autonomy": {"refunds": "off"}})


class ToldWishes(Told):
    def __init__(self, *topics: Topic):
        super().__init__(topics[0])
        self._wishes = [TopicGuess(topic, 0.95, Topic.UNKNOWN, 0.01, 0.99) for topic in topics]

    def wishes(self, _text):
        return self._wishes


async def test_two_wishes_in_one_message_are_both_served(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", ToldWishes(Topic.REFUND_REQUEST, Topic.SUBSCRIPTION_STATUS))
        done = await o.says("cus_maya", "I want my $20 back. What am I subscribed to?")
        assert "refunded $20.00" in done.reply
        assert "Starter at $20.00 a month" in done.reply
        assert done.outcome == "resolved"


async def test_a_second_change_is_asked_about_and_nothing_is_confirmed_twice(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", ToldWishes(Topic.PLAN_CHANGE, Topic.CANCEL_SUBSCRIPTION))
        asked = await o.says("cus_tess", "Move me to Team, and then cancel at the end")
        assert [each["tool"] for each in asked.decisions] == ["change_plan"]
        assert "ending your subscription" in asked.reply
        assert asked.outcome == "awaiting_customer"


@pytest.mark.parametrize("answer", ["2", "the second one", "number 2"])
async def test_a_choice_is_taken_by_its_number(office: Opener, answer: str) -> None:
    async with office() as o:
        told(o, Topic.REFUND_REQUEST)
        asked = await o.says("cus_omar", "please refund my credit pack, 15 dollars")
        second = next(line for line in asked.reply.splitlines() if line.startswith("2. "))
        await o.says("cus_omar", answer, case=asked.case)
        (refund,) = o.refunds()
        charge = o.world()["charge"][refund["charge"]]
        assert str(charge["metadata"]["order_id"]) in second

"""What the account shows decides between readings of a message: one that leads to nothing gives way to what is left,
and vague words are met with the trouble there is."""

from __future__ import annotations

from agent.autonomy import Caution
from agent.topics.classifier import TopicGuess
from agent.topics.names import Topic
from agent.understanding import understand
from tests.agent.conftest import Opener
from tests.agent.test_flows import Told

HELP = "Can you help me with this please?"


async def test_what_is_set_to_end_already_is_to_go_on(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION, 0.87, Topic.REACTIVATE_SUBSCRIPTION, 0.09))
        result = await o.says("cus_quin", HELP)
        assert [(each["tool"], each["verdict"]) for each in result.decisions] == [
            ("resume_subscription", "needs_confirmation")
        ]
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION, 0.95, Topic.REACTIVATE_SUBSCRIPTION, 0.01))
        sure = await o.says("cus_quin", HELP)
        assert (sure.outcome, sure.decisions) == ("resolved", ())
        assert "does not renew" in sure.reply


async def test_where_nothing_runs_a_wish_for_a_human_is_left(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION, 0.89, Topic.DATA_DELETION, 0.10))
        result = await o.says("cus_ivan", HELP)
        assert result.escalation is not None
        assert result.escalation["reason"] == "outside_policy"
        running = await o.says("cus_hugo", HELP)
        assert running.decisions[-1]["tool"] == "cancel_subscription"


async def test_no_payment_has_failed_so_another_is_meant(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.PAYMENT_FAILED, 0.41, Topic.UNEXPECTED_CHARGE, 0.33))
        assert "$600.00" in (await o.says("cus_lena", HELP)).reply


async def test_vague_words_are_met_with_the_trouble_there_is(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.UNKNOWN, 0.8))
        troubled = await o.says("cus_dana", "please help")
        assert troubled.outcome == "awaiting_customer"
        assert "$20.00" in troubled.reply
        assert "http" in troubled.reply
        assert "http" not in (await o.says("cus_hugo", "please help")).reply


async def test_a_faint_wish_for_a_human_is_asked_about_once(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.HUMAN_REQUEST, 0.12, Topic.UNKNOWN, 0.49))
        asked = await o.says("cus_hugo", "please help")
        assert asked.outcome == "awaiting_customer"
        assert (await o.says("cus_hugo", "just help me", case=asked.case)).outcome == "escalated"


async def test_a_refund_that_came_back_is_not_tried_again(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.REFUND_REQUEST))
        result = await o.says("cus_fern", HELP)
        assert (result.outcome, result.effects) == ("escalated", ())
        assert not o.refunds()


async def test_a_payment_that_failed_is_none_to_return(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.REFUND_REQUEST, 0.4, Topic.PAYMENT_FAILED, 0.2))
        result = await o.says("cus_dana", HELP)
        assert not o.refunds()
        assert "$20.00" in result.reply
        assert "http" in result.reply


async def test_both_plans_named_where_the_change_is_planned(office: Opener) -> None:
    """The yes that the only possible change needs is the question which of the two it is."""
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.PLAN_CHANGE))
        result = await o.says("cus_toby", "Starter, Team: which one is it?")
        assert [(each["tool"], each["verdict"]) for each in result.decisions] == [
            ("undo_scheduled_change", "needs_confirmation")
        ]
        assert "If that is what you want, nothing is left to do." in result.reply


class Clauses:
    def __init__(self, whole: TopicGuess, *wishes: TopicGuess) -> None:
        self._whole, self._wishes = whole, wishes

    def classify(self, texts):
        return [self._whole for _ in texts]

    def wishes(self, text: str):
        return self._wishes if text else ()


def guess(topic: Topic, sure: float) -> TopicGuess:
    return TopicGuess(topic, sure, Topic.UNKNOWN, 0.0, 0.99)


def test_a_wish_among_others_is_as_clear_as_its_own_clause() -> None:
    wishes = guess(Topic.REFUND_REQUEST, 0.57), guess(Topic.SUBSCRIPTION_STATUS, 0.95)
    view = understand(Clauses(guess(Topic.REFUND_REQUEST, 0.35), *wishes), HELP, None, False, Caution())
    assert (view.topic, view.confidence, view.also) == ("refund_request", 0.57, ("subscription_status",))
    alone = understand(Clauses(guess(Topic.REFUND_REQUEST, 0.35), wishes[0]), HELP, None, False, Caution())
    assert alone.confidence == 0.35


def test_what_a_human_has_to_see_is_not_outshone_by_a_clause() -> None:
    clause = guess(Topic.CANCEL_SUBSCRIPTION, 0.88)
    disputed = understand(Clauses(guess(Topic.DISPUTE_OR_CHARGEBACK, 0.49), clause), HELP, None, False, Caution())
    assert disputed.topic == "dispute_or_chargeback"
    other = understand(Clauses(guess(Topic.PRICE_QUESTION, 0.49), clause), HELP, None, False, Caution())
    assert other.topic == "cancel_subscription"

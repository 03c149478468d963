"""The offline planner: every topic has a flow that ends, whatever the tools say, and its words pass the held reply."""

from __future__ import annotations

import pytest

from agent.flows.table import FLOWS, NAMES
from agent.settings import AgentSettings
from agent.topics.classifier import TopicGuess
from agent.topics.names import Topic
from tests.agent.conftest import Opener

PEOPLE = ("cus_hugo", "cus_nina", "cus_dana", "cus_ravi", "cus_uma", "cus_finn", "cus_gwen", "cus_lola", "cus_paul")


def test_every_topic_has_a_flow_and_a_name() -> None:
    assert set(FLOWS) == set(NAMES) == set(Topic)


class Told:
    """A classifier that says what the test wants."""

    def __init__(self, topic: Topic) -> None:
        self._guess = TopicGuess(topic, 0.95, Topic.UNKNOWN, 0.01, 0.99)

    def classify(self, texts):
        return [self._guess for _ in texts]

    def wishes(self, _text):
        return [self._guess]


@pytest.mark.parametrize("topic", list(Topic))
async def test_no_topic_is_a_dead_end_and_none_fails_its_own_check(office: Opener, topic: Topic) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(topic))
        for customer in PEOPLE:
            result = await o.says(customer, "Can you help me with this please?")
            assert result.outcome in ("resolved", "awaiting_customer", "escalated")
            assert result.reply
            if result.escalation is not None:
                packet = result.escalation["packet"]
                assert "did not stand up" not in str(packet["summary"]), (customer, packet["summary"])
                assert result.escalation["reason"] not in ("internal_error", "reply_refused"), (
                    customer,
                    packet["detail"],
                )


async def test_a_follow_up_is_understood_in_the_case(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.REFUND_REQUEST))
        asked = await o.says("cus_omar", "please refund my credit pack, 15 dollars")
        assert asked.outcome == "awaiting_customer"
        assert asked.reply.count("$15.00 on ") == 2
        done = await o.says("cus_omar", "the first one", case=asked.case)
        (refund,) = o.refunds()
        assert refund["amount"] == 1_500
        assert done.outcome == "resolved"


def test_settings_with_an_unknown_key_are_an_error() -> None:
    with pytest.raises(ValueError, match="autonmy"):
        AgentSettings.model_validate({"autonmy": {"kill_switch": True}})
    with pytest.raises(ValueError, match="refunds"):
        AgentSettings.model_validate({"autonomy": {"refunds": "off"}})

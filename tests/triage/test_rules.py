"""Priority and team follow from topic, second choice, plan and signals, each with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.topics.names import Topic
from agent.triage.rules import STEPS, Priority, Rules, Team, judge, load_rules
from agent.triage.signals import Signal

RULES = load_rules()
NONE: dict[Signal, float] = {}
topics = st.sampled_from(list(Topic))
signals = st.dictionaries(st.sampled_from(list(Signal)), st.floats(0, 1))


def test_a_topic_has_its_team_and_priority() -> None:
    verdict = judge(RULES, Topic.INVOICE_COPY, Topic.REFUND_REQUEST, 0.1, None, NONE)
    assert (verdict.priority, verdict.team) == (Priority.LOW, Team.BILLING)
    assert verdict.reasons == ("it is about a document",)


@pytest.mark.parametrize(
    ("signal", "priority"),
    [
        (Signal.HARM, Priority.URGENT),
        (Signal.STOPPED, Priority.URGENT),
        (Signal.DEADLINE, Priority.HIGH),
        (Signal.LEAVING, Priority.HIGH),
    ],
)
def test_a_signal_raises_and_says_why(signal: Signal, priority: Priority) -> None:
    verdict = judge(RULES, Topic.INVOICE_COPY, Topic.UNKNOWN, 0.0, None, {signal: RULES.signal_from})
    assert verdict.priority is priority
    assert verdict.reasons[-1] == RULES.signals[signal].because
    below = judge(RULES, Topic.INVOICE_COPY, Topic.UNKNOWN, 0.0, None, {signal: RULES.signal_from - 0.01})
    assert below.priority is Priority.LOW


def test_what_it_may_also_be_pulls_halfway() -> None:
    verdict = judge(RULES, Topic.SUBSCRIPTION_STATUS, Topic.UNAUTHORIZED_CHARGE, 0.3, None, NONE)
    assert (verdict.priority, verdict.team) == (Priority.HIGH, Team.BILLING)
    assert "it may also be unauthorized_charge" in verdict.reasons[1]
    unlikely = judge(RULES, Topic.SUBSCRIPTION_STATUS, Topic.UNAUTHORIZED_CHARGE, 0.1, None, NONE)
    assert unlikely.priority is Priority.LOW


@pytest.mark.parametrize("topic", [Topic.HUMAN_REQUEST, Topic.GREETING_OR_THANKS, Topic.UNKNOWN])
def test_a_topic_without_a_team_borrows_the_second_ones(topic: Topic) -> None:
    assert judge(RULES, topic, Topic.REFUND_REQUEST, 0.4, None, NONE).team is Team.BILLING
    assert judge(RULES, topic, Topic.REFUND_REQUEST, 0.1, None, NONE).team is Team.GENERAL


def test_a_large_plan_is_one_step_more() -> None:
    assert judge(RULES, Topic.INVOICE_COPY, Topic.UNKNOWN, 0, " Enterprise ", NONE).priority is Priority.MEDIUM
    assert judge(RULES, Topic.INVOICE_COPY, Topic.UNKNOWN, 0, "free", NONE).priority is Priority.LOW
    assert judge(RULES, Topic.GREETING_OR_THANKS, Topic.UNKNOWN, 0, "enterprise", NONE).priority is Priority.LOW


@given(topic=topics, second=topics, sure=st.floats(0, 1), plan=st.none() | st.text(max_size=20), seen=signals)
def test_every_ticket_has_a_team_a_reason_and_never_less_than_its_topic(
    topic: Topic, second: Topic, sure: float, plan: str | None, seen: dict[Signal, float]
) -> None:
    verdict = judge(RULES, topic, second, sure, plan, seen)
    assert STEPS.index(verdict.priority) >= STEPS.index(RULES.topics[topic].priority)
    assert all(verdict.reasons)
    own = RULES.topics[topic].team
    assert own is None or verdict.team is own
    more = judge(RULES, topic, second, sure, plan, dict.fromkeys(Signal, 1.0))
    assert STEPS.index(more.priority) >= STEPS.index(verdict.priority)


def test_rules_that_forget_a_topic_or_name_a_strange_one_are_refused() -> None:
    told = RULES.model_dump(mode="json")
    forgotten = {**told, "topics": {name: rule for name, rule in told["topics"].items() if name != "how_to"}}
    with pytest.raises(ValidationError, match="no rule for how_to"):
        Rules.model_validate(forgotten)
    with pytest.raises(ValidationError):
        Rules.model_validate({**told, "topics": {**told["topics"], "weather": told["topics"]["how_to"]}})

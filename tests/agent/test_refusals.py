"""A "no" in text: what it is, and that it takes back what waits for a yes, whatever else the message says."""

from __future__ import annotations

import pytest

from agent.refusal import refuses
from agent.topics.names import Topic
from store.consents import WITHDREW
from tests.agent.conftest import Opener
from tests.agent.test_flows import Told


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No, leave it.",
        "forget it",
        "Never mind!",
        "Oh wait, don't!",
        "Actually no",
        "No thanks",
        "stop",
        "not now",
    ],
)
def test_these_are_a_no(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    ["No problem, go ahead", "don't worry, do it", "Stop my subscription", "I have no idea", "Yes", "notice", "now"],
)
def test_these_are_not(text: str) -> None:
    assert not refuses(text)


async def test_a_no_in_text_takes_back_what_waits(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION))
        asked = await o.says("cus_hugo", "Cancel my plan please.")
        assert asked.decisions[-1]["verdict"] == "needs_confirmation"
        object.__setattr__(o.lee, "topics", Told(Topic.UNKNOWN, 0.6))
        left = await o.says("cus_hugo", "no, forget it", case=asked.case)
        assert left.outcome == "resolved"
        assert "stays as it is" in left.reply
        with o.store.look() as uow:
            assert uow.consents.awaited(asked.case) is None
            assert [entry.kind for entry in uow.log.of(asked.case)].count(WITHDREW) == 1


async def test_a_correction_takes_it_back_too_and_is_served(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION))
        asked = await o.says("cus_hugo", "Cancel my plan please.")
        object.__setattr__(o.lee, "topics", Told(Topic.PAYMENT_STATUS))
        answered = await o.says("cus_hugo", "No, I only want to see my last payment of $20.00.", case=asked.case)
        assert "$20.00" in answered.reply
        with o.store.look() as uow:
            assert uow.consents.awaited(asked.case) is None

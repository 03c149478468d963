"""Customers answer the sentence of the law in words: the change is made, once; an unclear yes is asked about."""

from __future__ import annotations

import pytest

from agent.models.scripted import ScriptedModel, calls, replies
from tests.agent.conftest import Opener

UPGRADE = "I'd like to upgrade to the Team plan."


def plan(o) -> str:
    (found,) = [row for row in o.world()["subscription"].values() if row["customer"] == "cus_tess"]
    return found["items"]["data"][0]["price"]["lookup_key"]


@pytest.mark.parametrize("answer", ["yes", "Yes please, go ahead."])
async def test_the_words_change_the_plan_and_the_log_names_them(office: Opener, answer: str) -> None:
    async with office() as o:
        shown = await o.says("cus_tess", UPGRADE)
        assert (shown.outcome, plan(o)) == ("awaiting_customer", "starter_monthly")
        done = await o.says("cus_tess", answer, case=shown.case)
        assert (done.outcome, plan(o)) == ("resolved", "team_monthly")
        again = await o.says("cus_tess", "yes", case=shown.case)
        assert again.effects == ()
        with o.store.look() as uow:
            (entry,) = [row for row in uow.log.of(shown.case) if row.kind == "customer.confirmed"]
        assert entry.payload["text"] == answer


async def test_a_condition_changes_nothing(office: Opener) -> None:
    async with office() as o:
        shown = await o.says("cus_tess", UPGRADE)
        before = o.world()
        await o.says("cus_tess", "yes, but only if it is cheaper than 20 dollars", case=shown.case)
        assert o.world() == before


async def test_two_that_wait_are_listed_and_one_is_chosen(office: Opener) -> None:
    async with office() as o:
        first = await o.says("cus_tess", UPGRADE)
        second = await o.says("cus_tess", "Please cancel my subscription.", case=first.case)
        assert second.outcome == "awaiting_customer"
        before = o.world()
        asked = await o.says("cus_tess", "yes", case=first.case)
        assert (asked.outcome, o.world()) == ("awaiting_customer", before)
        assert "1. Change from Starter to Team" in asked.reply
        assert "\n2. Cancel" in asked.reply
        done = await o.says("cus_tess", "the first one", case=first.case)
        assert [each["kind"] for each in done.effects] == ["change_plan"]
        assert plan(o) == "team_monthly"


async def test_another_model_has_no_part_in_it(office: Opener) -> None:
    """What it asks in the same breath makes the yes unclear; what it would answer to the yes is not asked for."""
    cancel = {"subscription": "sub_tess", "when": "period_end"}
    model = ScriptedModel([
        calls(("cancel_subscription", cancel)),
        replies("Do you also want to hear about our other plans?", kind="question"),
    ])  # fmt: skip
    async with office(model) as o:
        shown = await o.says("cus_tess", "Please cancel my subscription.")
        before = o.world()
        asked = await o.says("cus_tess", "yes", case=shown.case)
        assert (asked.outcome, o.world()) == ("awaiting_customer", before)
        assert "our other plans" not in asked.reply
        done = await o.says("cus_tess", "yes", case=shown.case)
        assert [each["kind"] for each in done.effects] == ["cancel_subscription"]
        assert len(model.requests) == 2


async def test_who_leaves_it_open_twice_gets_a_human(office: Opener) -> None:
    async with office() as o:
        first = await o.says("cus_tess", UPGRADE)
        await o.says("cus_tess", "Please cancel my subscription.", case=first.case)
        before = o.world()
        await o.says("cus_tess", "yes", case=first.case)
        left = await o.says("cus_tess", "yes please", case=first.case)
        assert left.escalation is not None
        assert (left.escalation["reason"], o.world()) == ("not_understood", before)

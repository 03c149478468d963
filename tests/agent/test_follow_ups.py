"""What customers answer to Lee's questions, in words of our own, read by the real classifier: understood, asked about
once, or a human's; never a guess, and never the same question twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.agent.conftest import Opener

TWO = "refund the 15 dollars for the credit pack please"  # cus_omar has two such payments, a week apart
FIVE = "please refund my payment of $60"  # cus_carl pays that each month
NEWER, OLDER = "ch_omarTwo", "ch_omarOne"


@pytest.mark.parametrize(
    ("answer", "charge"),
    [
        ("the second one", OLDER),
        ("number 1", NEWER),
        ("the older one", OLDER),
        ("the newer payment please", NEWER),
        ("not the first one, the other", OLDER),
        ("no, the first", NEWER),
    ],
)
async def test_one_of_two_is_taken(office: Opener, answer: str, charge: str) -> None:
    async with office() as o:
        asked = await o.says("cus_omar", TWO)
        await o.says("cus_omar", answer, case=asked.case)
        assert [refund["charge"] for refund in o.refunds()] == [charge]


@pytest.mark.parametrize("answer", ["no, the {month} one", "the one from {month}"])
async def test_a_month_corrects_what_was_asked(office: Opener, answer: str) -> None:
    async with office() as o:
        paid = sorted(row["created"] for row in o.world()["charge"].values() if row["customer"] == "cus_carl")
        last_but_one = datetime.fromtimestamp(paid[-2], UTC)
        asked = await o.says("cus_carl", FIVE)
        done = await o.says("cus_carl", answer.format(month=f"{last_but_one:%B}"), case=asked.case)
        assert f"on {last_but_one.day} {last_but_one:%B %Y}" in done.reply
        assert not o.refunds()  # older than the rule allows: a human approves


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("the bigger one", "not_understood"),  # both are $15.00
        ("not that, the other card", "not_understood"),  # both were paid with the same one
        ("hm, no idea", "not_understood"),
    ],
)
async def test_what_leaves_it_open_is_not_asked_again(office: Opener, answer: str, reason: str) -> None:
    async with office() as o:
        asked = await o.says("cus_omar", TWO)
        before = o.world()
        left = await o.says("cus_omar", answer, case=asked.case)
        assert left.escalation is not None
        assert left.escalation["reason"] == reason
        assert o.world() == before


@pytest.mark.parametrize("answer", ["never mind", "neither of them", "oh, forget it"])
async def test_what_takes_the_wish_back_ends_it(office: Opener, answer: str) -> None:
    async with office() as o:
        asked = await o.says("cus_omar", TWO)
        left = await o.says("cus_omar", answer, case=asked.case)
        assert (left.outcome, left.effects) == ("resolved", ())
        assert "everything stays as it is" in left.reply

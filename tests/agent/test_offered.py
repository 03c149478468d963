"""A yes to Lee's question is good for the act that the question offered, whichever model asks and proposes."""

from __future__ import annotations

import pytest

from agent.assent import assents
from agent.flows.table import AGREED
from agent.models.scripted import ScriptedModel, calls, replies
from agent.offered import names_payment, offered
from agent.prompting import question_of
from agent.topics.names import Topic
from tests.agent.conftest import Opener
from tests.agent.test_flows import told

ANYTHING = "Is there anything else you would like to know?"
REFUND = "Shall I refund the payment of $15.00?"
CARD = "Do you want a private page where you can change the card on file?"
LISTED = ("list_charges", {"charge": None})


def back(charge: str) -> tuple[str, dict[str, object]]:
    return (
        "refund",
        {"charge": charge, "amount": None, "grounds": "requested_by_customer", "duplicate_of": None},
    )


@pytest.mark.parametrize(
    ("asks", "answer", "proposes", "done"),
    [
        (REFUND, "yes please", back("ch_omarTwo"), ["refund"]),
        (CARD, "yes please", ("card_update_link", {}), ["card_update_link"]),
        # a yes to something else
        (ANYTHING, "yes", back("ch_omarTwo"), []),
        (ANYTHING, "yes", ("card_update_link", {}), []),
        (CARD, "yes", back("ch_omarTwo"), []),
        (REFUND, "yes", ("card_update_link", {}), []),
        ("Do you want to know why I cannot refund $15.00?", "yes", back("ch_omarTwo"), []),
        # another payment than the one that was named, or none
        ("Shall I refund the payment of $20.00?", "yes", back("ch_omarTwo"), []),
        ("Shall I refund your payment?", "yes", back("ch_omarTwo"), []),
        # no yes
        (REFUND, "sure, if it is quick", back("ch_omarTwo"), []),
        (REFUND, "ok, so why was I charged", back("ch_omarTwo"), []),
    ],
)
async def test_a_yes_is_good_for_what_was_offered(
    office: Opener, asks: str, answer: str, proposes: tuple[str, dict[str, object]], done: list[str]
) -> None:
    lines = [
        calls(LISTED), replies(asks, kind="question"),
        calls(LISTED), calls(proposes), replies("What is it about?", kind="question"),
    ]  # fmt: skip
    async with office(ScriptedModel(lines)) as o:
        told(o, Topic.INVOICE_COPY)
        asked = await o.says("cus_omar", "Can you help me with this please?")
        assert asked.reply == asks
        before = o.world()
        left = await o.says("cus_omar", answer, case=asked.case)
        assert [each["kind"] for each in left.effects] == done
        assert done or o.world() == before


def test_each_of_the_planners_offers_is_read_as_what_it_does() -> None:
    acts = {"shall_card": "card_update_link", "shall_checkout": "new_checkout_link"}
    assert {template: offered(question_of(template)) for template in AGREED} == {
        template: {acts.get(template, "refund")} for template in AGREED
    }


@pytest.mark.parametrize(
    "words",
    [
        "Is that what you wanted to know?",
        "Do you want to know how refunds work?",
        "Which of these payments do you mean? Its number, or the amount and the day, are enough.",
        "Do you want to go back to the Starter plan?",
        "Shall I get back to you about that?",
        "Would you like to see our rules on refunds?",
        "I have sent it back. Is there anything else?",
        "Do you want to pay with another card?",
    ],
)
def test_a_question_about_something_else_offers_nothing(words: str) -> None:
    assert offered(words) == frozenset()


def test_a_payment_is_named_by_its_amount() -> None:
    charges = [{"id": "ch_1", "amount": {"amount": 200, "currency": "usd"}}]
    assert names_payment("Shall I refund the $2.00?", "ch_1", charges)
    assert not names_payment("Shall I refund the $2.001?", "ch_1", charges)
    assert not names_payment("Shall I refund the $2.00?", "ch_2", charges)
    assert not names_payment("Shall I refund the $12.00?", "ch_1", charges)


@pytest.mark.parametrize(
    "text", ["right, that's the wrong one", "ok, why", "yes, the other one", "sure, unless it costs"]
)
def test_a_yes_that_is_taken_back_at_once_is_none(text: str) -> None:
    assert not assents(text)

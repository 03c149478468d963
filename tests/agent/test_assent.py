"""What counts as nothing but a yes, and what does not."""

from __future__ import annotations

import time

import pytest

from agent.assent import only_assents, place
from policy.actions import ACTIONS
from policy.rules import LAWS


@pytest.mark.parametrize(
    "text",
    [
        "yes", "Yes.", "YES!!!", "y", "yes please", "Yes please, go ahead.", "do it", "Do it please", "ok, go ahead",
        "Sure", "yes, thanks", "Yes, that's correct", "I confirm", "I confirm this.", "Confirm", "that's what I want",
        "yes, and thanks", "Yes – please do.", "“yes”", "yes, please proceed. Thank you very much!", "yes it is",
        "please go ahead and do it", "Yes, that is fine", "sure thing", "Hi Lee,\n\nyes please go ahead.",
        "Hello,\nyes.\n\nKind regards,\nAda Miller", "yes\n\nSent from my iPhone", "Yes, do it.\nThanks\nBest regards",
    ],
)  # fmt: skip
def test_a_yes_in_other_words_is_a_yes(text: str) -> None:
    assert only_assents(text)


@pytest.mark.parametrize(
    "text",
    [
        # taken back, on a condition, or later
        "yes but not now", "yes, but what does it cost", "yes if it is free", "yes unless it costs more", "yes\nno",
        "no yes", "not yes", "don't do it", "yes, do it now", "yes, tomorrow", "yes, only for this month",
        # another wish beside it
        "yes, and also cancel my other plan", "yes, upgrade me and refund the last payment", "do it, then cancel",
        "yes, the second one", "yes and", "yes, cancel it",
        # a question
        "yes?", "ok?", "yes - what happens to my data?", "y?",
        # polite, and no yes
        "ok", "okay thanks", "right", "thanks", "please", "great", "", "   ", "...",
        # no words of the customer's own, or a machine's
        "> yes", "Subject: yes", "Re: yes", "Yes, I have received your mail and will be back on Monday.",
        "I am out of the office. Yes.", "Automatic reply: yes", "yes/no", "[ ] yes [x] no", "yesterday", "ja", "yes 👍",
        # a signature that is none
        "yes\n\nRegards\nBut Not Today", "Yes.\n\nBest\nnot yet", "Regards\nyes\nNo Way",
        "y e s", "ye\u200bs please do nothing", "yes " * 200,
    ],
)  # fmt: skip
def test_what_is_not_wholly_a_yes_is_none(text: str) -> None:
    assert not only_assents(text)


def test_the_writer_may_sign() -> None:
    assert only_assents("Yes please\n\nAda", user="ada.miller@acme.example")
    assert only_assents("Yes please.\nAda Miller", user="ada.miller@acme.example")
    assert not only_assents("Yes please\n\nBob", user="ada.miller@acme.example")
    assert not only_assents("Yes please\nnot", user="ada_not")
    assert not only_assents("Ada", user="ada")


def test_the_act_may_be_named_where_it_is_the_one_that_waits() -> None:
    assert only_assents("yes, cancel it please", "cancel_subscription")
    assert not only_assents("yes, cancel it please", "change_plan")
    assert not only_assents("cancel it", "cancel_subscription")  # the subscription, or the whole affair


def test_every_act_that_waits_for_a_yes_can_be_told_yes_by_its_name() -> None:
    waits = {action.tool for action, law in LAWS.items() if law.confirmation_rule is not None}
    named = {tool for tool in ACTIONS for words in ("keep my plan", "try again", "add it", "change it", "use it",
             "cancel it", "resume it", "make the change") if only_assents(f"yes, {words}", tool)}  # fmt: skip
    assert named == waits


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("2", 2), ("the second one", 2), ("Number 1.", 1), ("yes, the first please", 1), ("#3 please", 3),
        ("second", None), ("not the first one", None), ("7", None), ("0", None), ("2 and 1", None), ("2?", None),
        ("the first and the second", None), ("the first, but not now", None), ("yes", None),
    ],
)  # fmt: skip
def test_a_place_in_a_list_is_chosen_by_nothing_else(text: str, which: int | None) -> None:
    assert place(text) == which


@pytest.mark.parametrize("text", ["i do confirm it " * 18 + "x", "yes " * 70 + "x", "- " * 140 + "x", "please " * 40])
def test_a_crafted_text_costs_no_time(text: str) -> None:
    began = time.process_time()
    assert not only_assents(text, "cancel_subscription")
    assert time.process_time() - began < 1

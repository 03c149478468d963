"""What belongs to one customer is found and taken out; what is everybody's stays."""

from __future__ import annotations

import pytest

from knowledge.personal import Common, Own, Privacy, common_of, without_courtesies

COMMON = common_of(
    ["The Team plan costs $60 a month. Choose Settings, then Export as a file. Your projects are saved.", "ask the in"]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to maya.l+x@brightloop.example", "Write to [e-mail]"),
        ("See https://acme.example/a?b=1, please", "See [link] please"),
        ("I paid $1,045.20, not 60 EUR or $60.00", "I paid [amount], not 60 EUR or $60.00"),
        ("Charged on 3 October 2026 and 2026-11-01", "Charged on [date] and [date]"),
        ("ch_3Pab12 on invoice ACMEHUGO-0004, order 12345", "[id] on invoice [id], [id]"),
        ("Call +49 170 1234567 or 0170 123 4567", "Call [telephone number] or [telephone number]"),
        ("the card ending 4242", "the [card]"),
        ("my 4242 4242 4242 4242 is", "my [card] is"),
        ("We are at 12 Baker Street", "We are at [address]"),
        ("10.0.0.17 cannot reach it", "[IP address] cannot reach it"),
        ("Ask Bettina Krause-Lee in the Team", "Ask [name] in the Team"),
        ("My name is Maya Lindqvist", "My name is [name]"),
        ("we ask Team Hopper, and Export Bettina Team's", "we ask [name], and [name]"),
        ("Ask M\u200baya", "Ask [name]"),
        (
            "Choose Integrations, then Widgets and press Reconnect",
            "Choose Integrations, then Widgets and press Reconnect",
        ),
        ("Choose Settings and Exporting as CSV in 30 days", "Choose Settings and Exporting as CSV in 30 days"),
    ],
)
def test_removed_and_told(text: str, left: str) -> None:
    privacy = Privacy(
        Common(
            COMMON.words | {"write", "see", "charged", "call", "we", "my", "i", "name"}, COMMON.names, COMMON.amounts
        )
    )
    assert privacy.removed(text) == left
    assert bool(privacy.findings(text)) is (text != left)
    assert privacy.removed(left) == left
    assert privacy.findings(left) == []


def test_a_human_vouches_for_words_but_not_for_the_customers_own() -> None:
    told = "Grafana shows what brightloop exports"
    own = Own(frozenset({"brightloop"}))
    assert Privacy(COMMON, own).removed(told) == "[name] shows what [name] exports"
    vouched = Privacy(COMMON, own, frozenset({"grafana", "brightloop"}))
    assert vouched.removed(told) == "Grafana shows what [name] exports"
    assert [finding.text for finding in vouched.findings(told)] == ["brightloop"]


def test_greeting_and_sign_off_go() -> None:
    text = "Hi Maya,\nGood morning!\nOpen Settings.\nThen press Export.\n\nBest regards\nAnna Berg\nAcme Support"
    assert without_courtesies(text) == "Open Settings.\nThen press Export."
    assert without_courtesies("Hi Maya, this happens often. Press it.\n-- \nAnna") == "this happens often. Press it."
    assert without_courtesies("Best practice is to press Export.") == "Best practice is to press Export."

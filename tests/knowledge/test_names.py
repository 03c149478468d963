"""Names of people in sentences: all of a name goes, also where each of its words is a common one.

The second list was written after the rules, with given names that are not in their list.
"""

from __future__ import annotations

import re

import pytest

from app.knowledge_loop import common
from knowledge.personal import Common, Privacy, common_of
from tests.proofs import Proved

COMMON_WORDS = """
April Long, Grace May, Mark Stone, Bill Price, Rose Banks, Will Page, Dawn Fields, Hope Rivers, Frank Young, Joy Day,
Grant Cook, Penny Cross, Rich Green, Sky Summers, Jack Hill, Faith Brown, Drew Case, Summer Bell, Chase Little,
Sandy Power
"""
OTHERS = """
Emma Thompson, Oliver Harris, Sophie Walker, James Carter, Charlotte Evans, Daniel Foster, Hannah Mitchell,
Peter Simmons, Laura Bennett, Thomas Wright, Rachel Coleman, Steven Hughes, Megan Parker, George Watson,
Julia Reynolds, Andrew Fisher, Natalie Brooks, Kevin Murray, Susan Hayes, Brian Knight, Priya Raman, Jürgen Köhler,
Chidi Okonkwo, Yuki Tanaka, Amélie Dubois, Mateusz Nowak, Fatima Al-Sayed, Nguyen Thi Lan, João Pereira,
Siobhan O'Connor, Lars Åkesson, Dmitri Volkov, Mei-Ling Chen, Aylin Demir, Rafael Ortega, Zofia Wiśniewska,
Kwame Mensah, Ingrid de Vries, Tariq Hussain, Olena Shevchenko
"""
LATER = """
Reed Baker, Jewel Stern, Wren Castle, Precious Moore, Christian Wolf, Angel Cruz, Chip Long, Scout Green, Justice Page,
Major Banks, Royal Price, River Stone, Wolf Young, Sparrow Hill, Honor Bright, Blue Waters, Happy Clark, Storm Field,
Prince White, Noble Gold
"""
SENTENCES = (
    "{} asked whether the invoice can be sent again.",
    "I have spoken with {} about the second invoice.",
    "The card belongs to {}, who left the company in spring.",
    "Please send the receipt to {} as well.",
    "Since last week {}'s account shows two charges.",
    "Our accountant ({}) cannot open the invoice page.",
)
OURS = common_of(
    ["Choose Team Plan or ask. Our Help Centre says a page, a plan, a field, settings, keys, access, export"]
)


@pytest.fixture(scope="module")
def privacy() -> Privacy:
    return Privacy(common())


def left_in(privacy: Privacy, names: str) -> tuple[int, list[str]]:
    """(sentences tried, those of which a word of the name was left)."""
    told = [
        (name, privacy.removed(sentence.format(name)))
        for name in (each.strip() for each in names.split(","))
        for sentence in SENTENCES
    ]
    return len(told), [
        text for name, text in told if any(re.search(rf"\b{word}\b", text) for word in re.findall(r"\w+", name))
    ]


@pytest.mark.parametrize("names", [COMMON_WORDS, OTHERS], ids=["common words", "others"])
def test_no_word_of_a_name_is_left(privacy: Privacy, proved: Proved, names: str) -> None:
    tried, left = left_in(privacy, names)
    proved("names in sentences of which a word was left in a draft", tried, len(left))


def test_a_given_name_that_no_list_knows_is_seen_unless_it_begins_the_sentence(privacy: Privacy) -> None:
    tried, left = left_in(privacy, LATER)
    assert tried == 120
    assert len(left) <= 4
    assert all(text.endswith(" asked whether the invoice can be sent again.") for text in left)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("We ask Field Page about it", "We ask [name] about it"),
        ("Ask Field Page about it", "Ask [name] about it"),
        ("Grace Field asked", "[name] asked"),
        ("Field Settings asked", "Field Settings asked"),  # a capital that the sentence gives proves nothing
        ("ask our Help Centre and the Team Plan", "ask our Help Centre and the Team Plan"),  # we write that ourselves
        ("ask the Stripe Settings", "ask the Stripe Settings"),  # a product's name is nobody's
        ("on the Access Keys page", "on the Access Keys page"),
        ("choose Access Keys, then **Export Settings** ", "choose Access Keys, then **Export Settings** "),
        ("## A page of Access Keys", "## A page of Access Keys"),
        ("Our Page Says Team Settings Export Keys", "Our Page Says Team Settings Export Keys"),
        ("we ask Ingrid de Vries or Anna", "we ask [name] or [name]"),
    ],
)
def test_what_in_a_row_is_a_name(text: str, left: str) -> None:
    spoken = Common(OURS.words | {"we", "about", "it", "asked", "on", "and", "or"}, OURS.names, pairs=OURS.pairs)
    assert Privacy(spoken).removed(text) == left
    assert bool(Privacy(spoken).findings(text)) is (text != left)


def test_a_human_vouches_for_a_row_by_all_of_it_or_by_a_word() -> None:
    text = "we ask Field Page about it"
    spoken = Common(OURS.words | {"we", "about", "it"})
    for word in ("field page", "page"):
        assert Privacy(spoken, allowed=frozenset({word})).removed(text) == text
    assert Privacy(spoken, allowed=frozenset({"page about"})).removed(text) == "we ask [name] about it"

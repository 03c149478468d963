"""Cutting articles into passages."""

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.passages import TARGET_WORDS, split


def words(number: int, word: str = "word") -> str:
    return " ".join(f"{word}{at}" for at in range(number))


def test_short_sections_share_a_passage_under_their_headings() -> None:
    (passage,) = split("a", "Cards", "## Issue\nIt fails.\n\n## Cause\nThe bank.")
    assert (passage.id, passage.heading) == ("a#1", "Issue")
    assert passage.text == "Issue\nIt fails.\n\nCause\nThe bank."
    assert passage.in_context.startswith("Cards\n")


def test_long_articles_are_cut_at_about_the_target() -> None:
    passages = split("a", "T", "\n\n".join(f"{words(70, f'p{number}x')}." for number in range(6)))
    assert [len(passage.text.split()) for passage in passages] == [140, 140, 140]
    assert [passage.id for passage in passages] == ["a#1", "a#2", "a#3"]


def test_an_endless_paragraph_is_cut_too_and_nothing_is_lost() -> None:
    passages = split("a", "T", words(500))
    assert all(len(passage.text.split()) <= TARGET_WORDS + 25 for passage in passages)
    assert " ".join(passage.text for passage in passages).split() == words(500).split()


def test_the_heading_is_the_path_and_leaves_out_the_title() -> None:
    text = f"# T\n## Limits\n{words(150)}\n### Of size\n{words(150, 's')}\n## Rates\n{words(150, 'r')}"
    assert [passage.heading for passage in split("a", "T", text)] == ["Limits", "Limits › Of size", "Rates"]


def test_code_with_a_hash_is_no_heading() -> None:
    (passage,) = split("a", "T", "Run:\n\n```\n# install\nmake\n```\n")
    assert passage.heading == ""
    assert "# install" in passage.text


def test_front_matter_images_tags_and_targets_are_not_text() -> None:
    text = '---\ntitle: X\n---\nSee [the guide](https://x.example/a) ![shot](b.png) <Image src="c"\nalt="d" /> now.'
    (passage,) = split("a", "T", text)
    assert passage.text.split() == ["See", "the", "guide", "now."]


def test_an_article_without_text_is_its_title() -> None:
    assert [passage.text for passage in split("a", "Only a title", "")] == ["Only a title"]


@settings(deadline=None)
@given(st.text(max_size=2_000))
def test_any_text_yields_numbered_passages_that_are_not_too_long(text: str) -> None:
    passages = split("a", "T", text)
    assert [passage.id for passage in passages] == [f"a#{number}" for number in range(1, len(passages) + 1)]
    assert all(passage.text.strip() for passage in passages)

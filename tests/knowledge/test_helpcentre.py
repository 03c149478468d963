"""Help centres of others: every format is read whole, and nothing without a word on where it is from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.articles import State
from knowledge.errors import ArticleRefused
from knowledge.evaluation import evaluate, read_questions
from knowledge.helpcentre import article_id, read_helpcentre
from tests.knowledge.conftest import CountingEmbedder
from tests.knowledge.test_articles import GOOD

PAGE = """<!doctype html><html><head><title>Moving a site</title>
<meta name="author" content="Docs team"><link rel="canonical" href="https://docs.example/move"></head>
<body><nav>Home</nav><h1>Moving a site</h1><p>Open the settings.</p></body></html>"""


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_all_three_formats_are_read_from_one_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "ours.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "move.html").write_text(PAGE, encoding="utf-8")
    lines(tmp_path / "export.jsonl", {"id": "a/b.md", "title": "B", "text": "Words."})
    lines(tmp_path / "export.queries.jsonl", {"query": "What?", "article": "a/b.md"})
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    found = read_helpcentre(tmp_path)
    assert {article.id: article.title for article in found.articles} == {
        "a-card": "A card",
        "a/b.md": "B",
        "move.html": "Moving a site",
    }
    assert [path.name for path in found.questions] == ["export.queries.jsonl"]
    sources = {article.id: article.provenance.source for article in found.articles}
    assert sources == {
        "a-card": "a ticket",
        "a/b.md": "export export.jsonl, line 1",
        "move.html": "https://docs.example/move",
    }
    assert all(article.state is State.PUBLISHED for article in found.articles)
    assert next(each for each in found.articles if each.id == "move.html").provenance.author_role == "Docs team"


def test_markdown_of_others_needs_somebody_who_vouches_for_it(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text("---\ntitle: A guide\nsidebar: x\n---\n\nDo this.\n", encoding="utf-8")
    with pytest.raises(ArticleRefused, match=r"guide\.md.*no provenance"):
        read_helpcentre(tmp_path)
    (article,) = read_helpcentre(tmp_path, source="docs.example, MIT").articles
    assert (article.title, article.provenance.source) == ("A guide", "docs.example, MIT")
    assert "Do this." in article.text


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace('<meta name="author" content="Docs team">', ""),
        PAGE.replace('<link rel="canonical" href="https://docs.example/move">', ""),
        PAGE.replace("Docs team", " "),
        "<p>Only words</p>",
    ],
)
def test_html_without_provenance_is_refused_unless_somebody_vouches(page: str, tmp_path: Path) -> None:
    (tmp_path / "move.html").write_text(page, encoding="utf-8")
    with pytest.raises(ArticleRefused, match=r"move\.html.*no provenance.*--source"):
        read_helpcentre(tmp_path)
    assert len(read_helpcentre(tmp_path, source="our old site").articles) == 1


@pytest.mark.parametrize("provenance", [None, {}, "me", {"source": "x"}, {"author_role": "x", "source": ""}])
def test_a_line_that_speaks_of_its_provenance_has_to_have_one(provenance: Any, tmp_path: Path) -> None:
    lines(tmp_path / "x.jsonl", {"id": "a", "title": "A", "text": "Words.", "provenance": provenance})
    with pytest.raises(ArticleRefused, match=r"x\.jsonl line 1.*provenance"):
        read_helpcentre(tmp_path, source="somebody")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"id": "b", "title": "B"}', "`text` is missing"),
        ('{"id": "b", "title": null, "text": "x"}', "`title` is not a text"),
        ('{"id": 3, "title": "B", "text": "x"}', "`id` is not a text"),
        ('{"id": " ", "title": "B", "text": "x"}', "`id` is empty"),
        ('{"id": "b", "title": "", "text": " "}', "neither title nor text"),
        ('{"id": "a", "title": "B", "text": "x"}', "the id a is already taken by x.jsonl line 1"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(line: str, why: str, tmp_path: Path) -> None:
    lines(tmp_path / "x.jsonl", {"id": "a", "title": "A", "text": "Words."})
    with (tmp_path / "x.jsonl").open("a") as file:
        file.write(f"\n{line}\n")
    with pytest.raises(ArticleRefused) as refused:
        read_helpcentre(tmp_path)
    assert "x.jsonl line 3" in str(refused.value)
    assert why in str(refused.value)


def test_what_cannot_be_read_or_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArticleRefused, match="no such folder"):
        read_helpcentre(tmp_path / "nowhere")
    with pytest.raises(ArticleRefused, match="no article"):
        read_helpcentre(tmp_path)
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArticleRefused, match=r"x\.jsonl.*UTF-8"):
        read_helpcentre(tmp_path)


def test_odd_ids_titles_and_texts_are_kept_apart_and_whole(tmp_path: Path) -> None:
    lines(
        tmp_path / "x.jsonl",
        {"id": "[slug] page?.md", "title": "", "text": "One \ud800 half."},
        {"id": "[slug]-page!.md", "title": "T" * 400, "text": "Two"},
        {"id": "été", "title": "Only a title", "text": ""},
    )
    found = {article.id: article for article in read_helpcentre(tmp_path).articles}
    assert set(found) == {article_id(name) for name in ("[slug] page?.md", "[slug]-page!.md", "été")}
    assert found[article_id("[slug] page?.md")].text == "One ? half."
    assert found[article_id("[slug]-page!.md")].text == "T" * 400 + "\n\nTwo"
    assert found[article_id("été")].text == "Only a title"


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_two_names_never_become_one_id(one: str, other: str) -> None:
    assert (article_id(one) == article_id(other)) == (one == other)


def test_a_help_centre_is_evaluated(tmp_path: Path) -> None:
    articles = lines(
        tmp_path / "a.jsonl",
        {"id": "cards", "title": "Cards", "text": "Replace the plastic."},
        {"id": "odd one", "title": "Taxes", "text": "Give the number."},
    )
    queries = lines(
        tmp_path / "q.jsonl",
        {"query": "plastic cards", "article": "cards"},
        {"query": "taxes number", "article": "odd one"},
        {"query": "plastic", "article": "gone"},
    )
    questions = read_questions(queries)
    found = evaluate(read_helpcentre(articles).articles, questions, CountingEmbedder())
    assert found.ranks == (1, 1, None)
    told = found.told()
    assert list(told) == ["recall@1", "recall@5", "mrr", "p50_ms", "p95_ms", "passages"]
    assert (told["recall@1"], told["recall@5"], told["mrr"], told["passages"]) == (0.667, 0.667, 0.667, 2)
    assert 0 < told["p50_ms"] <= told["p95_ms"]


@pytest.mark.parametrize(("line", "why"), [("", "no questions"), ('{"query": "x"}', "line 1.*`article` is missing")])
def test_a_file_of_questions_without_any_is_refused(line: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(line)
    with pytest.raises(ArticleRefused, match=why):
        read_questions(tmp_path / "q.jsonl")


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(ArticleRefused) as refused:
        read_questions(tmp_path / "q.jsonl")
    assert str(refused.value).count("q.jsonl") == 1

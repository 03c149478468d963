"""Articles are refused unless they say what they are and where they come from."""

from pathlib import Path

import pytest

from agent.topics.names import Topic
from knowledge.articles import Resolution, State, parse_article, published, read_articles
from knowledge.errors import ArticleRefused

GOOD = """---
id: a-card
title: A card
topics: [update_payment_method]
environment:
  plans: [Team]
resolution: self_serve
state: published
provenance:
  author_role: writer
  source: a ticket
  created: 2026-10-01
  reviewed: 2026-10-02
---
## Issue
Words.
"""


def test_a_good_article_is_read() -> None:
    article = parse_article(GOOD, "a.md")
    assert (article.id, article.resolution, article.state) == ("a-card", Resolution.SELF_SERVE, State.PUBLISHED)
    assert article.environment.plans == ("Team",)
    assert article.text == "## Issue\nWords."


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("id: a-card", "id: a-card\ncolour: red"), "colour"),
        (("  author_role: writer\n", ""), "author_role"),
        (("  reviewed: 2026-10-02", "  reviewed: 2026-09-30"), "reviewed is before created"),
        (("  reviewed: 2026-10-02", "  reviewed: 2026-10-02\n  by: me"), "by"),
        (("state: published", "state: done"), "state"),
        (("title: A card", "title: ''"), "title"),
        (("topics: [update_payment_method]", "topics: [Cards!]"), "topics"),
        (("id: a-card", "id: ../x"), "id"),
        (("id: a-card", "id: ["), "not YAML"),
        (("---\nid", "id"), "front matter"),
        (("## Issue\nWords.\n", ""), "text"),
        (("id: a-card", "id: a-card\ntools: [diagnose]"), "follows"),
        (("id: a-card", "id: a-card\nfacts: {14 days: bank}"), "14 days"),
        (("id: a-card", "id: a-card\ntext: hidden"), "text"),
    ],
)
def test_a_bad_article_is_refused_with_its_reason(change: tuple[str, str], why: str) -> None:
    with pytest.raises(ArticleRefused, match=why) as refused:
        parse_article(GOOD.replace(*change), "bad.md")
    assert "bad.md" in str(refused.value)


@pytest.mark.parametrize("provenance", ["", "provenance: null\n", "provenance: {}\n"])
def test_no_article_without_provenance(provenance: str) -> None:
    start = GOOD.index("provenance:")
    end = GOOD.index("---\n## Issue")
    with pytest.raises(ArticleRefused, match="provenance"):
        parse_article(GOOD[:start] + provenance + GOOD[end:], "a.md")


def test_the_hash_follows_the_content() -> None:
    article = parse_article(GOOD, "a.md")
    assert article.content_hash == parse_article(GOOD, "elsewhere.md").content_hash
    for old, new in (("Words.", "Other words."), ("A card", "The card"), ("[Team]", "[Free]")):
        assert parse_article(GOOD.replace(old, new), "a.md").content_hash != article.content_hash
    checked = GOOD.replace("---\n## Issue", "tools: [diagnose]\nfollows: [cus_one]\n---\n## Issue")
    assert parse_article(checked, "a.md").content_hash == article.content_hash, "what only tests read"


def test_a_folder_with_two_articles_of_one_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD)
    (tmp_path / "b.md").write_text(GOOD)
    with pytest.raises(ArticleRefused, match="already taken"):
        read_articles(tmp_path)


def test_unreadable_files_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArticleRefused, match=r"a\.md"):
        read_articles(tmp_path)
    with pytest.raises(ArticleRefused, match="no such folder"):
        read_articles(tmp_path / "nowhere")


def test_our_own_articles_are_published_and_speak_of_real_topics() -> None:
    articles = read_articles()
    assert len(published(articles)) >= 46
    names = {topic.value for topic in Topic}
    for article in articles:
        assert article.topics, article.id
        assert set(article.topics) <= names, article.id
        assert "## Resolution" in article.text or "## Answer" in article.text, article.id


@pytest.mark.parametrize("plan", ["$20", "$60", "$200", "14 days", "90 days", "5 to 10 business days"])
def test_what_customers_are_promised_is_written_down(plan: str) -> None:
    assert any(plan in article.text for article in read_articles())

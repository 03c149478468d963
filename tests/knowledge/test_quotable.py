"""Every passage can be quoted: the guard of replies lets it through, and what is quoted solves the matter."""

from __future__ import annotations

import pytest

from agent.claims import ClaimDetector
from agent.evidence import gather
from agent.prompting import render, resolution
from agent.reply import HeldReply
from knowledge.articles import published, read_articles
from knowledge.embedder import SentenceTransformerEmbedder
from knowledge.passages import Passage, split

PASSAGES = [
    passage for article in published(read_articles()) for passage in split(article.id, article.title, article.text)
]
CONTACT = "support@acme.test"


@pytest.fixture(scope="module")
def held(real_embedder: SentenceTransformerEmbedder) -> HeldReply:
    return HeldReply(ClaimDetector(real_embedder))


@pytest.mark.parametrize("passage", PASSAGES, ids=lambda each: each.id)
def test_it_can_be_quoted(held: HeldReply, passage: Passage) -> None:
    row = {
        "passage": passage.id,
        "article": passage.article,
        "title": passage.title,
        "heading": passage.heading,
        "text": passage.text,
        "similarity": 0.7,
    }
    quote = render("quote.v1.j2", passage=row, contact=CONTACT, name="there")
    evidence = gather([("search_knowledge", {"passages": [row], "note": None})], ["How?"], (), (CONTACT,))
    assert held.check(quote, [passage.id], evidence).problems == ()


@pytest.mark.parametrize("passage", PASSAGES, ids=lambda each: each.id)
def test_what_is_quoted_says_something(passage: Passage) -> None:
    assert len(resolution(passage.text).split()) >= 20

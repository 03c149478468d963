"""Drafts of articles from the cases that humans solved, and what a human makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.topics.sentences import own_words
from app.knowledge_loop import common
from app.reviewing import review_of
from app.settings import Settings
from knowledge.articles import Article, Resolution
from knowledge.drafts import Draft, SolvedCase, compared, draft, draft_id
from knowledge.embedder import Embedder
from knowledge.library import read_library, write_article
from knowledge.personal import Own, Privacy
from knowledge.publishing import publishable
from knowledge.search import Knowledge
from knowledge.staleness import REVIEWS, write_review
from store.database import Store
from store.errors import NotFound
from store.messages import MessageRow
from store.unit_of_work import UnitOfWork

# In a hand-over's facts, what is said under these keys is the customer's own.
_OWN_KEYS = frozenset({"user", "name", "email", "phone", "line1", "line2", "city", "postal_code", "tax_id", "value"})
_SHORTEST_NAME = 3


def drafts(store: Store, embedder: Embedder, knowledge: Knowledge | None, days: int) -> list[Draft]:
    """Of each case solved since then that nobody has decided about, the oldest first.

    Raises `KnowledgeError`, `LogUnavailable`."""
    today = store.clock().date()
    shared = Privacy(common())
    with store.look() as uow:
        decided = uow.drafts.decisions()
        found = [_solved(uow, case, shared) for case in uow.drafts.solved_by_humans(_begin(store, days))]
    made = [draft(case, today) for case in found if case is not None and case.id not in decided]
    return compared([each for each in made if each is not None], embedder, knowledge)


def find(store: Store, wanted: str, days: int) -> tuple[Draft, Privacy]:
    """One draft, and what may not stand in it. Raises `NotFound`."""
    shared = Privacy(common())
    with store.look() as uow:
        for name in uow.drafts.solved_by_humans(_begin(store, days)):
            if wanted in (draft_id(name), name):
                case = _solved(uow, name, shared)
                made = None if case is None else draft(case, store.clock().date())
                if case is not None and made is not None:
                    return made, case.privacy
    raise NotFound("draft", wanted)


def publish(
    store: Store,
    settings: Settings,
    knowledge: Knowledge,
    wanted: str,
    human: str,
    *,
    edited: Path | None = None,
    allow: tuple[str, ...] = (),
    resolution: Resolution | None = None,
    replacing: bool = False,
    days: int = 3650,
) -> tuple[Article, Path]:
    """Write the article, audit who published it, index it. Nothing is written when anything is in the way.

    Raises `NotFound`, `ArticleRefused`, `KnowledgeError`, `LogUnavailable`, OSError."""
    made, privacy = find(store, wanted, days)
    privacy = replace(privacy, allowed=frozenset(word.strip().lower() for word in allow))
    folder = settings.articles_folder
    taken = {article.id for article in read_library(folder)}
    text = None if edited is None else edited.read_text(encoding="utf-8")
    today = store.clock().date()
    article = publishable(made, text, privacy, taken, today, replace=replacing, resolution=resolution)
    path = folder / f"{article.id}.md"
    before = path.read_bytes() if path.exists() else None
    try:
        with store.unit() as uow:
            uow.drafts.decide(
                made.case,
                "published",
                article.id,
                human,
                {
                    "draft": made.id,
                    "hash": article.content_hash,
                    "edited": edited is not None,
                    "vouched_for": list(allow),
                },
            )
            write_review(folder / REVIEWS, article.id, review_of(article, store, settings, human))
            path = write_article(folder, article)
    except BaseException:
        # Not audited, so not published.
        path.unlink(missing_ok=True) if before is None else path.write_bytes(before)
        raise
    knowledge.add([article])
    return article, path


def discard(store: Store, wanted: str, human: str, why: str, days: int = 3650) -> Draft:
    """It is not offered again. Raises `NotFound`."""
    made, _ = find(store, wanted, days)
    with store.unit() as uow:
        uow.drafts.decide(made.case, "discarded", None, human, {"draft": made.id, "why": why})
    return made


def _begin(store: Store, days: int):
    return store.clock() - timedelta(days=days)


def _solved(uow: UnitOfWork, name: str, shared: Privacy) -> SolvedCase | None:
    """None when a word of it was erased, or the customer wrote nothing before the human did."""
    case = uow.cases.get(name)
    rows = uow.messages.of(name)
    answers = [row for row in rows if row.kind == "outbound" and row.author.startswith("human:")]
    asked = [row for row in rows if row.kind == "inbound" and row.n < answers[0].n]
    if not asked or any(row.erased for row in rows):
        return None
    names = {case.customer, case.user, *_said_of_them(uow, name)}
    own = frozenset(_names(names | {row.author.partition(":")[2] for row in answers}, shared))
    return SolvedCase(
        id=name,
        topic=case.topic,
        question=_question(asked),
        replies=tuple(own_words(row.body) for row in answers),
        human=answers[-1].author.partition(":")[2],
        solved_at=case.updated_at,
        privacy=replace(shared, own=Own(own)),
    )


def _question(asked: list[MessageRow]) -> str:
    """The message that says most: greetings and a mere yes are short."""
    return own_words(max(asked, key=lambda row: (min(len(row.body.split()), 60), -row.n)).body)


def _said_of_them(uow: UnitOfWork, case: str) -> set[str]:
    found: set[str] = set()
    for escalation in uow.escalations.of(case):
        for key, value in _leaves(escalation.packet or {}):
            if key in _OWN_KEYS:
                found.add(value)
    return found


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, str(name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each, key)
    elif isinstance(value, str):
        yield key, value


def _names(said: set[str], shared: Privacy) -> Iterator[str]:
    """Whole values, and their words where these are no common ones: `maya` and `lindqvist` of a mail address."""
    for value in said:
        if len(value) >= _SHORTEST_NAME and shared.removed(value.capitalize()) != value.capitalize():
            yield value
        for word in "".join(c if c.isalpha() else " " for c in value).split():
            if len(word) >= _SHORTEST_NAME and shared.removed(f"{word.lower().capitalize()}") == "[name]":
                yield word

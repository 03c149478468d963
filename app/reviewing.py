"""Reviews of articles: what each rests on today, what has changed since somebody vouched for it, how useful it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.knowledge_loop import period
from app.settings import Settings
from knowledge.articles import Article
from knowledge.errors import ArticleRefused
from knowledge.library import read_library
from knowledge.outcomes import Usefulness, usefulness
from knowledge.staleness import (
    REVIEWS,
    SHIPPED_REVIEWS,
    Review,
    last_review,
    read_reviews,
    rests_on,
    rules_face,
    stale,
    tool_face,
    write_review,
)
from policy.limits import DEFAULT, Limits, load_limits
from policy.rules import LAWS
from store.database import Store
from tools.catalogue import REGISTRY


@dataclass(frozen=True, slots=True)
class Standing:
    """An article and how it stands: why it is stale (empty when it is not), and what became of the cases."""

    article: Article
    review: Review | None
    reasons: tuple[str, ...]
    use: Usefulness

    @property
    def reviewed(self) -> str:
        return last_review(self.article, self.review).isoformat()


def world(limits: Limits) -> dict[str, str]:
    """Every limit, tool and set of rules there is, as `knowledge.staleness` names them."""
    found = dict(_leaves(limits.model_dump(mode="json"), "limits"))
    for tool in REGISTRY:
        found[f"tool.{tool.name}"] = tool_face(tool.description, tool.parameters, tool.effect.value)
    for action, law in LAWS.items():
        parts = (*law.denials, *law.approvals, law.shown, law.value, law.reservations, law.told)
        rules = [part for part in parts if part.__module__.startswith("policy.rules.")]
        found[f"rules.{action.tool}"] = rules_face(rules)
    return found


def standings(store: Store, settings: Settings, days: int) -> list[Standing]:
    """Of every article, by id. Raises `ArticleRefused`, `LimitsError`, `LogUnavailable`."""
    articles = read_library(settings.articles_folder)
    reviews = _reviews(settings)
    today = store.clock().date()
    old = stale(articles, reviews, _world(settings), today, settings.review_after_days)
    looked = period(store, days)
    used = usefulness(looked.searches, looked.outcomes(timedelta(days=settings.came_back_days)))
    return [
        Standing(each, reviews.get(each.id), tuple(old.get(each.id, ())), used.get(each.id, Usefulness()))
        for each in articles
    ]


def reviewed(store: Store, settings: Settings, article: str, human: str) -> Review:
    """This human vouches for the article as it stands today; audited. Raises `ArticleRefused`, `LogUnavailable`."""
    held = {each.id: each for each in read_library(settings.articles_folder)}.get(article)
    if held is None:
        raise ArticleRefused(article, "there is no such article")
    review = review_of(held, store, settings, human)
    with store.unit() as uow:
        detail = {"article": article, "hash": held.content_hash, "rests_on": review.rests_on}
        uow.record("article.reviewed", f"human:{human}", None, None, detail)
        write_review(settings.articles_folder / REVIEWS, article, review)
    return review


def review_of(article: Article, store: Store, settings: Settings, human: str) -> Review:
    """Today's, with what the article rests on today. Raises `LimitsError`."""
    return Review(reviewed=store.clock().date(), by=human, rests_on=rests_on(article, _world(settings)))


def _reviews(settings: Settings) -> dict[str, Review]:
    return read_reviews(SHIPPED_REVIEWS, settings.articles_folder / REVIEWS)


def _world(settings: Settings) -> dict[str, str]:
    return world(load_limits(settings.limits or DEFAULT))


def _leaves(value: Any, path: str):
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, ", ".join(sorted(str(each) for each in value))
    else:
        yield path, str(value)

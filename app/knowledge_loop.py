"""The help centre learns from cases: what the log of searches and the replies of humans say about its articles.

KCS v6 (Knowledge-Centered Service, Consortium for Service Innovation): capture in the workflow, reuse, improve.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.topics.examples import read_examples
from app.settings import Settings
from billing.money import Money
from knowledge.articles import read_articles
from knowledge.embedder import Embedder
from knowledge.gaps import Gap, gaps, missed, without_article
from knowledge.outcomes import Outcomes, searching
from knowledge.personal import Common, Privacy, common_of
from knowledge.search import Search
from store.database import Store
from store.searches import CaseHistory, SearchRow


@dataclass(frozen=True, slots=True)
class Period:
    """What was searched since `begin`, and what became of the cases."""

    begin: datetime
    searches: tuple[SearchRow, ...]
    histories: dict[str, CaseHistory]

    def outcomes(self, again: timedelta) -> Outcomes:
        return Outcomes(self.histories, searching(self.searches), again)


def period(store: Store, days: int) -> Period:
    begin = store.clock() - timedelta(days=days)
    with store.look() as uow:
        return Period(begin, tuple(uow.searches.since(begin)), uow.searches.histories(begin))


def common() -> Common:
    """Words, product names and amounts that are everybody's: those of our articles; of our examples, the words only."""
    ours = common_of(f"{article.title}\n{article.text}" for article in read_articles())
    spoken = common_of(example.text for example in read_examples())
    return Common(ours.words | spoken.words, ours.names, ours.amounts, ours.pairs)


def found_gaps(
    store: Store, settings: Settings, embedder: Embedder, days: int, search: Search | None = None
) -> list[Gap]:
    """Dearest first; with `search`, without those that have got an article since.

    Raises `KnowledgeError`, `LogUnavailable`."""
    looked = period(store, days)
    missing = missed(looked.searches, looked.histories)
    with store.look() as uow:
        decisions = uow.drafts.decisions()
    closed = {case: made.decided_at for case, made in decisions.items() if made.status == "published"}
    price = Money(settings.human_cost, settings.human_cost_currency)
    found = gaps(missing, closed, embedder, Privacy(common()), price)
    return found if search is None else without_article(found, search)

"""Gaps: questions that the help centre did not answer, put together by meaning, the dearest first.

A turn is missing an article when nothing was quoted in it and it ended with a human for want of an answer, or with a
question to a customer who was never answered since. What policy stopped, what needed an approval and whoever asked for
a human are no gaps. A case counts once, with its first unanswered question.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from billing.money import Money
from knowledge.answerability import QUOTED_FROM
from knowledge.embedder import Embedder, Vectors
from knowledge.outcomes import turn_of
from knowledge.personal import Privacy, without_courtesies
from knowledge.search import Search, answers
from store.searches import CaseHistory, SearchRow

# Why a turn ends with a human when an article could have helped (`agent.escalation.REASONS`).
FOR_WANT_OF_AN_ARTICLE = frozenset({"cannot_solve", "low_confidence", "not_understood", "reply_refused"})
# Mean cosine distance up to which questions are put together: chosen on the scenarios of our own examples, measured on
# questions that nobody here wrote (docs/knowledge.md).
TOGETHER = 0.5
MOST = 4_000  # questions clustered at once, the newest: all pairs are compared, 64 MB of cosines
LONGEST_LABEL = 160
NEAR = 420  # for searches from before their probability was kept: the cosine in thousandths from which one quoted


class Why(StrEnum):
    NOTHING_ANSWERS = "nothing_answers"  # no passage was likely to answer
    NOT_QUOTED = "not_quoted"  # one was, and still no answer


@dataclass(frozen=True, slots=True)
class Missed:
    """A question of one case that got no article. `best` is the cosine of the best passage in thousandths, `nearest`
    its article, `found` all that were; `escalated`: a human had to answer."""

    case: str
    customer: str
    topic: str | None
    question: str
    at: datetime
    why: Why
    escalated: bool
    best: int
    nearest: str | None
    found: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """`label` is the most central question without personal data. `cost`: what its cases cost with a human. `found`:
    every article that its searches gave, and that did not answer."""

    label: str
    cases: tuple[str, ...]
    customers: int
    cost: Money
    escalated: int
    topics: tuple[str, ...]
    why: Why
    nearest: str | None
    best: int
    first_seen: datetime
    last_seen: datetime
    found: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        return len(self.cases)


def missed(searches: Iterable[SearchRow], histories: Mapping[str, CaseHistory]) -> list[Missed]:
    """The first unanswered question of each case, oldest first. Searches whose customer was erased are left out."""
    by_case: dict[str, list[SearchRow]] = defaultdict(list)
    for row in searches:
        by_case[row.case_id].append(row)
    found = [
        miss
        for name, rows in by_case.items()
        if (case := histories.get(name)) is not None and (miss := _first_missed(case, rows)) is not None
    ]
    return sorted(found, key=lambda miss: (miss.at, miss.case))


def _first_missed(case: CaseHistory, rows: Sequence[SearchRow]) -> Missed | None:
    turns: dict[str, list[SearchRow]] = defaultdict(list)
    for row in rows:
        turns[row.turn_id or row.id].append(row)
    for made in turns.values():
        asked = next((row for row in made if row.question), None)
        if asked is None or not _unanswered(case, made):
            continue
        best = max((passage for row in made for passage in row.found), key=lambda p: p.score, default=None)
        score = 0 if best is None else best.score
        return Missed(
            case=case.id,
            customer=case.customer,
            topic=case.topic,
            question=str(asked.question),
            at=asked.created_at,
            why=Why.NOT_QUOTED if any(map(_quotable, made)) else Why.NOTHING_ANSWERS,
            escalated=any(at >= asked.created_at for at in case.escalated),
            best=score,
            nearest=None if best is None else best.article,
            found=frozenset(passage.article for row in made for passage in row.found),
        )
    return None


def _quotable(made: SearchRow) -> bool:
    """Whether the first passage that it gave would be quoted."""
    return made.best >= NEAR if made.answers is None else made.answers >= QUOTED_FROM * 1000


def _unanswered(case: CaseHistory, made: Sequence[SearchRow]) -> bool:
    quotable = any(map(_quotable, made))
    turn = turn_of(case, made[0])
    if turn is None:  # a human searched: what they found not is not there
        return made[0].turn_id is None and not quotable
    if turn.proposed or any(row.quoted for row in made):
        return False
    if turn.outcome == "escalated":
        return turn.reason in FOR_WANT_OF_AN_ARTICLE
    answered_later = any(each.n > turn.n and each.outcome == "resolved" for each in case.turns)
    return turn.outcome == "awaiting_customer" and not quotable and not answered_later


def gaps(
    missing: Sequence[Missed],
    closed: Mapping[str, datetime],
    embedder: Embedder,
    privacy: Privacy,
    cost_per_case: Money,
) -> list[Gap]:
    """Clusters of the newest `MOST` questions, dearest first. The same questions always give the same clusters.

    `closed`: when a case's draft was published. The questions up to then that lie with the case's have their article;
    those that came later have not got it."""
    newest = sorted(missing, key=lambda miss: (miss.at, miss.case))[-MOST:]
    if not newest:
        return []
    vectors = embedder.encode([without_courtesies(miss.question) or miss.question for miss in newest])
    members: dict[int, list[int]] = defaultdict(list)
    for place, cluster in enumerate(clusters(vectors)):
        members[cluster].append(place)
    found: list[Gap] = []
    for places in members.values():
        done = max((closed[newest[n].case] for n in places if newest[n].case in closed), default=None)
        left = [n for n in places if done is None or newest[n].at > done]
        if left:
            found.append(_gap([newest[n] for n in left], vectors[left], privacy, cost_per_case))
    return sorted(found, key=lambda gap: (-gap.cost.amount, -gap.escalated, gap.first_seen, gap.cases))


def without_article(found: Iterable[Gap], search: Search) -> list[Gap]:
    """Those whose question still finds nothing that answers it. An article that was found then and did not help closes
    no gap, one that came since does, wherever it is from. Raises `KnowledgeError`."""
    left: list[Gap] = []
    for gap in found:
        hits = search.search(gap.label, 1)
        if not answers(hits) or hits[0].article in gap.found:
            left.append(gap)
    return left


def clusters(vectors: Vectors, together: float = TOGETHER) -> list[int]:
    """A number for each row: average linkage over cosines, cut at the distance `together`. Deterministic."""
    if len(vectors) < 2:
        return [0] * len(vectors)
    from sklearn.cluster import AgglomerativeClustering

    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    np.fill_diagonal(distances, 0)
    asked: dict[str, Any] = {"n_clusters": None, "metric": "precomputed", "distance_threshold": together}
    linked = AgglomerativeClustering(linkage="average", **asked).fit(distances)
    return [int(label) for label in linked.labels_]


def central(vectors: Vectors) -> int:
    """The row that is nearest to all the others; the first of equals."""
    return int(np.argmax(np.round((vectors @ vectors.T).sum(axis=1), 5)))


def _gap(members: Sequence[Missed], vectors: Vectors, privacy: Privacy, cost_per_case: Money) -> Gap:
    middle = members[central(vectors)]
    told = " ".join(privacy.removed(without_courtesies(middle.question) or middle.question).split())
    topics = Counter(miss.topic or "unknown" for miss in members)
    nearest = max(members, key=lambda miss: miss.best)
    return Gap(
        label=told if len(told) <= LONGEST_LABEL else told[: LONGEST_LABEL - 1] + "…",
        cases=tuple(miss.case for miss in members),
        customers=len({miss.customer for miss in members}),
        cost=Money(cost_per_case.amount * len(members), cost_per_case.currency),
        escalated=sum(miss.escalated for miss in members),
        topics=tuple(name for name, _ in sorted(topics.items(), key=lambda item: (-item[1], item[0]))),
        why=Counter(miss.why for miss in members).most_common(1)[0][0],
        nearest=nearest.nearest,
        best=nearest.best,
        first_seen=members[0].at,
        last_seen=members[-1].at,
        found=frozenset().union(*(miss.found for miss in members)),
    )

"""A draft of an article from a case that a human solved, shaped as KCS wants it: issue, cause, resolution, source.

The title and the issue are the customer's question, the cause and the resolution the human's own words: nothing of what
the customer wrote becomes an answer. What belongs to the customer is taken out, and a mark is left where the text needs
it; a text with a mark in it cannot be published, so a human looks at the place.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from knowledge.articles import Article, Provenance, Resolution, State
from knowledge.embedder import Embedder
from knowledge.hidden import seen
from knowledge.orders import orders, sentences
from knowledge.personal import MARK, Privacy, without_courtesies
from knowledge.search import Search

# Cosine of a draft and a passage from which the two may be one matter: of our own articles, which are about different
# matters, one in ten has another as near.
NEAR = 0.8
LONGEST_TITLE = 140
LONGEST_ID = 40
LONGEST_ISSUE = 500
LONGEST_ORDER = 200
_ASKS = re.compile(r"\?|^(?:how|why|what|where|when|who|which|can|could|is|are|do|does|did|will|would|should)\b", re.I)
_CAUSE = re.compile(
    r"\b(?:because|due to|the (?:reason|cause)|caused by|happens (?:when|if)|comes from|that is why)\b", re.I
)
_MARKUP: Final = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>|!\[[^\]]*\]\([^)]*\)", re.S)
_LEADING: Final = re.compile(r"^\s*(?:#{1,6}\s+|>+\s*|-{3,}\s*$|={3,}\s*$)")
_SLUG: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class SolvedCase:
    """What a human solved. `question` and `replies` are own words, without what they quote; `human` solved it."""

    id: str
    topic: str | None
    question: str
    replies: tuple[str, ...]
    human: str
    solved_at: dt.datetime
    privacy: Privacy


@dataclass(frozen=True, slots=True)
class Near:
    """An article that may be about the same matter: improve it instead of writing another. `similarity` is a cosine."""

    article: str
    title: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Draft:
    """`near`: improve that article; `same_as`: an earlier draft about the same; `marks`: what was taken out of it;
    `left_out`: sentences that give orders to a model, whoever of the case wrote them."""

    id: str
    article: Article
    case: str
    human: str
    near: Near | None = None
    same_as: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(MARK.findall(f"{self.article.title}\n{self.article.text}"))


def draft_id(case: str) -> str:
    """`draft_…` with the digits of the case's id."""
    return f"draft_{case.removeprefix('case_')}"


def draft(case: SolvedCase, today: dt.date) -> Draft | None:
    """None when the human's words hold no resolution: a greeting, a question back."""
    left_out: dict[str, None] = {}
    answer = [case.privacy.removed(_cleared(without_courtesies(reply), left_out)) for reply in case.replies]
    lines = [line for reply in answer for line in reply.splitlines()]
    causes = [s for line in lines if not _listed(line) for s in sentences(line) if _CAUSE.search(s)]
    resolution = "\n".join(_without(line, causes) for line in lines).strip()
    words = MARK.sub("", resolution)
    if len(re.findall(r"[^\W\d_]+", words)) < 4 or all(sentence.endswith("?") for sentence in sentences(words)):
        return None
    harmless = [each for each in sentences(seen(without_courtesies(case.question))) if not _orders(each, left_out)]
    asked = _asked(case.privacy.removed("\n".join(harmless)), left_out)
    title = _title(asked, resolution)
    issue = " ".join(s for s in asked if not MARK.search(s))[:LONGEST_ISSUE].strip() or title
    parts = [("Issue", issue), ("Cause", " ".join(causes)), ("Resolution", re.sub(r"\n{3,}", "\n\n", resolution))]
    article = Article(
        id=slug(title) or draft_id(case.id),
        title=title,
        topics=(case.topic,) if case.topic else ("unknown",),
        resolution=Resolution.HUMAN,  # what is known: a human finished it
        state=State.DRAFT,
        provenance=Provenance(
            author_role=f"support ({case.human})", source=f"Case {case.id}", created=today, reviewed=today
        ),
        text="\n\n".join(f"## {heading}\n{text}" for heading, text in parts if text),
    )
    told = tuple(dict.fromkeys(case.privacy.removed(order)[:LONGEST_ORDER] for order in left_out))
    return Draft(draft_id(case.id), article, case.id, case.human, left_out=told)


def compared(drafts: Sequence[Draft], embedder: Embedder, published: Search | None) -> list[Draft]:
    """The same drafts, each with the article or the earlier draft that it may repeat; None compares drafts only.

    Raises `IndexUnavailable`, `EmbeddingModelUnavailable`."""
    if not drafts:
        return []
    vectors = embedder.encode([_gist(each) for each in drafts])
    told: list[Draft] = []
    for n, each in enumerate(drafts):
        hits = [] if published is None else published.search(_gist(each), 3)
        best = max(hits, key=lambda hit: hit.dense_score, default=None)
        near = None
        if best is not None and best.dense_score >= NEAR:
            near = Near(best.article, best.title, round(best.dense_score, 3))
        twin = next((m for m in range(n) if told[m].same_as is None and float(vectors[m] @ vectors[n]) >= NEAR), None)
        told.append(replace(each, near=near, same_as=None if twin is None else drafts[twin].id))
    return told


def _asked(question: str, left_out: dict[str, None]) -> list[str]:
    """The customer's sentences of three words and more that order nothing; what orders goes to `left_out`."""
    kept = [each for each in sentences(_prose(question)) if not _orders(each, left_out)]
    return [sentence for sentence in kept if len(sentence.split()) >= 3]


def slug(title: str) -> str:
    """The title's first words, at most `LONGEST_ID` characters of `a-z0-9-`."""
    whole = _SLUG.sub("-", title.lower()).strip("-")
    return whole if len(whole) <= LONGEST_ID else whole[: LONGEST_ID + 1].rpartition("-")[0] or whole[:LONGEST_ID]


def _gist(draft: Draft) -> str:
    return f"{draft.article.title}\n{draft.article.text}"


def _title(asked: Sequence[str], resolution: str) -> str:
    """The first question without a mark, else the first sentence without one, else the beginning of the resolution."""
    clean = [sentence for sentence in asked if not MARK.search(sentence)]
    chosen = next((s for s in clean if _ASKS.search(s)), None) or next(iter(clean), None)
    if chosen is None:
        chosen = next((s for s in sentences(resolution) if not MARK.search(s)), "A question that a colleague solved")
    chosen = " ".join(chosen.split()).lstrip("-*•> ")
    if len(chosen) > LONGEST_TITLE:
        chosen = chosen[: LONGEST_TITLE - 1].rpartition(" ")[0] + "…"
    return chosen[:1].upper() + chosen[1:]


def _cleared(text: str, left_out: dict[str, None]) -> str:
    """A human's reply without what a page would hide, without markup that would change the article's shape, and without
    orders to a model: those go to `left_out`."""
    lines = [_LEADING.sub("", _MARKUP.sub(" ", line)).rstrip() for line in seen(text).splitlines()]
    return "\n".join(line for line in lines if not _orders(line, left_out)).strip()


def _orders(sentence: str, left_out: dict[str, None]) -> bool:
    found = bool(orders(sentence))
    if found:
        left_out[sentence] = None
    return found


def _prose(text: str) -> str:
    """A customer's words as plain prose: no headings, lists, code or tags."""
    lines = [re.sub(r"[`*_|#<>\[\]{}]+", " ", _LEADING.sub("", _MARKUP.sub(" ", line))) for line in _marked(seen(text))]
    return "\n".join(" ".join(line.split()) for line in lines).replace("⟦", "[").replace("⟧", "]")


def _marked(text: str) -> list[str]:
    """Lines with our own marks kept from being read as markup."""
    return MARK.sub(lambda found: f"⟦{found.group()[1:-1]}⟧", text.replace("⟦", "").replace("⟧", "")).splitlines()


def _listed(line: str) -> bool:
    return re.match(r"^\s*(?:[-*•]|\d{1,2}[.)])\s", line) is not None


def _without(line: str, causes: Sequence[str]) -> str:
    for cause in causes:
        line = line.replace(cause, "").strip()
    return line

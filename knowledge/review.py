"""What a human has to look at before an article reaches customers: what orders a model, and what is secret.

An article that orders something moves nothing: the gate does not read articles. Here it is kept from being read at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from knowledge.articles import Article
from knowledge.orders import found_orders
from store.redaction import redact


@dataclass(frozen=True, slots=True)
class Concern:
    """What is wrong with an article, in words. `grave`: it is held back until a human vouches for the article."""

    article: str
    what: str
    grave: bool

    @property
    def told(self) -> str:
        return f"{self.article} {self.what}"


def concerns(article: Article) -> list[Concern]:
    """The grave ones first."""
    told = f"{article.title}\n{article.text}\n{article.provenance.author_role}\n{article.provenance.source}"
    found = [Concern(article.id, f"orders a model: “{each.text}”", each.grave) for each in found_orders(told)]
    if redact(told) != told:
        found.append(Concern(article.id, "holds a card number, code, password or key, which is taken out", grave=False))
    return found


def hidden_orders(raw: str, article: Article) -> list[str]:
    """Orders that a text hid from its readers, and that are therefore not in its article. `raw`: as it was found."""
    if raw.strip() == article.text:
        return []
    kept = {each.text.lower() for each in found_orders(f"{article.title}\n{article.text}")}
    return [each.text for each in found_orders(raw) if each.grave and each.text.lower() not in kept]


def reviewed(articles: Iterable[Article], vouched: Collection[str]) -> tuple[list[Article], list[Concern]]:
    """The articles that may be published, without secrets, and all that there is to look at. `vouched`: ids that a
    human stands for as they are."""
    kept: list[Article] = []
    noted: list[Concern] = []
    for article in articles:
        if article.id in vouched:
            kept.append(article)
            continue
        found = concerns(article)
        noted += found
        if not any(concern.grave for concern in found):
            kept.append(_without_secrets(article))
    return kept, noted


def _without_secrets(article: Article) -> Article:
    title, text = redact(article.title), redact(article.text)
    whole = (title, text) == (article.title, article.text)
    return article if whole else article.model_copy(update={"title": title, "text": text})

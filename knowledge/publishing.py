"""From a draft to a published article: what a human vouches for, and what nobody can vouch for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from knowledge.articles import Article, Resolution, State, parse_article
from knowledge.drafts import Draft
from knowledge.errors import ArticleRefused
from knowledge.orders import orders
from knowledge.personal import MARK, Privacy


def publishable(
    draft: Draft,
    edited: str | None,
    privacy: Privacy,
    taken: Collection[str],
    today: dt.date,
    *,
    replace: bool = False,
    resolution: Resolution | None = None,
) -> Article:
    """The article as it would be published today: the draft itself, or `edited` (Markdown with front matter).

    `taken` are the ids in use. Raises `ArticleRefused`, which names everything that is in the way."""
    article = draft.article if edited is None else parse_article(edited, draft.id)
    front = article.model_dump()
    source = article.provenance.source
    front |= {"state": State.PUBLISHED, "resolution": resolution or article.resolution}
    front["provenance"] |= {"reviewed": max(today, article.provenance.created)}
    problems: list[str] = []
    if draft.case not in source:
        problems.append(f"its provenance does not name the case it is from ({draft.case})")
    if article.id in taken and not replace:
        problems.append(f"there is an article {article.id} already: improve that one (--replace), or choose another id")
    if article.provenance.created > today:
        problems.append(f"its provenance is of a day that is to come ({article.provenance.created.isoformat()})")
    told = f"{article.title}\n{article.text}"
    marks = sorted(set(MARK.findall(told)))
    if marks:
        problems.append(f"something was taken out and its place is empty ({', '.join(marks)}): edit the text")
    found = list(dict.fromkeys(f"{finding.kind}: {finding.text}" for finding in privacy.findings(told)))
    if found:
        problems.append(f"it holds personal data ({'; '.join(found)}); --allow takes words that are nobody's")
    ordering = orders(f"{told}\n{article.provenance.author_role}\n{source}")
    if ordering:
        problems.append(f"it gives orders to a model ({'; '.join(ordering)})")
    if problems:
        raise ArticleRefused(draft.id, ". And ".join(problems))
    return Article.model_validate(front)

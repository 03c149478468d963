"""Which articles nobody should trust any longer: not looked at for too long, or what they speak of has changed.

When an article is reviewed, what it rests on is written down beside it: the limits that its figures name, and the faces
of the tools that it describes with the rules over them. Stale is whose ground differs today.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.articles import Article, State
from knowledge.errors import ArticleRefused
from knowledge.library import replaced

SHIPPED_REVIEWS: Final = Path(__file__).parent / "reviews.json"
REVIEWS: Final = "reviews.json"  # in the folder of the articles that are published here
_LIMIT, _TOOL, _RULES = "limits.", "tool.", "rules."


class Review(BaseModel):
    """`rests_on`: `limits.…` to its value, `tool.…` and `rules.…` to a face (`tool_face`, `rules_face`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: dt.date
    by: str
    rests_on: dict[str, str]


_Reviews: Final = TypeAdapter(dict[str, Review])


def tool_face(description: str, parameters: Mapping[str, Any], effect: str) -> str:
    """`amount,charge 1f0c…`: what it takes, and a fingerprint of all that a model is told of it."""
    told = json.dumps([description, parameters, effect], sort_keys=True)
    takes = ",".join(sorted(parameters.get("properties", {})))
    return f"{takes} {hashlib.sha256(told.encode()).hexdigest()[:16]}"


def rules_face(rules: Iterable[Callable[..., object]]) -> str:
    """A fingerprint of the modules in which these rules stand; comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for name in sorted({rule.__module__ for rule in rules}):
        tree = ast.parse(inspect.getsource(sys.modules[name]))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = [each for each in node.body if not _docstring(each)] or [ast.Pass()]
        digest.update(f"{name}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:16]


def rests_on(article: Article, world: Mapping[str, str]) -> dict[str, str]:
    """What of `world` (every limit, tool and set of rules there is today) the article names."""
    named = {source for source in article.facts.values() if source.startswith(_LIMIT)}
    named |= {f"{kind}{tool}" for tool in article.tools for kind in (_TOOL, _RULES)}
    return {name: world[name] for name in sorted(named) if name in world}


def stale(
    articles: Iterable[Article], reviews: Mapping[str, Review], world: Mapping[str, str], today: dt.date, days: int
) -> dict[str, list[str]]:
    """By article, each reason in a sentence; articles that are in order are not in it."""
    found = {article.id: list(_reasons(article, reviews.get(article.id), world, today, days)) for article in articles}
    return {name: reasons for name, reasons in found.items() if reasons}


def last_review(article: Article, review: Review | None) -> dt.date:
    own = article.provenance.reviewed
    return own if review is None else max(own, review.reviewed)


def _reasons(
    article: Article, review: Review | None, world: Mapping[str, str], today: dt.date, days: int
) -> Iterable[str]:
    age = (today - last_review(article, review)).days
    if age < -1:  # a day for the zones: nobody has reviewed it on a day that is to come
        yield f"Its review is dated {last_review(article, review).isoformat()}, which is to come."
    if age > days:
        yield f"Nobody has reviewed it for {age} days; {days} are allowed."
    if article.state is State.STALE:
        yield "It is marked as stale."
    for name, was in () if review is None else sorted(review.rests_on.items()):
        now = world.get(name)
        if now != was:
            yield _told(name, was, now)


def _told(name: str, was: str, now: str | None) -> str:
    if name.startswith(_LIMIT):
        return f"{name} is no more." if now is None else f"{name} was {was} and is {now}."
    if name.startswith(_RULES):
        tool = name.removeprefix(_RULES)
        return f"No rules cover {tool} any more." if now is None else f"The rules of {tool} have changed."
    tool = name.removeprefix(_TOOL)
    if now is None:
        return f"There is no tool {tool} any more."
    before, after = ({each for each in face.split(" ")[0].split(",") if each} for face in (was, now))
    changes = [f"{each} is new" for each in sorted(after - before)] + [
        f"{each} is gone" for each in sorted(before - after)
    ]
    return (
        f"What {tool} takes has changed: {', '.join(changes)}." if changes else f"{tool} is described in another way."
    )


def read_reviews(*paths: Path) -> dict[str, Review]:
    """By article; a later file's word counts. Raises `ArticleRefused` for a file that holds something else."""
    found: dict[str, Review] = {}
    for path in paths:
        if path.exists():
            try:
                found |= _Reviews.validate_json(path.read_bytes())
            except ValidationError as error:
                raise ArticleRefused(path.name, f"its reviews cannot be read ({error.errors()[0]['msg']})") from error
    return found


def write_review(path: Path, article: str, review: Review) -> None:
    """Beside the others of this file. Raises `ArticleRefused`, OSError."""
    held = {**read_reviews(path), article: review}
    plain = _Reviews.dump_python({name: held[name] for name in sorted(held)}, mode="json")
    replaced(path, json.dumps(plain, indent=1, ensure_ascii=False) + "\n")


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

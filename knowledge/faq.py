"""schema.org `FAQPage`: the questions by which a publisher says what a page answers, and the answers.

They are content, though they stand in a script (JSON-LD): search engines want readers to see the same on the page. What
an article does not ask itself becomes its text, last, under headings, where it is seen and checked as all text is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeGuard

from knowledge.articles import Article
from knowledge.html_text import read_page

HEADING: Final = "## Questions and answers"
# What is longer (in characters), and every question after these, is left out.
LONGEST_DATA, LONGEST_QUESTION, LONGEST_ANSWER, MOST_QUESTIONS = 100_000, 300, 3_000, 50
_JSX: Final = re.compile(r"\s*\{\s*`(.*)`\s*\}\s*", re.S)  # a script of MDX holds its text in a template
_SCHEMA: Final = re.compile(r"https?://schema\.org/?")
_WORD: Final = re.compile(r"\w+")


def with_questions(article: Article, data: Iterable[str]) -> Article:
    """The article with the questions of its `FAQPage` that it does not ask itself. `data`: its JSON-LD scripts."""
    said = _words(f"{article.title}\n{article.text}")
    parts: list[str] = []
    for name, text in islice((pair for each in data for pair in _pairs(each)), MOST_QUESTIONS):
        question, answer = " ".join(read_page(name).markdown.split()).lstrip("#- "), read_page(text).markdown
        words = _words(question)
        if words.strip() and _words(answer).strip() and words not in said:
            said += words
            parts += [f"### {question}", answer]
    return article.model_copy(update={"text": "\n\n".join([article.text, HEADING, *parts])}) if parts else article


def _pairs(data: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each question and its accepted answer, as they are written. Anything else gives nothing."""
    if len(data) > LONGEST_DATA:
        return
    wrapped = _JSX.fullmatch(data)
    try:
        tops: Any = json.loads(wrapped[1] if wrapped else data)
    except (ValueError, RecursionError):
        return
    known = [top for top in _listed(tops) if isinstance(top, dict) and _of_schema(top.get("@context"))]
    pages = [page for top in known for page in _nodes(top.get("@graph", top), "FAQPage")]
    for question in (each for page in pages for each in _nodes(page.get("mainEntity"), "Question")):
        for answer in _nodes(question.get("acceptedAnswer"), "Answer")[:1]:
            name, text = question.get("name"), answer.get("text")
            if _short(name, LONGEST_QUESTION) and _short(text, LONGEST_ANSWER):
                yield name, text


def _of_schema(context: Any) -> bool:
    return any(isinstance(each, str) and _SCHEMA.fullmatch(each) for each in _listed(context))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _nodes(value: Any, kind: str) -> list[dict[str, Any]]:
    return [each for each in _listed(value) if isinstance(each, dict) and kind in _listed(each.get("@type"))]


def _short(value: Any, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= longest


def _words(text: str) -> str:
    """The words alone, in lower case, with a space on either side of each."""
    return " ".join(["", *_WORD.findall(text.lower()), ""])

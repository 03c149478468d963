"""Whole help centres: a folder of Markdown, HTML and JSONL (`{"id", "title", "text"}` a line), read as articles.

Our own articles carry their provenance in their front matter. Those of others have it where their format has room:
a page of HTML in its `<meta>` (author, and canonical or og:url), a line of JSONL in a `provenance` of its own, else in
the export that it stands in. Whoever indexes may vouch for a source; what has neither is refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.articles import FRONT_MATTER, Article, Provenance, Resolution, State, parse_article, plainly
from knowledge.errors import ArticleRefused
from knowledge.faq import with_questions
from knowledge.hidden import seen, structured, visible
from knowledge.html_text import Page, read_page
from knowledge.review import hidden_orders

MARKDOWN, HTML, LINES = (".md", ".mdx", ".markdown"), (".html", ".htm"), (".jsonl", ".ndjson")
LONGEST_NAME = 300
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._/-]+")
_FIRST_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)


@dataclass(frozen=True)
class HelpCentre:
    """`questions` are files of `{"query", "article"}` lines: for measuring, and no articles. `hidden`: where a text hid
    an order to a model from its readers, in words; it is in none of the articles."""

    articles: tuple[Article, ...]
    questions: tuple[Path, ...] = ()
    hidden: tuple[str, ...] = ()


def article_id(name: str) -> str:
    """The id of an article that others named: their name where it is one, else what is left of it and a digest."""
    if _ID.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10]
    return f"{_NOT_IN_ID.sub('-', name).strip('-._/')[:150] or 'article'}-{digest}"


def read_helpcentre(folder: Path, source: str | None = None) -> HelpCentre:
    """Read a folder and those below it, or one file. `source` vouches for what does not say where it is from.

    Raises `ArticleRefused`, which names file and line: for what cannot be read, has no provenance, takes an id that is
    taken, and for a folder without any article, because an index made equal to it would be empty."""
    source = visible(source or "").strip() or None
    if not folder.exists():
        raise ArticleRefused(str(folder), "there is no such folder")
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if _counts(path, folder))
    taken: dict[str, str] = {}
    articles: list[Article] = []
    questions: list[Path] = []
    hidden: list[str] = []
    for path in files:
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        if path.suffix.lower() in LINES and _holds_questions(path):
            questions.append(path)
            continue
        for where, found, raw, data in _read(path, name, source):
            article = with_questions(found, data)
            if article.id in taken:
                raise ArticleRefused(where, f"the id {article.id} is already taken by {taken[article.id]}")
            taken[article.id] = where
            articles.append(article)
            hidden += [f"{where} hides from its readers: “{order}”" for order in hidden_orders(raw, article)]
    if not articles:
        raise ArticleRefused(str(folder), "it holds no article (Markdown, HTML or JSONL)")
    return HelpCentre(tuple(sorted(articles, key=lambda each: each.id)), tuple(questions), tuple(hidden))


def rows(path: Path, name: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """("file line n", object) of each line of a JSONL file that is not blank. Raises `ArticleRefused`."""
    for number, line in enumerate(_text(path, name or path.name).split("\n"), start=1):
        where = f"{name or path.name} line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ArticleRefused(where, f"it is not JSON ({error})") from error
        if not isinstance(row, dict):
            raise ArticleRefused(where, "it is not a JSON object")
        yield where, row


def texts(row: dict[str, Any], where: str, keys: Sequence[str]) -> list[str]:
    """The values of `keys`, all texts. Raises `ArticleRefused` for the first that is not."""
    for key in keys:
        if not isinstance(row.get(key), str):
            raise ArticleRefused(where, f"`{key}` is {'not a text' if key in row else 'missing'}")
    return [_clean(row[key]) for key in keys]


def _counts(path: Path, folder: Path) -> bool:
    seen = not any(part.startswith(".") for part in path.relative_to(folder).parts)
    return seen and path.suffix.lower() in (*MARKDOWN, *HTML, *LINES) and path.is_file()


def _holds_questions(path: Path) -> bool:
    first = next(rows(path), None)
    return first is not None and {"query", "article"} <= first[1].keys() and "text" not in first[1]


def _read(path: Path, name: str, source: str | None) -> Iterator[tuple[str, Article, str, Sequence[str]]]:
    """(where it stands, the article, its text as it was found, what stands in its JSON-LD scripts)."""
    suffix = path.suffix.lower()
    if suffix in LINES:
        day = _day(path)
        for where, row in rows(path, name):
            yield where, _from_row(row, where, name, source, day), str(row["text"]), structured(row["text"])
    elif suffix in HTML:
        html = _text(path, name)
        page = read_page(html)
        yield name, _from_page(page, path, name, source), unescape(html), page.structured
    elif suffix in MARKDOWN:
        text = _text(path, name)
        yield name, _from_markdown(text, path, name, source), text, structured(text)
    else:
        raise ArticleRefused(name, "it is neither Markdown, HTML nor JSONL")


def _from_row(row: dict[str, Any], where: str, file: str, source: str | None, day: dt.date) -> Article:
    name, title, text = texts(row, where, ("id", "title", "text"))
    if "provenance" in row:
        try:
            provenance = Provenance.model_validate(row["provenance"] or {})
        except ValidationError as error:
            raise ArticleRefused(where, f"its provenance is not one ({plainly(error)})") from error
    else:
        provenance = _imported(source or f"export {file}, {where.removeprefix(file).strip()}", day)
    if not name.strip():
        raise ArticleRefused(where, "`id` is empty")
    if not text.strip() and not title.strip():
        raise ArticleRefused(where, "it has neither title nor text")
    return _article(name, title, seen(text), provenance, where)


def _from_page(page: Page, path: Path, name: str, source: str | None) -> Article:
    told = page.meta.get("canonical") or page.meta.get("og:url")
    author = page.meta.get("author") or page.meta.get("article:author")
    if not source and not (told and author):
        raise ArticleRefused(
            name,
            "it has no provenance: neither <meta> author and canonical address, nor a source that you vouch for "
            "(--source)",
        )
    if not page.markdown and not page.title:
        raise ArticleRefused(name, "it has neither title nor text")
    return _article(name, page.title, page.markdown, _imported(told or source or "", _day(path), author), name)


def _from_markdown(markdown: str, path: Path, name: str, source: str | None) -> Article:
    text = seen(markdown)
    if not source:
        return parse_article(text, name)
    found = FRONT_MATTER.match(text)
    try:
        front = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        raise ArticleRefused(name, f"its front matter is not YAML ({str(error).splitlines()[0]})") from error
    if isinstance(front, dict) and "provenance" in front:
        return parse_article(text, name)
    told = front.get("title") if isinstance(front, dict) else None
    heading = _FIRST_HEADING.search(found[2] if found else text)
    title = str(told or (heading[1] if heading else ""))
    if not text.strip():
        raise ArticleRefused(name, "it is empty")
    return _article(name, title, text, _imported(source, _day(path)), name)


def _article(name: str, title: str, text: str, provenance: Provenance, where: str) -> Article:
    told = " ".join(title.split()) or Path(name).stem.replace("-", " ").replace("_", " ").strip() or name
    # A title that is too long for one stands in the text in full.
    whole = text if len(told) <= LONGEST_NAME else f"{told}\n\n{text}"
    try:
        return Article(
            id=article_id(name),
            title=told[:LONGEST_NAME],
            topics=(),
            resolution=Resolution.SELF_SERVE,
            state=State.PUBLISHED,
            provenance=provenance,
            text=whole if whole.strip() else told,
        )
    except ValidationError as error:
        raise ArticleRefused(where, plainly(error)) from error


def _imported(source: str, day: dt.date, author: str | None = None) -> Provenance:
    said = {"author_role": (author or "imported")[:LONGEST_NAME], "source": source[:LONGEST_NAME]}
    try:
        return Provenance.model_validate({**said, "created": day, "reviewed": day})
    except ValidationError as error:
        raise ArticleRefused(source, f"its provenance is not one ({plainly(error)})") from error


def _day(path: Path) -> dt.date:
    """The day the file was written: the latest on which somebody can have looked at it."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ArticleRefused(name, f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ArticleRefused(name, f"it cannot be read as UTF-8 text ({error})") from error


def _clean(text: str) -> str:
    """Without what shows nothing, and without the halves of characters that JSON can spell and nothing can store."""
    return visible(text.encode("utf-8", "replace").decode())

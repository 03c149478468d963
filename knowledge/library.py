"""The articles in use: those that are shipped, and over them those that were published here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from knowledge.articles import PUBLISHED_ARTICLES, Article, parse_article, read_articles
from knowledge.errors import ArticleRefused


class _Plainly(yaml.SafeDumper):
    """The same day twice is written twice, not as a reference to the first."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def read_library(folder: Path, shipped: Path = PUBLISHED_ARTICLES) -> list[Article]:
    """The shipped articles with those published in `folder`. Raises `ArticleRefused`."""
    return over(read_articles(shipped), folder)


def over(articles: Iterable[Article], folder: Path) -> list[Article]:
    """Sorted by id; one of `folder` takes the place of another of the same id. Raises `ArticleRefused`."""
    held = {article.id: article for article in articles}
    if folder.is_dir():
        held |= {article.id: article for article in read_articles(folder)}
    return [held[name] for name in sorted(held)]


def as_markdown(article: Article) -> str:
    """The file of an article, as `parse_article` reads it."""
    front = article.model_dump(mode="python", exclude={"text"}, exclude_defaults=True)
    plain = yaml.dump(_plain(front), Dumper=_Plainly, sort_keys=False, allow_unicode=True, width=110)
    return f"---\n{plain}---\n{article.text}\n"


def write_article(folder: Path, article: Article) -> Path:
    """Put the article into the folder, whole or not at all; what was written is read back first.

    Raises `ArticleRefused`, OSError."""
    markdown = as_markdown(article)
    if parse_article(markdown, article.id) != article:
        raise ArticleRefused(article.id, "it cannot be written so that it reads the same")
    if "/" in article.id:
        raise ArticleRefused(article.id, "an article that is published here has no / in its id")
    return replaced(folder / f"{article.id}.md", markdown)


def replaced(path: Path, text: str) -> Path:
    """The file with this text, on the disk, whole or as it was before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _plain(value: object) -> object:
    """What YAML can write: no enums, no tuples."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value

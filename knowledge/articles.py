"""KCS articles: Markdown with YAML front matter, checked before anything is indexed.

Articles speak to customers, so nothing is read that does not say who wrote it, from what, and who looked at it last.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.errors import ArticleRefused
from knowledge.hidden import seen, visible

PUBLISHED_ARTICLES = Path(__file__).parent / "articles"

FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)(.*)\Z", re.DOTALL)


def _says_something(told: str) -> str:
    told = " ".join(visible(told).split())
    if not any(character.isalnum() for character in told):
        raise ValueError("it says nothing")
    return told


Words = Annotated[str, Field(min_length=1, max_length=300)]
Told = Annotated[Words, AfterValidator(_says_something)]
ArticleId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=200)]
TopicName = Annotated[str, Field(pattern=r"^[a-z]+(?:_[a-z]+)*$", max_length=80)]
ToolName = Annotated[str, Field(pattern=r"^[a-z]+(?:_[a-z]+)*$", max_length=80)]
DemoCustomer = Annotated[str, Field(pattern=r"^cus_[a-z]+$", max_length=80)]
FactSource = Annotated[str, Field(pattern=r"^[a-z]+(?:\.[a-z_]+)*$", max_length=120)]


class State(StrEnum):
    """Only `published` is shown to customers. `stale` waits for a review, `draft` for a first one."""

    DRAFT = "draft"
    PUBLISHED = "published"
    STALE = "stale"


class Resolution(StrEnum):
    """Who can finish what the article is about: the customer, Lee after policy allows it, or only a human."""

    SELF_SERVE = "self_serve"
    LEE = "lee"
    HUMAN = "human"


class Provenance(BaseModel):
    """Where an article comes from. `reviewed` is the day somebody last vouched for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    author_role: Told
    source: Told
    created: dt.date
    reviewed: dt.date

    @model_validator(mode="after")
    def _reviewed_after_it_was_written(self) -> "Provenance":
        if self.reviewed < self.created:
            raise ValueError("reviewed is before created")
        return self


class Environment(BaseModel):
    """Whom it applies to (KCS: environment): plans by name, empty for every plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plans: tuple[Words, ...] = ()


class Article(BaseModel):
    """One article. `text` is Markdown without front matter.

    `tools` are those whose behaviour it describes, `follows` the demo customers on whose accounts its steps are
    really followed by the tests. `facts` says of each figure in the text, as it is written there, where it comes from:
    `limits.refund.request_window_days`, `price.team_monthly`, `steps` (it showed up when the steps were followed), or a
    word for what nothing here can check: `bank`, `company`, `law`, `example`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: ArticleId
    title: Words
    topics: tuple[TopicName, ...]
    environment: Environment = Environment()
    resolution: Resolution
    state: State
    provenance: Provenance
    tools: tuple[ToolName, ...] = ()
    follows: tuple[DemoCustomer, ...] = ()
    facts: dict[Words, FactSource] = Field(default_factory=dict)
    text: str = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_checked(self) -> "Article":
        if bool(self.tools) != bool(self.follows):
            raise ValueError("tools and follows belong together: what a tool does is followed on somebody's account")
        absent = [figure for figure in self.facts if figure not in self.text]
        if absent:
            raise ValueError(f"facts that the text does not state: {', '.join(absent)}")
        return self

    @property
    def content_hash(self) -> str:
        """Changes when, and only when, what customers or reviewers see changes (hex, 64 characters): not with the keys
        that only tests read."""
        return hashlib.sha256(self.model_dump_json(exclude={"tools", "follows", "facts"}).encode()).hexdigest()


def parse_article(markdown: str, where: str) -> Article:
    """Read one article, without what its readers would not see.

    Raises `ArticleRefused`, which names `where` and every key that is wrong."""
    match = FRONT_MATTER.match(visible(markdown))
    if match is None:
        raise ArticleRefused(where, "it does not begin with front matter between two lines of ---")
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise ArticleRefused(where, f"its front matter is not YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(front, dict):
        raise ArticleRefused(where, "its front matter holds no keys")
    if not front.get("provenance"):
        raise ArticleRefused(where, "it has no provenance (author_role, source, created, reviewed)")
    if "text" in front:
        raise ArticleRefused(where, "text: the text stands below the front matter")
    try:
        return Article.model_validate({**front, "text": seen(match[2]).strip()})
    except ValidationError as error:
        raise ArticleRefused(where, plainly(error)) from error


def read_articles(folder: Path = PUBLISHED_ARTICLES) -> list[Article]:
    """Read every `*.md` of a folder, sorted by id. Raises `ArticleRefused`, also for an id used twice."""
    if not folder.is_dir():
        raise ArticleRefused(str(folder), "there is no such folder")
    articles: dict[str, Article] = {}
    for path in sorted(folder.glob("*.md")):
        try:
            markdown = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArticleRefused(path.name, f"it cannot be read as UTF-8 text ({error})") from error
        article = parse_article(markdown, path.name)
        if article.id in articles:
            raise ArticleRefused(path.name, f"the id {article.id} is already taken")
        articles[article.id] = article
    return [articles[name] for name in sorted(articles)]


def published(articles: Iterable[Article]) -> list[Article]:
    return [article for article in articles if article.state is State.PUBLISHED]


def plainly(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
    )

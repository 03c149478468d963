"""Articles are true: their steps are followed at the demo company, and their figures have a source."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from knowledge.articles import Article, published, read_articles
from policy.actions import ACTIONS
from policy.gate import Gate
from policy.limits import load_limits
from sandbox.world import World
from store.database import open_store
from tests.diagnosis.bench import Bench
from tests.knowledge import (
    figures,
    steps_cards,
    steps_changes,
    steps_discounts,
    steps_invoices,
    steps_links,
    steps_payments,
    steps_plans,
    steps_refunds,
    steps_taxes,
)
from tests.knowledge.account import Account
from tests.knowledge.conftest import NOW
from tests.knowledge.following import STEPS
from tools.catalogue import REGISTRY
from tools.effects import StripeEffects
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client

STEPS_ARE_IN = (
    steps_cards,
    steps_changes,
    steps_discounts,
    steps_invoices,
    steps_links,
    steps_payments,
    steps_plans,
    steps_refunds,
    steps_taxes,
)
ARTICLES = {article.id: article for article in published(read_articles())}
OpenAccount = Callable[[str], Account]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy: migrations take longer than most steps."""
    folder = tmp_path_factory.mktemp("template")
    open_store(f"sqlite:///{folder}/lee.db", folder / "keys", lambda: datetime.now(UTC)).close()
    return folder / "lee.db"


@pytest.fixture
def open_account(tmp_path: Path, template: Path, acme: World) -> Iterator[OpenAccount]:
    """A customer's account in a copy of the demo company of its own."""
    numbers, opened = count(1), []

    def make(customer: str) -> Account:
        bench, ticks = Bench(acme.copy(), NOW), count()
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        shutil.copy(template, folder / "lee.db")

        def clock() -> datetime:
            """No two looks alike, as on a real clock."""
            return bench.now + timedelta(microseconds=next(ticks))

        store = open_store(f"sqlite:///{folder}/lee.db", folder / "keys", clock)
        opened.append(store)
        client = make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(bench.app))
        gate = Gate(StripeEffects(client, clock), store, load_limits(), clock)
        return Account(customer, bench, store, gate, make)

    yield make
    for store in opened:
        store.close()


@pytest.mark.parametrize("article", [each for each in ARTICLES.values() if each.follows], ids=lambda each: each.id)
async def test_the_steps_do_what_the_article_says(article: Article, open_account: OpenAccount) -> None:
    used: set[str] = set()
    seen: list[figures.Value] = []
    for customer in article.follows:
        account = open_account(customer)
        await STEPS[article.id, customer](account)
        used |= account.used
        seen += account.seen
    assert set(article.tools) <= used, "it names tools that nobody called"
    for figure, where in article.facts.items():
        if where == figures.STEPS:
            assert any(figures.same(figures.read(figure), each) for each in seen), f"{figure} did not show up"


def test_every_article_that_names_a_tool_is_followed_and_nothing_else_is() -> None:
    assert set(STEPS) == {(article.id, customer) for article in ARTICLES.values() for customer in article.follows}


@pytest.mark.parametrize("article", ARTICLES.values(), ids=lambda each: each.id)
def test_the_tools_it_names_exist(article: Article) -> None:
    assert set(article.tools) <= {tool.name for tool in REGISTRY} | set(ACTIONS)


@pytest.mark.parametrize("article", ARTICLES.values(), ids=lambda each: each.id)
def test_its_figures_are_those_of_their_sources(article: Article) -> None:
    assert figures.unsourced(article.text, article.facts) == []
    for figure, where in article.facts.items():
        if where not in figures.UNCHECKED and where != figures.STEPS:
            assert figures.same(figures.read(figure), figures.source(where)), f"{figure} is not {where}"
        if where == figures.STEPS:
            assert article.follows, f"nobody follows the steps that {figure} should show up in"


@pytest.mark.parametrize(
    ("text", "facts", "left"),
    [
        ("within 14 days", {}, ["14"]),
        ("within 14 days", {"14 days": "bank"}, []),
        ("$200 and $20.50", {"$20": "bank"}, ["$200", "$20.50"]),
        ("1. First\n2. Second, by 3-D Secure", {}, []),
        ("charge **$20**.", {"$20": "price.starter_monthly"}, []),
    ],
)
def test_a_figure_without_a_source_is_found(text: str, facts: dict[str, str], left: list[str]) -> None:
    assert figures.unsourced(text, facts) == left

"""Amounts beyond 32 bits are held, settled, given back and summed on both databases, to the unit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, make_url, text

from policy.limits import DEFAULT, load_limits
from store.cases import CaseRow
from store.database import Store, open_store
from store.ledger import IntentRow
from store.migrations import alembic_config
from store.proposals import ProposalRow
from tests.databases import Databases
from tests.store.conftest import BOTH, POSTGRESQL, Clock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CAP = 10**15  # the highest that `policy.limits` takes
pytestmark = BOTH


def intend(store: Store, case: CaseRow, n: int, amount: int) -> bool:
    """One refund of `amount` rupiah cents, held under its budget or not at all."""
    with store.unit() as uow:
        uow.proposals.decided(
            ProposalRow(f"prop_{n}", case.id, None, 1, "lee", "refund", {}, f"d{n}", "allow", "r", "R.", None, NOON)
        )
        uow.ledger.reserve(
            IntentRow(
                f"int_{n}", case.id, f"prop_{n}", case.customer, "refund", {}, f"ch_{n}", f"op_{n}", f"key_{n}", 1,
                amount, "idr", "h", "reserved", None, None, NOON, False,
            )
        )  # fmt: skip
        return uow.ledger.hold(f"int_{n}", "value_out:idr", amount, CAP, for_good=False)


def test_a_budget_is_used_to_the_last_unit_and_not_passed(store: Store, case: CaseRow) -> None:
    first, rest = 2**31, CAP - 2**31
    assert intend(store, case, 1, first)
    assert intend(store, case, 2, rest)
    assert not intend(store, case, 3, 1)
    with store.look() as uow:
        assert uow.ledger.held("value_out:idr") == CAP
        assert [row.amount for row in uow.ledger.of(case.id)] == [first, rest, 1]
    with store.unit() as uow:
        uow.ledger.settle("int_2", "failed", None, None)
    with store.look() as uow:
        assert uow.ledger.held("value_out:idr") == first
    assert intend(store, case, 4, rest)


def test_what_succeeded_on_a_charge_is_summed(store: Store, case: CaseRow) -> None:
    assert intend(store, case, 1, 3 * 10**14)
    with store.unit() as uow:
        uow.ledger.settle("int_1", "succeeded", "re_1", None)
    with store.look() as uow:
        found = uow.ledger.target("refund", "ch_1", case.id).amount
    assert (found, type(found)) == (3 * 10**14, int)


def test_a_cap_may_be_as_high_as_a_budget_can_be_kept(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(DEFAULT.read_text().replace("per_refund = 10_000", f"per_refund = {CAP}", 1))
    assert load_limits(limits).currency["usd"].per_refund == CAP


@POSTGRESQL
def test_budgets_of_an_earlier_schema_are_kept_and_grow(databases: Databases, tmp_path: Path, clock: Clock) -> None:
    url = databases.empty(tmp_path)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(text("INSERT INTO budgets VALUES ('value_out:idr', 2147483647)"))
    engine.dispose()
    store = open_store(url, tmp_path / "keys", clock)
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        assert uow.ledger.held("value_out:idr") == 2**31 - 1
    assert intend(store, case, 1, CAP - 2**31)
    with store.look() as uow:
        assert uow.ledger.held("value_out:idr") == CAP - 1
    store.close()
    databases.drop(url)

"""PostgreSQL goes away and comes back: what was committed is there, and the store works on as it is."""

from __future__ import annotations

import pytest

from store.cases import CaseRow
from store.checkpoints import verify
from store.database import Store
from store.errors import LogUnavailable
from tests.databases import PostgresDatabases
from tests.store.conftest import POSTGRESQL

pytestmark = POSTGRESQL


def test_notes_before_a_unit_are_as_safe_as_the_unit(store: Store, case: CaseRow, postgres: PostgresDatabases) -> None:
    """A note alone is not waited for; the commit of a unit takes along every note before it."""
    with store.unit() as uow:
        turn = uow.turns.queue(case, uow.messages.add(case.id, "inbound", "maya", "Hello?").id)
    with store.notes() as notes:
        assert vars(notes)["_uow"].connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off"
    for n in range(20):
        with store.notes() as notes:
            notes.add_step(turn.id, n, "model", {"n": n})
    with store.unit() as uow:
        assert uow.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
        uow.record("proposal.decided", "lee", case.id, case.customer, {"n": 20})
    postgres.server.stop(crash=True)
    postgres.server.start()
    with store.look() as uow:
        assert [step.content for step in uow.turns.steps(turn.id)] == [{"n": n} for n in range(20)]
        assert uow.log.size() == 1


@pytest.mark.parametrize("crash", [True, False])
def test_while_it_is_away_that_is_said_plainly(
    store: Store, case: CaseRow, postgres: PostgresDatabases, crash: bool
) -> None:
    postgres.server.stop(crash=crash)
    try:
        with pytest.raises(LogUnavailable), store.unit() as uow:
            uow.cases.set_status(case.id, "resolved")
        with pytest.raises(LogUnavailable), store.look() as uow:
            uow.cases.get(case.id)
    finally:
        postgres.server.start()
    with store.unit() as uow:
        assert uow.cases.get(case.id).status == "open"
        uow.cases.set_status(case.id, "resolved")


def test_a_unit_in_the_middle_is_lost_as_a_whole(store: Store, case: CaseRow, postgres: PostgresDatabases) -> None:
    def work() -> None:
        with store.unit() as uow:
            uow.cases.set_status(case.id, "resolved")
            uow.record("effect.settled", "lee", case.id, case.customer, {"n": 1})
            postgres.server.stop(crash=True)
            postgres.server.start()
            uow.record("effect.settled", "lee", case.id, case.customer, {"n": 2})

    with pytest.raises(LogUnavailable):
        work()
    with store.look() as uow:
        assert uow.cases.get(case.id).status == "open"
        assert uow.log.size() == 0
    assert verify(store).ok

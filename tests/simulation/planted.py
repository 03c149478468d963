"""Safeties taken out of the gate and the ledger, one at a time, to see whether the simulation notices."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from policy import law
from policy.sending import Patience, Sending
from store.consents import ConsentRows
from store.ledger import LedgerRows
from store.unit_of_work import UnitOfWork

Plant = Callable[[pytest.MonkeyPatch], None]


def another_key_for_each_try(patch: pytest.MonkeyPatch) -> None:
    inner, numbers = vars(Sending)["_perform"], itertools.count()

    async def perform(self: Any, intent: Any) -> Any:
        return await inner(self, replace(intent, idempotency_key=f"{intent.idempotency_key}-{next(numbers)}"))

    patch.setattr(Sending, "_perform", perform)


def nothing_is_ever_found(patch: pytest.MonkeyPatch) -> None:
    async def look(self: Any, intent: Any) -> None:
        return None

    patch.setattr(Sending, "_look", look)


def what_is_unknown_gives_back_its_budgets(patch: pytest.MonkeyPatch) -> None:
    inner = LedgerRows.settle

    def settle(self: Any, intent_id: str, status: str, *more: Any) -> Any:
        row = inner(self, intent_id, status, *more)
        if status == "pending_reconciliation":
            self._close_reservations(intent_id, "released")
        return row

    patch.setattr(LedgerRows, "settle", settle)


def whose_case_it_is_does_not_matter_when_it_leaves(patch: pytest.MonkeyPatch) -> None:
    def leaves(self: Any, intent: Any, *more: Any) -> bool:
        with self._store.unit() as uow:
            return uow.ledger.sending(intent.id)

    patch.setattr(Sending, "_leaves", leaves)
    patch.setattr(Sending, "_still", lambda self, intent, epoch: True)


def caps_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    inner = LedgerRows.hold
    patch.setattr(LedgerRows, "hold", lambda self, i, b, amount, cap, **more: inner(self, i, b, amount, None, **more))


def many_in_flight_on_one_object(patch: pytest.MonkeyPatch) -> None:
    inner = LedgerRows.reserve

    def reserve(self: Any, row: Any) -> None:
        self._uow.connection.exec_driver_sql("drop index if exists intents_one_in_flight")
        inner(self, row)

    patch.setattr(LedgerRows, "reserve", reserve)
    patch.setattr(law, "nothing_in_flight", lambda q: None)


def no_answer_soon_means_no(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Patience, "quiet", property(lambda self: timedelta(0)))


def a_yes_is_good_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ConsentRows, "use", lambda self, intent_id, **more: None)


def outcomes_are_not_written_into_the_log(patch: pytest.MonkeyPatch) -> None:
    inner = UnitOfWork.record

    def record(self: Any, kind: str, *more: Any) -> Any:
        return None if kind == "effect.settled" else inner(self, kind, *more)

    patch.setattr(UnitOfWork, "record", record)


def an_old_key_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    from policy import sending

    patch.setattr(sending, "KEY_LIFE", timedelta(days=400))
    nothing_is_ever_found(patch)


# Each with the first seed that notices it. After a change of the schedules they are found anew by trying seeds in turn.
SEEDS: Final[dict[Plant, int]] = {
    many_in_flight_on_one_object: 26,
    another_key_for_each_try: 20,
    nothing_is_ever_found: 16,
    what_is_unknown_gives_back_its_budgets: 11,
    whose_case_it_is_does_not_matter_when_it_leaves: 26,
    caps_are_not_looked_at: 10,
    no_answer_soon_means_no: 137,
    a_yes_is_good_for_ever: 2,
    outcomes_are_not_written_into_the_log: 0,
    an_old_key_is_sent_again: 2,
}

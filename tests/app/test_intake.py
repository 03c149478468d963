"""What channels do with a customer's words: case, message, turn, and the customer's own confirmation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.intake import LONGEST, confirm, decline, readable, receive
from billing.ids import CustomerId
from policy.limits import load_limits
from policy.proposals import Principal, Role
from store.database import Store, open_store
from store.errors import NotFound
from store.proposals import ProposalRow

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHO = Principal(CustomerId("cus_ada"), "ada", Role.OWNER)
LIMITS = load_limits()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: NOW)
    yield opened
    opened.close()


def waiting(store: Store, case: str, turn: str) -> None:
    with store.unit() as uow:
        uow.proposals.decided(
            ProposalRow(
                "prop_1", case, turn, 1, "lee:test", "cancel_subscription", {}, "d" * 64,
                "needs_confirmation", "cancel.confirmation", "…", "Cancel Starter.", NOW,
            )
        )  # fmt: skip


def test_a_first_message_opens_a_case_and_queues_a_turn(store: Store) -> None:
    received = receive(store, WHO, "test", "Hello", LIMITS)
    with store.look() as uow:
        case, turn = uow.cases.get(received.case), uow.turns.get(received.turn)
        kinds = [entry.kind for entry in uow.log.of(received.case)]
    assert (case.customer, case.owner, turn.status) == ("cus_ada", "lee", "queued")
    assert "ticket.received" in kinds


def test_a_second_message_continues_the_case(store: Store) -> None:
    first = receive(store, WHO, "test", "Hello", LIMITS)
    second = receive(store, WHO, "test", "again", LIMITS, case_id=first.case)
    assert second.case == first.case
    assert second.turn != first.turn


def test_the_message_that_opens_a_case_opens_no_second_when_it_comes_again(store: Store) -> None:
    first = receive(store, WHO, "email", "Hello", LIMITS, external_id="<mail-1@acme>")
    assert receive(store, WHO, "email", "Hello", LIMITS, external_id="<mail-1@acme>") == first
    # The id is the channel's and the customer's own: what others bring under the same one is another message.
    boris = Principal(CustomerId("cus_boris"), "boris", Role.OWNER)
    others = [
        receive(store, WHO, "chat", "Hello", LIMITS, external_id="<mail-1@acme>"),
        receive(store, boris, "email", "Hello", LIMITS, external_id="<mail-1@acme>"),
    ]
    assert len({first.case, *(each.case for each in others)}) == 3


def test_mail_that_comes_twice_into_a_case_of_the_chat_is_one_turn(store: Store) -> None:
    chat = receive(store, WHO, "chat", "Hello", LIMITS)
    mail = receive(store, WHO, "email", "again", LIMITS, case_id=chat.case, external_id="<mail-1@acme>")
    assert receive(store, WHO, "email", "again", LIMITS, case_id=chat.case, external_id="<mail-1@acme>") == mail
    with store.look() as uow:
        assert [turn.id for turn in uow.turns.of(chat.case)] == [chat.turn, mail.turn]


def test_an_unknown_case_is_refused_and_leaves_nothing(store: Store) -> None:
    with pytest.raises(NotFound):
        receive(store, WHO, "test", "Hello", LIMITS, case_id="case_nobody")
    with store.look() as uow:
        assert uow.log.size() == 0


@pytest.mark.parametrize(
    "text", ["", "\x00\x01\x02", "\ud800 lone", "🙂" * 50, "مرحبا، لماذا دفعت مرتين؟", "a" * 2_000_000]
)
def test_any_text_is_taken(store: Store, text: str) -> None:
    received = receive(store, WHO, "test", text, LIMITS)
    with store.look() as uow:
        (message,) = uow.messages.of(received.case)
    assert len(message.body) <= LONGEST + 50
    assert "\x00" not in message.body


def test_what_was_cut_says_so() -> None:
    assert readable("a" * (LONGEST + 1)).endswith("was cut]")


def test_a_confirmation_is_a_message_a_row_and_a_turn(store: Store) -> None:
    first = receive(store, WHO, "test", "cancel please", LIMITS)
    waiting(store, first.case, first.turn)
    received = confirm(store, WHO, first.case, LIMITS)
    assert received is not None
    with store.look() as uow:
        (consent,) = uow.consents.confirmations(first.case)
        assert uow.turns.get(received.turn).proposal_id == "prop_1"
        assert "customer.confirmed" in [entry.kind for entry in uow.log.of(first.case)]
    assert consent.digest == "d" * 64


def test_a_no_is_a_message_and_ends_what_waited(store: Store) -> None:
    received = receive(store, WHO, "chat", "Please cancel.", LIMITS)
    waiting(store, received.case, received.turn)
    assert decline(store, WHO, received.case) == ["prop_1"]
    assert confirm(store, WHO, received.case, LIMITS) is None
    assert decline(store, WHO, received.case) == []
    with store.look() as uow:
        assert uow.proposals.get("prop_1").rule == "customer.withdrew"
        assert [row.body for row in uow.messages.of(received.case)] == ["Please cancel.", "No.", "No."]


def test_nothing_to_confirm_writes_nothing(store: Store) -> None:
    first = receive(store, WHO, "test", "hello", LIMITS)
    assert confirm(store, WHO, first.case, LIMITS) is None
    with store.look() as uow:
        assert len(uow.messages.of(first.case)) == 1


def test_a_confirmation_expires(tmp_path: Path) -> None:
    now = [NOW]
    store = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: now[0])
    first = receive(store, WHO, "test", "cancel please", LIMITS)
    waiting(store, first.case, first.turn)
    confirm(store, WHO, first.case, LIMITS)
    now[0] = NOW + timedelta(hours=LIMITS.consent.confirmation_valid_hours, seconds=1)
    with store.look() as uow:
        assert uow.consents.confirmations(first.case) == []
    store.close()

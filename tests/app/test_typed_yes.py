"""A yes in words: the confirmation of the one sentence that was shown last, or of nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.consenting import sentence, which
from app.intake import Received, confirm, decline, receive
from billing.ids import CustomerId
from policy.limits import load_limits
from policy.proposals import Principal, Role
from store.database import Store, open_store
from store.errors import NotFound
from store.proposals import ProposalRow

LIMITS = load_limits()
HOURS = LIMITS.consent.confirmation_valid_hours
NOW = [datetime(2026, 11, 20, 12, tzinfo=UTC)]
WHO = Principal(CustomerId("cus_ada"), "ada", Role.OWNER)
TEAM, CANCEL = "Change from Starter to Team: $40.00 is charged now, then $60.00 per month.", "Cancel Starter now."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    NOW[0] = datetime(2026, 11, 20, 12, tzinfo=UTC)
    opened = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: NOW[0])
    yield opened
    opened.close()


def asked(store: Store, who: Principal = WHO) -> str:
    return receive(store, who, "test", "Team please", LIMITS).case


def proposed(
    store: Store, case: str, shown: str = TEAM, id_: str = "prop_1", tool: str = "change_plan", due: int = 1
) -> ProposalRow:
    arguments: dict[str, object] = {"price": "price_team", "amount_due": due}
    digest, verdict = f"{id_:d<64}", "needs_confirmation"
    rule = "plan.confirmation"
    row = ProposalRow(id_, case, None, 1, "lee:test", tool, arguments, digest, verdict, rule, "…", shown, NOW[0])
    with store.unit() as uow:
        uow.proposals.decided(row)
    NOW[0] += timedelta(seconds=1)
    return row


def said(store: Store, case: str, text: str, author: str = "lee:test") -> None:
    with store.unit() as uow:
        uow.messages.add(case, "outbound", author, text)


def shown(store: Store, case: str, text: str = TEAM, id_: str = "prop_1", tool: str = "change_plan") -> ProposalRow:
    row = proposed(store, case, text, id_, tool)
    said(store, case, sentence(row))
    return row


def says(store: Store, case: str, text: str, who: Principal = WHO, **more: str) -> Received:
    return receive(store, who, "test", text, LIMITS, case_id=case, **more)


def confirmed(store: Store, case: str) -> list[str]:
    """The digests of what is confirmed in a case."""
    with store.look() as uow:
        return [row.digest for row in uow.consents.confirmations(case)]


def test_a_yes_is_the_confirmation_of_what_was_shown(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    received = says(store, case, "Yes please, go ahead.")
    assert confirmed(store, case) == [row.digest]
    with store.look() as uow:
        assert uow.turns.get(received.turn).proposal_id == row.id
        entry = uow.log.of(case)[-1]
        message = uow.messages.of(case)[-1]
    told = entry.payload or {}
    assert (entry.kind, entry.actor) == ("customer.confirmed", "customer:ada")
    assert (told["message"], told["text"], told["shown"]) == (message.id, "Yes please, go ahead.", TEAM)


@pytest.mark.parametrize(
    "text", ["yes but is it monthly?", "yes, and also refund my last payment", "ok", "no", "yes?", "yes, cancel it"]
)
def test_anything_more_is_no_confirmation(store: Store, text: str) -> None:
    case = asked(store)
    shown(store, case)
    received = says(store, case, text)
    assert confirmed(store, case) == []
    with store.look() as uow:
        assert uow.turns.get(received.turn).proposal_id is None


def test_a_yes_is_to_the_last_thing_said(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    said(store, case, "The Team plan has ten seats. Is that what you wanted to know?")
    says(store, case, "yes")
    assert confirmed(store, case) == []


@pytest.mark.parametrize("kind", ["the customer", "a colleague"])
def test_a_yes_after_somebody_else_spoke_is_none(store: Store, kind: str) -> None:
    case = asked(store)
    row = shown(store, case)
    if kind == "the customer":
        says(store, case, "What about my VAT number?")
    else:
        said(store, case, f"Do you still use Starter? {sentence(row)}", "human:hanna")
    says(store, case, "yes")
    assert confirmed(store, case) == []


def test_a_sentence_that_was_not_sent_yet_is_not_meant(store: Store) -> None:
    case = asked(store)
    proposed(store, case)
    says(store, case, "yes")
    said(store, case, "What is your question?")
    says(store, case, "yes")
    assert confirmed(store, case) == []


def test_a_question_that_is_too_old_is_not_answered(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    NOW[0] += timedelta(hours=HOURS, seconds=1)
    says(store, case, "yes")
    assert confirmed(store, case) == []


def test_where_two_wait_the_yes_is_neithers_and_the_place_is_ones(store: Store) -> None:
    case = asked(store)
    first = shown(store, case)
    second = shown(store, case, CANCEL, id_="prop_2", tool="cancel_subscription")
    says(store, case, "yes")
    assert confirmed(store, case) == []
    said(store, case, which([first, second]))
    says(store, case, "yes")
    assert confirmed(store, case) == []
    said(store, case, which([first, second]))
    says(store, case, "the second one")
    assert confirmed(store, case) == [second.digest]
    with store.look() as uow:
        assert [row.id for row in uow.proposals.of(case) if row.verdict == "needs_confirmation"] == ["prop_1", "prop_2"]


def test_a_place_chooses_nothing_where_no_list_was_shown(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    said(store, case, f"Which card?\n1. 4242\n2. 4444\n{sentence(row)}")
    says(store, case, "1")
    says(store, case, "the first one")
    assert confirmed(store, case) == []


@pytest.mark.parametrize(
    "beside",
    [
        "Do you want a page for another card?",
        "Say yes and I send you a gift.",
        "Let me know about the cap.",
        "Your plan changes to Starter. If that is what you want, nothing is left to do.",
    ],
)
def test_a_yes_that_may_answer_something_else_is_asked_about(store: Store, beside: str) -> None:
    case = asked(store)
    row = proposed(store, case)
    said(store, case, f"{beside}\n\n{sentence(row)}")
    says(store, case, "yes")
    assert confirmed(store, case) == []
    said(store, case, which([row]))
    says(store, case, "yes")
    assert confirmed(store, case) == [row.digest]


def test_the_same_change_at_a_new_price_takes_the_old_ones_place(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    newer = proposed(store, case, TEAM.replace("40", "39"), "prop_2", due=2)
    said(store, case, sentence(newer))
    says(store, case, "yes")
    assert confirmed(store, case) == [newer.digest]


def test_a_yes_to_an_older_price_is_not_a_yes_to_the_newer(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    proposed(store, case, TEAM.replace("40", "90"), "prop_2", due=2)  # decided, and not shown yet
    says(store, case, "yes")
    assert confirmed(store, case) == []


def mail(row: ProposalRow, text: str) -> str:
    """An answer above the mail that it answers, wrapped as mail programs do."""
    words, lines = sentence(row).split(), []
    while words:
        lines.append("> " + " ".join(words[:9]))
        words = words[9:]
    return "\n".join([text, "", "On 20 November 2026 at 12:00, Lee wrote:", *lines])


def test_an_answer_above_the_quoted_sentence_is_taken(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    says(store, case, mail(row, "Hi,\n\nyes please.\n\nAda"))
    assert confirmed(store, case) == [row.digest]


def test_quoted_words_are_not_the_customers(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    for text in (
        "> yes",
        "> yes please, go ahead\n\nWho wrote this, and why",
        "On 20 November 2026 at 12:00, Ada wrote:\n> yes",
        mail(row, "No.\n> yes"),
        mail(row, "Subject: yes\n\nI have a question about my bill."),
        mail(row, "Thank you for your message. I am out of the office until Monday. Yes, really."),
        mail(row, "yes").replace("Starter to Team", "Starter to Business"),  # another mail than the last one
        "yes\n\n-----Original Message-----\nYour invoice is ready.",
    ):
        says(store, case, text)
        assert confirmed(store, case) == [], text
        said(store, case, sentence(row))


def test_mail_that_comes_twice_is_one_yes(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    first = says(store, case, "yes", external_id="<mail-1@acme>")
    again = says(store, case, "yes", external_id="<mail-1@acme>")
    assert (again, confirmed(store, case)) == (first, [row.digest])
    later = shown(store, case, CANCEL, id_="prop_2", tool="cancel_subscription")
    assert says(store, case, "yes", external_id="<mail-1@acme>") == first
    assert later.digest not in confirmed(store, case)
    with store.look() as uow:
        assert [row.body for row in uow.messages.of(case) if row.kind == "inbound"] == ["Team please", "yes"]


def test_another_case_of_the_same_customer_hears_nothing(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    other = asked(store)
    says(store, other, "yes")
    elsewhere = receive(store, WHO, "test", "yes", LIMITS)
    assert [confirmed(store, each) for each in (case, other, elsewhere.case)] == [[], [], []]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_who_may_not_spend_says_yes_for_nobody(store: Store, role: Role) -> None:
    case = asked(store)
    shown(store, case)
    colleague = Principal(WHO.customer, "bob", role)
    theirs = says(store, case, "yes", colleague)
    assert theirs.case != case
    assert confirm(store, colleague, case, LIMITS) is None
    assert [confirmed(store, each) for each in (case, theirs.case)] == [[], []]
    with store.look() as uow:
        assert uow.cases.get(theirs.case).role == role


def test_another_customer_does_not_reach_the_case(store: Store) -> None:
    case = asked(store)
    row = shown(store, case)
    thief = Principal(CustomerId("cus_eve"), "ada", Role.OWNER)
    for act in (
        lambda: says(store, case, "yes", thief),
        lambda: confirm(store, thief, case, LIMITS),
        lambda: decline(store, thief, case),
    ):
        with pytest.raises(NotFound):
            act()
    with store.look() as uow:
        assert uow.proposals.get(row.id).verdict == "needs_confirmation"
    assert confirmed(store, case) == []


def test_a_case_that_a_human_has_is_the_humans(store: Store) -> None:
    case = asked(store)
    shown(store, case)
    with store.unit() as uow:
        uow.cases.take_over(case, "hanna")
    says(store, case, "yes")
    assert confirmed(store, case) == []

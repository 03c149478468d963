"""Opens a turn: sets it running and reads what it starts from."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from agent.control import ASK, AskCustomer, Choice
from agent.conversation import until
from agent.journal import StepRow, step_message
from agent.refusal import refuses
from agent.turn import OpenTurn, Units
from billing.ids import CustomerId
from policy.proposals import Principal, Role
from store.errors import NotFound, TurnDone
from store.turns import TurnRow


def open_turn(store: Units, turn_id: str) -> OpenTurn:
    """Start the turn, or find it running (recovery) or done.

    Raises `NotFound`, `TurnRunning`, `LogUnavailable`, and ValueError for a role that does not exist.
    """
    with store.opening() as uow:
        try:
            turn = uow.turns.start(turn_id)
        except TurnDone:
            turn = uow.turns.get(turn_id)
        case = uow.cases.get(turn.case_id)
        said = uow.messages.of(case.id)
        message = next((row for row in said if row.id == turn.message_id), None)
        if message is None:
            raise NotFound("message", turn.message_id)
        before = [each for each in uow.turns.of(case.id) if each.n < turn.n]
        asked = _asked(before)
        offered = offered_choices(uow.turns.steps(before[-1].id)) if asked else ()
    if turn.status != "done" and turn.proposal_id is None and refuses(message.body):
        with store.unit() as uow:
            uow.consents.withdraw(case.id, message.id)  # what waits for a yes can no longer be carried out
    return OpenTurn(
        case=case,
        turn=turn,
        message=message,
        conversation=until(said, message.id),
        principal=Principal(CustomerId(case.customer), case.user, Role(case.role)),
        asked_before=asked,
        ours=(case.owner, case.epoch) == ("lee", turn.epoch),
        choices=offered,
    )


def _asked(before: Sequence[TurnRow]) -> int:
    """How many of the latest turns in a row ended with waiting for the customer."""
    count = 0
    for turn in reversed(before):
        if turn.outcome != "awaiting_customer":
            break
        count += 1
    return count


def offered_choices(steps: Sequence[StepRow]) -> tuple[Choice, ...]:
    """What the turn's last words asked the customer to choose from."""
    answers = [step for step in steps if step.kind == "model"]
    calls = step_message(dict(answers[-1].content)).tool_calls if answers else ()
    if len(calls) != 1 or calls[0].name != ASK:
        return ()
    try:
        return tuple(AskCustomer.model_validate_json(calls[0].arguments).choices)
    except ValidationError:
        return ()

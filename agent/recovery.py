"""Taking up what is already there: a turn that a crash interrupted, and a proposal that the customer has confirmed."""

from __future__ import annotations

from agent.calls import FAULTS, Calls, submit
from agent.effects import EffectRecord, restored
from agent.turn import OpenTurn, Units
from billing.ids import CaseId, ProposalId, TurnId
from policy.actions import ACTIONS, LINKS
from policy.proposals import Proposal
from store.errors import NotFound


async def restore(calls: Calls) -> None:
    """Fill the tally from the journal. A private link is never journalled: the gate is asked for it again, which by the
    same proposal id makes no second effect."""
    tally = calls.tally
    for step in calls.journal.of("tool"):
        tally.calls += 1
        if step.content["result"].get("error", {}).get("code") in FAULTS:
            tally.faults += 1
        if step.content["effect"] is not None:
            effect = restored(step.content["effect"])
            tally.effects[effect.proposal] = effect
    for key, effect in list(tally.effects.items()):
        if effect.status == "succeeded" and effect.tool in LINKS:
            action = ACTIONS[effect.tool].model_validate(dict(effect.arguments))
            tally.effects[key] = await submit(calls.gate, calls.proposal(ProposalId(effect.proposal), action))


async def confirm(store: Units, calls: Calls, opened: OpenTurn) -> EffectRecord:
    """Submit the proposal that the turn's message confirmed, under its own id: the consent was given for that one.

    Raises `NotFound` when it is not this case's.
    """
    wanted = str(opened.turn.proposal_id)
    earlier = calls.journal.first("settled")
    if earlier is not None:
        settled = restored(earlier)
    else:
        with store.look() as uow:
            row = uow.proposals.get(wanted)
        if row.case_id != opened.case.id:
            raise NotFound("proposal", f"{wanted} in case {opened.case.id}")
        proposal = Proposal(
            id=ProposalId(row.id),
            case=CaseId(row.case_id),
            turn=None if row.turn_id is None else TurnId(row.turn_id),
            principal=opened.principal,
            action=ACTIONS[row.tool].model_validate(row.arguments),
            actor=calls.standing.actor,
            owner="lee",
            epoch=opened.turn.epoch,
        )
        settled = await submit(calls.gate, proposal)
        calls.journal.add("settled", settled.journalled())
    calls.tally.effects[settled.proposal] = settled
    return settled

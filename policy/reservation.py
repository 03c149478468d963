"""Decide and reserve in one transaction: ownership, consents, budgets, intent and audit entry, or none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, cast

from audit.completeness import idempotency_key
from billing.ids import IntentId
from policy.actions import Action
from policy.decisions import Allow, Decision, Deny, NeedsApproval, NeedsConfirmation, Reservation, verdict
from policy.effects import Intent
from policy.facts import ActionFacts
from policy.law import COLLEAGUE, decide
from policy.limits import Limits
from policy.operations import operation_key, relied_on, target
from policy.proposals import Proposal, consent_digest
from policy.question import Approval, Consents, Question, Standing
from policy.rows import intent_of
from policy.rules import LAWS
from policy.well_formed import plain
from store.consents import WITHDREW
from store.database import Store
from store.errors import Conflict, StaleEpoch
from store.ids import fresh
from store.ledger import IntentRow
from store.log import LogRow
from store.proposals import ProposalRow
from store.unit_of_work import UnitOfWork

Asked = Question[Action, ActionFacts]
WITHDRAWN: Final = Deny(
    WITHDREW,
    "The customer said no to this.",
    {},
    "The customer asks for it again.",
    customer_reason="You have said no to that.",
    customer_remedy="If you want it after all, ask me again.",
)


class Moving(Exception):
    """Something was settled on the target after the facts were read: they are stale, read them again."""


class Started(Exception):
    """The proposal is being carried out already, or was: there is an outcome to tell, and nothing to decide."""

    def __init__(self, row: IntentRow) -> None:
        self.row = row


class _OverBudget(Exception):
    """A budget would pass its cap: everything this transaction wrote has to go, and a human may say yes instead."""

    def __init__(self, question: Asked, allowed: Allow, entry: Reservation, held: int) -> None:
        self.decision = _over_budget(question, allowed, entry, held)


def reserve(
    store: Store,
    proposal: Proposal,
    facts: ActionFacts,
    asked_at: datetime,
    limits: Limits,
    policy_hash: str,
    now: datetime,
) -> tuple[Decision, Intent | None]:
    """The decision, committed; with the reserved intent when it is `Allow`.

    Raises `Moving`, `Started`, `LogUnavailable`.
    """
    try:
        with store.unit() as uow:
            if (earlier := uow.ledger.of_proposal(proposal.id)) is not None:
                raise Started(earlier)
            uow.cases.require(proposal.case, proposal.owner, proposal.epoch)
            known = uow.proposals.find(proposal.id)
            if known is not None and known.rule == WITHDREW:
                _turn_down(uow, proposal, WITHDRAWN, policy_hash, now)
                return WITHDRAWN, None
            standing, attempt = _standing(uow, proposal, asked_at)
            asked = Question(proposal, proposal.action, facts, limits, standing, _consents(uow, proposal), now)
            decision = decide(asked, LAWS)
            if isinstance(decision, Allow):
                return decision, _write(uow, asked, decision, attempt, policy_hash)
            if standing.in_flight:
                _turn_down(uow, proposal, decision, policy_hash, now)
            else:
                _keep(uow, proposal, decision, policy_hash, now)
            return decision, None
    except _OverBudget as over:
        with store.unit() as uow:
            _keep(uow, proposal, over.decision, policy_hash, now)
        return over.decision, None
    except Conflict as conflict:
        refusal = Deny(
            "ledger.conflict",
            conflict.message,
            remedy="A colleague looks at what came before.",
            customer_reason=COLLEAGUE,
        )
    except StaleEpoch as stale:
        refusal = Deny(
            "case.stale",
            stale.message,
            remedy="Whoever has the case decides.",
            customer_reason="A colleague has taken over this case.",
        )
    deny(store, proposal, refusal, policy_hash, now)
    return refusal, None


def deny(store: Store, proposal: Proposal, decision: Deny, policy_hash: str, now: datetime) -> None:
    """Commit a refusal that was reached without asking the law."""
    with store.unit() as uow:
        _turn_down(uow, proposal, decision, policy_hash, now)


def _turn_down(uow: UnitOfWork, proposal: Proposal, decision: Decision, policy_hash: str, now: datetime) -> None:
    """Refuse for now. What a person was asked before stays asked: the law itself has not taken it back."""
    if uow.proposals.find(proposal.id) is None:
        _keep(uow, proposal, decision, policy_hash, now)
    else:
        _log(uow, proposal, decision, policy_hash)


def turn_away(store: Store, proposal: Proposal, why: Deny, policy_hash: str) -> None:
    """Commit to the audit log alone that something came which is no proposal of this case: it gets no row."""
    kept = {"rule": why.rule, "reason": why.reason, "verdict": verdict(why), "policy": policy_hash}
    told = {"proposal": plain(proposal.id), "case": plain(proposal.case), "epoch": plain(proposal.epoch)}
    with store.unit() as uow:
        uow.record("proposal.turned_away", plain(proposal.actor), None, None, {**told, **kept})


def _write(uow: UnitOfWork, question: Asked, allowed: Allow, attempt: int, policy_hash: str) -> Intent:
    proposal = question.proposal
    law = LAWS[type(question.action)]
    sent = question.action if law.sent is None else law.sent(question)
    id_ = IntentId(fresh("int"))
    row = IntentRow(
        id=id_,
        case_id=proposal.case,
        proposal_id=proposal.id,
        customer=proposal.principal.customer,
        tool=proposal.tool,
        arguments=sent.model_dump(mode="json"),
        target=target(proposal.action, proposal.principal),
        operation_key=operation_key(proposal, question.facts, attempt),
        idempotency_key="",
        attempt=attempt,
        amount=allowed.value.amount if allowed.value else None,
        currency=allowed.value.currency if allowed.value else None,
        policy_hash=policy_hash,
        status="reserved",
        stripe_id=None,
        receipt=None,
        created_at=question.now,
        personal=sent.personal,
    )
    told = {
        "intent": id_,
        "operation_key": row.operation_key,
        "confirmation": allowed.confirmation,
        "approval": allowed.approval,
        "budgets": [[entry.budget, entry.amount, entry.cap] for entry in allowed.reservations],
    }
    entry = _keep(uow, proposal, allowed, policy_hash, question.now, told)
    # The entry's leaf goes to Stripe with every effect: whoever changes the log later cannot take it back there.
    row = replace(row, idempotency_key=idempotency_key(id_, entry.leaf))
    uow.ledger.reserve(row)
    uow.consents.use(id_, confirmation=allowed.confirmation, approval=allowed.approval)
    for held in allowed.reservations:
        if not uow.ledger.hold(id_, held.budget, held.amount, held.cap, for_good=held.per_try):
            raise _OverBudget(question, allowed, held, uow.ledger.held(held.budget))
    return intent_of(row)


def _over_budget(question: Asked, allowed: Allow, entry: Reservation, held: int) -> Decision:
    facts = {**allowed.facts, "budget": entry.budget, "cap": entry.cap, "held": held, "asked": entry.amount}
    if allowed.approval is not None:
        return Deny(entry.rule, entry.reason, facts, "Another person approves it.", customer_reason=COLLEAGUE)
    shown = cast(Any, LAWS[type(question.action)]).shown(question)
    return NeedsApproval(entry.rule, entry.reason, facts, "A colleague approves it.", shown=shown, value=allowed.value)


def _standing(uow: UnitOfWork, proposal: Proposal, asked_at: datetime) -> tuple[Standing, int]:
    """What the ledger knows, and the attempt this would be. Raises `Moving`."""
    mine = uow.ledger.target(proposal.tool, target(proposal.action, proposal.principal), proposal.case)
    twin = relied_on(proposal.action)
    twins = [] if twin is None else [uow.ledger.target(proposal.tool, twin, proposal.case)]
    touched = [mine, *twins]
    if any(row.last_settled_at is not None and row.last_settled_at >= asked_at for row in touched):
        raise Moving
    in_flight = any(row.in_flight for row in touched)
    returned = sum(row.amount for row in twins)
    return Standing(in_flight, mine.succeeded_in_case, mine.amount, returned), mine.settled + 1


def _consents(uow: UnitOfWork, proposal: Proposal) -> Consents:
    return Consents(
        {row.digest: row.id for row in uow.consents.confirmations(proposal.case)},
        {row.digest: Approval(row.id, row.human) for row in uow.consents.approvals(proposal.id)},
    )


def _keep(
    uow: UnitOfWork,
    proposal: Proposal,
    decision: Decision,
    policy_hash: str,
    now: datetime,
    more: Mapping[str, object] = MappingProxyType({}),
) -> LogRow:
    """The proposal's row and its audit entry, which says `more`."""
    shown = decision.shown if isinstance(decision, NeedsConfirmation | NeedsApproval) else None
    digest = "" if shown is None else consent_digest(proposal, shown)
    said = verdict(decision)
    uow.proposals.decided(
        ProposalRow(
            proposal.id,
            proposal.case,
            proposal.turn,
            proposal.epoch,
            proposal.actor,
            proposal.tool,
            proposal.arguments,
            digest,
            said,
            decision.rule,
            decision.reason,
            shown,
            now,
            personal=proposal.action.personal,
        )
    )
    return _log(uow, proposal, decision, policy_hash, shown, more)


def _log(
    uow: UnitOfWork,
    proposal: Proposal,
    decision: Decision,
    policy_hash: str,
    shown: str | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> LogRow:
    payload: dict[str, object] = {
        "proposal": proposal.id,
        "tool": proposal.tool,
        "arguments": proposal.arguments,
        "verdict": verdict(decision),
        "rule": decision.rule,
        "reason": decision.reason,
        "facts": dict(decision.facts),
        "remedy": decision.remedy,
        "shown": shown,
        "policy": policy_hash,
        **more,
    }
    return uow.record("proposal.decided", proposal.actor, proposal.case, proposal.principal.customer, payload)

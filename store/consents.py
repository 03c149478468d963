"""Consents: the customer's confirmations and the humans' approvals. Written by channels, each good for one effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, bindparam, insert, select, update

from store.errors import Conflict, NotFound
from store.ids import fresh
from store.instants import written
from store.tables import approvals, confirmations, messages, proposals

WITHDREW: Final = "customer.withdrew"
"""The rule by which a proposal that the customer said no to stays denied, and the audit log's word for that no."""

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork

# Built once, as they are on the way of every effect: to build one costs more than to run it.
_UNUSED_CONFIRMATIONS = select(confirmations.c.id, confirmations.c.digest).where(
    confirmations.c.case_id == bindparam("case"),
    confirmations.c.used_by.is_(None),
    confirmations.c.expires_at > bindparam("now"),
)
_UNUSED_APPROVALS = select(approvals.c.id, approvals.c.digest, approvals.c.human).where(
    approvals.c.proposal_id == bindparam("proposal"),
    approvals.c.used_by.is_(None),
    approvals.c.expires_at > bindparam("now"),
)


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """An unused, unexpired consent."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class ApprovalRow(ConsentRow):
    human: str


class ConsentRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def confirm(self, proposal_id: str, message_id: str, valid: timedelta) -> str:
        """The customer's yes, given in `message_id`, to what `proposal_id` showed. Returns the confirmation's id.

        Raises `NotFound`; `Conflict` when nothing waits for a yes, the message is not a customer's in the same case, or
        it has said yes to this before.
        """
        proposal = self._uow.proposals.get(proposal_id)
        if proposal.verdict != "needs_confirmation":
            raise Conflict("Nothing waits for the customer's confirmation there.")
        message = self._message(message_id)
        if message.case_id != proposal.case_id or message.kind != "inbound":
            raise Conflict("Only a message of the customer in the same case can confirm.")
        if message.created_at < written(proposal.decided_at):
            raise Conflict("That message is older than the question it would answer.")
        twice = confirmations.c.message_id == message_id, confirmations.c.digest == proposal.digest
        if self._uow.connection.execute(select(confirmations.c.id).where(*twice)).first() is not None:
            raise Conflict("That message has confirmed this already.")
        now, id_ = self._uow.clock(), fresh("conf")
        self._uow.connection.execute(
            insert(confirmations).values(
                id=id_,
                case_id=proposal.case_id,
                digest=proposal.digest,
                message_id=message_id,
                created_at=written(now),
                expires_at=written(now + valid),
            )
        )
        return id_

    def withdraw(self, case_id: str, message_id: str) -> list[str]:
        """The customer's no, given in `message_id`, to all that waits for their yes in the case: it is denied for good,
        and a yes to it that was not used yet is void. Returns the ids of these proposals, and audits them.

        What was shown after that message is not meant by it. Raises `NotFound`; `Conflict` when the message is not a
        customer's in the same case.
        """
        message = self._message(message_id)
        if message.case_id != case_id or message.kind != "inbound":
            raise Conflict("Only a message of the customer in the same case can withdraw.")
        waiting = [
            row
            for row in self._uow.proposals.of(case_id)
            if row.verdict == "needs_confirmation" and written(row.decided_at) <= message.created_at
        ]
        now = written(self._uow.clock())
        for row in waiting:
            self._uow.connection.execute(
                update(proposals)
                .where(proposals.c.id == row.id)
                .values(verdict="deny", rule=WITHDREW, reason="The customer said no to it.", decided_at=now)
            )
            self._uow.connection.execute(
                update(confirmations)
                .where(
                    confirmations.c.case_id == case_id,
                    confirmations.c.digest == row.digest,
                    confirmations.c.used_by.is_(None),
                )
                .values(expires_at=now)
            )
            told = {"proposal": row.id, "tool": row.tool, "shown": row.shown, "message": message_id}
            self._uow.record(WITHDREW, message.author, case_id, self._uow.cases.get(case_id).customer, told)
        return [row.id for row in waiting]

    def approve(self, proposal_id: str, human: str, valid: timedelta) -> str:
        """A human's yes to exactly this proposal as it was shown. Returns the approval's id.

        An approval that was not used yet (the facts could not be read, it expired) is given anew, by whoever gives it
        now. Raises `NotFound`; `Conflict` when it does not wait for approval or its approval was used.
        """
        proposal = self._uow.proposals.get(proposal_id)
        if proposal.verdict != "needs_approval":
            raise Conflict(f"Proposal {proposal_id} does not wait for an approval.")
        already = self._uow.connection.execute(
            select(approvals.c.id, approvals.c.human, approvals.c.used_by).where(
                approvals.c.proposal_id == proposal_id, approvals.c.digest == proposal.digest
            )
        ).one_or_none()
        if already is not None and already.used_by is not None:
            raise Conflict(f"Proposal {proposal_id} was approved already, by {already.human}.")
        now = self._uow.clock()
        given = {"human": human, "created_at": written(now), "expires_at": written(now + valid)}
        if already is not None:
            again = approvals.c.id == already.id, approvals.c.used_by.is_(None)
            if self._uow.connection.execute(update(approvals).where(*again).values(given)).rowcount != 1:
                raise Conflict(f"Proposal {proposal_id} was approved already, by {already.human}.")
            return already.id
        id_ = fresh("appr")
        self._uow.connection.execute(
            insert(approvals).values(
                id=id_, case_id=proposal.case_id, proposal_id=proposal_id, digest=proposal.digest, **given
            )
        )
        return id_

    def confirmations(self, case_id: str) -> list[ConsentRow]:
        """The case's confirmations that are neither used nor expired."""
        now = written(self._uow.clock())
        rows = self._uow.connection.execute(_UNUSED_CONFIRMATIONS, {"case": case_id, "now": now})
        return [ConsentRow(row.id, row.digest) for row in rows]

    def approvals(self, proposal_id: str) -> list[ApprovalRow]:
        """This very proposal's approval, if it is neither used nor expired: it serves no other proposal."""
        now = written(self._uow.clock())
        rows = self._uow.connection.execute(_UNUSED_APPROVALS, {"proposal": proposal_id, "now": now})
        return [ApprovalRow(row.id, row.digest, row.human) for row in rows]

    def use(self, intent_id: str, *, confirmation: str | None, approval: str | None) -> None:
        """Spend the consents for one intent. Raises `Conflict` when one was spent or has expired meanwhile."""
        now = written(self._uow.clock())
        for table, id_ in ((confirmations, confirmation), (approvals, approval)):
            if id_ is None:
                continue
            spent = self._uow.connection.execute(
                update(table)
                .where(table.c.id == id_, table.c.used_by.is_(None), table.c.expires_at > now)
                .values(used_by=intent_id)
            )
            if spent.rowcount != 1:
                raise Conflict("That consent was already used or has expired.")

    def awaited(self, case_id: str) -> str | None:
        """The proposal that waits for the customer's yes: the case's newest, if it is of that kind."""
        row = self._uow.connection.execute(
            select(proposals.c.id, proposals.c.verdict)
            .where(proposals.c.case_id == case_id)
            .order_by(proposals.c.decided_at.desc(), proposals.c.id.desc())
            .limit(1)
        ).one_or_none()
        return row.id if row is not None and row.verdict == "needs_confirmation" else None

    def _message(self, message_id: str) -> Row[Any, Any, Any, Any]:
        found = self._uow.connection.execute(
            select(messages.c.case_id, messages.c.kind, messages.c.author, messages.c.created_at).where(
                messages.c.id == message_id
            )
        ).one_or_none()
        if found is None:
            raise NotFound("message", message_id)
        return found

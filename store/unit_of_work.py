"""One transaction and everything that may be read or written in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from store.cases import CaseRows
from store.consents import ConsentRows
from store.drafts import DraftRows
from store.escalations import EscalationRows
from store.ledger import LedgerRows
from store.log import LogRow, LogRows
from store.messages import MessageRows
from store.proposals import ProposalRows
from store.searches import SearchRows
from store.turns import TurnRows
from store.workers import WorkerRows

if TYPE_CHECKING:
    from store.instants import Clock
    from store.keys import Keyring


class UnitOfWork:
    """Commits or vanishes as a whole. Made by `Store.unit()` and `Store.look()`; await nothing while it is open.

    `worker` is the life that this process has signed in with (`store.workers`), None where it takes no turns. What is
    not `lasting` may be lost with the machine's power, and nothing is audited in it."""

    def __init__(
        self, connection: Connection, keys: Keyring, clock: Clock, worker: str | None = None, *, lasting: bool = True
    ) -> None:
        self.connection = connection
        self.keys = keys
        self.clock = clock
        self.worker = worker
        self._lasting = lasting
        self.cases = CaseRows(self)
        self.messages = MessageRows(self)
        self.turns = TurnRows(self)
        self.escalations = EscalationRows(self)
        self.proposals = ProposalRows(self)
        self.consents = ConsentRows(self)
        self.ledger = LedgerRows(self)
        self.log = LogRows(self)
        self.workers = WorkerRows(self)
        self.searches = SearchRows(self)
        self.drafts = DraftRows(self)

    def record(
        self, kind: str, actor: str, case_id: str | None, customer: str | None, payload: Mapping[str, object]
    ) -> LogRow:
        """Append to the audit log; `payload` is JSON, redacted and sealed under `customer`'s key (None: the house's).

        Returns the entry with its leaf hash, which may go into Stripe's metadata as a witness.
        Raises `LogUnavailable` when a new key cannot be kept, ValueError where it might not last."""
        if not self._lasting:
            raise ValueError(f"{kind} is to be audited in a unit that may be lost")
        return self.log.append(kind, actor, case_id, customer, payload)

"""Act and settle: send an intent, and find out what became of it when the answer is missing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policy.actions import CardUpdateLink, NewCheckoutLink
from policy.crash_points import CrashPoint, Reach
from policy.effects import RATE_LIMITED, EffectRefused, Effects, EffectUnknown, Intent, Receipt
from policy.rows import failure_of, kept, receipt_of
from policy.settlement import Status
from policy.well_formed import flaw, plain
from store.database import Store

# Stripe may forget a key after 24 h and would then execute it anew (docs.stripe.com/api/idempotent_requests).
KEY_LIFE: Final = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for Stripe, in seconds, and how often to send one intent while its outcome is unknown."""

    facts_seconds: float = 30.0
    effect_seconds: float = 45.0
    tries: int = 3
    pause_seconds: float = 0.5  # doubles with each try

    @property
    def quiet(self) -> timedelta:
        """After so long without an answer a request is not under way any more, neither here nor at Stripe."""
        return timedelta(seconds=self.effect_seconds * 2)


@dataclass(frozen=True, slots=True)
class Sent:
    status: Status
    receipt: Receipt | None = None
    failure: str | None = None


UNKNOWN: Final = Sent(Status.PENDING)
TAKEN_OVER: Final = "case_taken_over"


class Sending:
    def __init__(self, effects: Effects, store: Store, reach: Reach, patience: Patience) -> None:
        self._effects = effects
        self._store = store
        self._reach = reach
        self._patience = patience

    async def send(self, intent: Intent, actor: str, epoch: int) -> Sent:
        """Make the effect, while the case is still at `epoch`, and settle it."""
        return self._settle(intent, actor, *await self._try(intent, actor, epoch, None))

    async def resume(self, intent: Intent, actor: str, now: datetime, epoch: int, sent_at: datetime | None) -> Sent:
        """Settle an intent of an earlier life of this process: find its effect, or send it again if still right.

        Not found and not to be sent again means that it did not happen, once nobody can still be working on it:
        it never left (`sent_at` is None), or it left too long ago.
        """
        may_send = self._still(intent, epoch)
        try:
            receipt = await self._look(intent)
        except EffectUnknown:
            return self._settle(intent, actor, UNKNOWN, sent_at)
        if receipt is not None:
            sent = Sent(Status.SUCCEEDED, receipt)
        elif may_send and now - intent.created < KEY_LIFE:
            sent, sent_at = await self._try(intent, actor, epoch, sent_at)
        elif sent_at is None or now - sent_at > self._patience.quiet:
            sent = Sent(Status.FAILED, failure="key_too_old" if may_send else TAKEN_OVER)
        else:
            sent = UNKNOWN
        return self._settle(intent, actor, sent, sent_at)

    async def secret_again(self, intent: Intent, receipt: Receipt | None, epoch: int) -> Receipt | None:
        """A fresh copy of the short-lived link an intent made, if it makes one, it still works, and the case is still
        at `epoch`."""
        if isinstance(intent.action, NewCheckoutLink):
            found = await self._found(intent)  # sent again after a day it would be another session
            return found.receipt if found is not None else receipt
        if not isinstance(intent.action, CardUpdateLink) or not self._still(intent, epoch):
            return receipt
        sent = await self._perform(intent)
        return sent.receipt or receipt

    async def _try(self, intent: Intent, actor: str, epoch: int, left: datetime | None) -> tuple[Sent, datetime | None]:
        """Send; after a missing answer look for the effect, then send again under the same key.

        `left`: when it last left for Stripe, as far as is known here; given back as it is then. After an earlier try
        that may have reached Stripe a refusal alone proves nothing.
        """
        sent, unanswered = UNKNOWN, left is not None
        for n in range(self._patience.tries):
            if n:
                await asyncio.sleep(self._patience.pause_seconds * 2 ** (n - 1))
            if n and unanswered and (found := await self._found(intent)) is not None:
                return found, left
            leaves = self._leaves(intent, actor, epoch)
            if leaves is None:
                return UNKNOWN if unanswered else Sent(Status.FAILED, failure=TAKEN_OVER), left
            left = leaves
            sent = await self._perform(intent)
            if sent.status is Status.SUCCEEDED:
                return sent, left
            if sent.status is Status.PENDING:
                unanswered = True
            elif sent.failure != RATE_LIMITED:
                return await self._after_refusal(intent, sent) if unanswered else sent, left
        return UNKNOWN if unanswered else sent, left

    def _still(self, intent: Intent, epoch: int) -> bool:
        with self._store.look() as uow:
            return uow.cases.get(intent.case).epoch == epoch

    def _leaves(self, intent: Intent, actor: str, epoch: int) -> datetime | None:
        """Commit, with its audit entry, that the intent leaves for Stripe now, and say when that is. None: the case
        changed hands, or the intent was settled."""
        with self._store.unit() as uow:
            if uow.cases.locked(intent.case).epoch != epoch or (now := uow.ledger.sending(intent.id)) is None:
                return None
            told = {
                "intent": intent.id,
                "operation_key": intent.operation_key,
                "idempotency_key": intent.idempotency_key,
            }
            uow.record("effect.sending", actor, intent.case, intent.customer, told)
            return now

    async def _after_refusal(self, intent: Intent, refusal: Sent) -> Sent:
        """Refused after an unanswered try: the refusal may only say that the thing is done."""
        try:
            receipt = await self._look(intent)
        except EffectUnknown:
            return UNKNOWN
        return refusal if receipt is None else Sent(Status.SUCCEEDED, receipt)

    async def _found(self, intent: Intent) -> Sent | None:
        try:
            receipt = await self._look(intent)
        except EffectUnknown:
            return None
        return None if receipt is None else Sent(Status.SUCCEEDED, receipt)

    async def _perform(self, intent: Intent) -> Sent:
        self._reach(CrashPoint.SENDING)
        try:
            async with asyncio.timeout(self._patience.effect_seconds):
                receipt = await self._effects.perform(intent)
        except EffectRefused as refused:
            sent = Sent(Status.FAILED, failure=plain(refused.code))
        except Exception:  # noqa: BLE001  time-out or bug alike: neither says what Stripe did
            sent = UNKNOWN
        else:
            sent = UNKNOWN if flaw(receipt, Receipt) else Sent(Status.SUCCEEDED, receipt)
        self._reach(CrashPoint.ANSWERED)
        return sent

    async def _look(self, intent: Intent) -> Receipt | None:
        """The effect, or None if Stripe shows none. Raises `EffectUnknown` for everything that is not an answer."""
        try:
            async with asyncio.timeout(self._patience.facts_seconds):
                receipt = await self._effects.find(intent)
        except Exception as error:
            raise EffectUnknown("find", f"{type(error).__name__}: {error}") from error
        if receipt is not None and (wrong := flaw(receipt, Receipt)):
            raise EffectUnknown("find", f"an odd receipt: {wrong}")
        return receipt

    def _settle(self, intent: Intent, actor: str, sent: Sent, left: datetime | None) -> Sent:
        """Commit the outcome with its audit entry; an outcome that is already there wins.

        That nothing happened can only be said of what was sent last at `left`: another process may have sent it since,
        and that request is on its way. Whoever sent it settles it, or the reconciler does.
        """
        with self._store.unit() as uow:
            before = uow.ledger.get(intent.id)
            if before.status in ("succeeded", "failed"):
                status = Status.SUCCEEDED if before.status == "succeeded" else Status.FAILED
                return Sent(status, receipt_of(before), failure_of(before))
            if sent.status is Status.FAILED and before.sent_at != left:
                return UNKNOWN
            if before.status == sent.status.value:
                return sent
            told = kept(sent.receipt) if sent.receipt else {"failure": sent.failure}
            uow.ledger.settle(intent.id, sent.status.value, sent.receipt.stripe_id if sent.receipt else None, told)
            uow.record(
                "effect.settled",
                actor,
                intent.case,
                intent.customer,
                {
                    "intent": intent.id,
                    "operation_key": intent.operation_key,
                    "status": sent.status.value,
                    "receipt": told if sent.receipt else None,
                    "failure": sent.failure,
                },
            )
        self._reach(CrashPoint.SETTLED)
        return sent

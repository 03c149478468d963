"""Calling Stripe: bounded retries, and what each failure means for a read and for an effect.

| Stripe's answer | a read | an effect |
| --- | --- | --- |
| 429 | again, then `FactsUnavailable` | not executed: again with the same key, then `EffectRefused` rate_limited |
| no or broken connection, time-out, 5xx, 409, unreadable | again, then `FactsUnavailable` | `EffectUnknown`, at once |
| idempotency error on 400 | – | `EffectUnknown`: the key was used before, for something else |
| 402 | – | `EffectRefused` with the decline (`card_declined:insufficient_funds`) |
| other 4xx, 401 and 403 too | `FactsUnavailable` | `EffectRefused` with Stripe's code |

docs.stripe.com/api/errors, docs.stripe.com/error-low-level, docs.stripe.com/rate-limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import stripe

from policy.effects import RATE_LIMITED, EffectError, EffectRefused, EffectUnknown, FactsUnavailable

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]

READ_DELAYS: Final = (0.2, 0.8)
EFFECT_DELAYS: Final = (0.5, 1.5)  # the gate tries again itself, finding first
PAGE: Final = 100  # Stripe's largest page (docs.stripe.com/api/pagination)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The newest items of a list; `more` says that Stripe has further ones which were not read."""

    items: tuple[T, ...]
    more: bool = False


class _PageOf(Protocol):
    @property
    def data(self) -> Sequence[Any]: ...
    @property
    def has_more(self) -> bool: ...


class StripeLine:
    """One client with the patience agreed above. `sleep` is injected by tests."""

    def __init__(
        self, client: stripe.StripeClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.v1 = client.v1
        self._sleep = sleep

    async def read(self, call: Call[T]) -> T:
        """The answer of a call that changes nothing. Raises `FactsUnavailable`."""
        for delay in (*READ_DELAYS, None):
            try:
                return await call()
            except (stripe.RateLimitError, stripe.APIConnectionError, stripe.APIError) as error:
                if delay is None:
                    raise FactsUnavailable(_unavailable(error)) from error
                await self._sleep(delay)
            except stripe.StripeError as error:
                raise FactsUnavailable(_unavailable(error)) from error
        raise AssertionError("the last delay is None")

    async def look_up(self, call: Call[T]) -> T | None:
        """The same, with None for an object that Stripe does not know."""
        try:
            return await self.read(call)
        except FactsUnavailable as error:
            if isinstance(error.__cause__, stripe.InvalidRequestError) and error.__cause__.code == "resource_missing":
                return None
            raise

    async def try_read(self, call: Call[T]) -> T | None:
        """The same, with None for any question that Stripe refuses as wrong (400, 404)."""
        try:
            return await self.read(call)
        except FactsUnavailable as error:
            if isinstance(error.__cause__, stripe.InvalidRequestError):
                return None
            raise

    async def pages(
        self, list_: Callable[[Any], Awaitable[_PageOf]], params: dict[str, Any], most: int = PAGE
    ) -> Listed[Any]:
        """Up to `most` items of a list, newest first: `list_` is the SDK's own `list_async`."""
        items: list[Any] = []
        while True:
            window = {**params, "limit": min(PAGE, most - len(items))}
            if items:
                window["starting_after"] = items[-1].id
            page = await self.read(lambda window=window: list_(window))
            items.extend(page.data)
            if not page.has_more or not page.data:
                return Listed(tuple(items))
            if len(items) >= most:
                return Listed(tuple(items), more=True)

    async def act(self, call: Call[T]) -> T:
        """The answer of a call that changes the world. `call` must send the intent's idempotency key every time.

        Raises `EffectRefused` or `EffectUnknown`.
        """
        for delay in (*EFFECT_DELAYS, None):
            try:
                return await call()
            except stripe.StripeError as error:
                if delay is None or not isinstance(error, stripe.RateLimitError):
                    raise effect_error(error) from error
                await self._sleep(delay)
        raise AssertionError("the last delay is None")


def effect_error(error: stripe.StripeError) -> EffectError:
    """What a failed effect leaves certain; see the table above. The message is Stripe's own, for humans only."""
    message = error.user_message or type(error).__name__
    match error:
        case stripe.RateLimitError():
            return EffectRefused(RATE_LIMITED, message)
        case stripe.IdempotencyError():
            return EffectUnknown("idempotency_mismatch", message)
        case stripe.CardError():
            return EffectRefused(decline_code(error), message)
        case stripe.InvalidRequestError():
            return EffectRefused(error.code or "invalid_request", message)
        case stripe.AuthenticationError():
            return EffectRefused("key_rejected", message)
        case stripe.PermissionError():
            return EffectRefused("permission_missing", message)
        case stripe.APIConnectionError():
            return EffectUnknown("connection_lost", message)
        case _:
            replayed = (error.headers or {}).get("Idempotent-Replayed") == "true"
            kind = "conflict" if error.http_status == 409 else "server_error"
            return EffectUnknown(f"{kind}_replayed" if replayed else kind, message)


# The bank wants the customer to approve the payment: nothing is collected until they do.
_AUTHENTICATION: Final = frozenset(
    [
        "authentication_required",
        "invoice_payment_intent_requires_action",
        "subscription_payment_intent_requires_action",
        "payment_intent_action_required",
    ]
)
AUTHENTICATION_REQUIRED: Final = "authentication_required"


def decline_code(error: stripe.CardError) -> str:
    """`code:decline_code`, `code` alone where there is no more to say, or `authentication_required`."""
    code = error.code or "card_declined"
    decline = getattr(error.error, "decline_code", None) if error.error is not None else None
    if code in _AUTHENTICATION or decline in _AUTHENTICATION:
        return AUTHENTICATION_REQUIRED
    return f"{code}:{decline}" if decline and decline != code else code


def _unavailable(error: stripe.StripeError) -> str:
    """One sentence for the operator, without Stripe's own words: they may quote arguments."""
    match error:
        case stripe.RateLimitError():
            return "Stripe refuses further requests for the moment (429)."
        case stripe.APIConnectionError():
            return "Stripe cannot be reached."
        case stripe.AuthenticationError():
            return "Stripe does not accept the configured key (401)."
        case stripe.PermissionError():
            return "The Stripe key lacks a permission that is needed here (403): see `lee doctor`."
        case stripe.InvalidRequestError():
            return f"Stripe refused a question ({error.http_status}, {error.code or 'invalid_request'})."
        case _:
            return f"Stripe answered with an error ({error.http_status})."

"""Any OpenAI-compatible endpoint, through the openai SDK (imported late: it costs half a second).

platform.openai.com/docs/api-reference/chat. Every failure becomes a `ModelError`; nothing of a broken answer is used.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from agent.models.chat import ChatRequest, Completion, ModelError
from agent.models.tokens import TokenCounter
from agent.models.wire import read_completion, request_body

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# Longer than this a customer should not wait for a rate limit: the case goes to a human instead.
LONGEST_PAUSE = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base_url` None means api.openai.com. `tries` counts the first one. `context_tokens` is the model's window."""

    model: str
    api_key: str
    base_url: str | None = None
    tries: int = 3
    context_tokens: int = 128_000
    strict: bool = True  # some compatible servers refuse `strict`

    @property
    def limit_field(self) -> str:
        """OpenAI deprecated `max_tokens` and its newer models refuse it; most compatible servers know no other."""
        return "max_completion_tokens" if self.base_url is None else "max_tokens"


class OpenAIChat:
    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tokens: TokenCounter | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        http_client: Any = None,
    ) -> None:
        """`http_client`: an `httpx2.AsyncClient` to use instead of the SDK's own (proxies, recordings)."""
        if endpoint.tries < 1:
            raise ValueError("tries must be at least 1")
        self.name = endpoint.model
        self.english_only = False
        self._endpoint = endpoint
        self._tokens = tokens or TokenCounter()
        self._sleep = sleep
        self._http_client = http_client
        self._client: AsyncOpenAI | None = None

    async def complete(self, request: ChatRequest) -> Completion:
        """One completion within `request.timeout` seconds, tries and pauses included. Raises `ModelError`."""
        needed = await self._tokens.of(request) + request.max_tokens
        if needed > self._endpoint.context_tokens:
            raise ModelError(
                "bad_request",
                f"the request may need {needed} tokens, the model's window holds {self._endpoint.context_tokens}",
                retryable=False,
            )
        deadline = time.monotonic() + request.timeout
        for attempt in range(1, self._endpoint.tries + 1):
            try:
                return await self._once(request, deadline - time.monotonic())
            except _Failed as failed:
                pause = failed.pause if failed.pause is not None else _backoff(attempt)
                last = attempt == self._endpoint.tries
                if last or not failed.error.retryable or pause > LONGEST_PAUSE:
                    raise failed.error from failed.__cause__
                if time.monotonic() + pause >= deadline:
                    raise failed.error from failed.__cause__
                await self._sleep(pause)
        raise AssertionError("the loop above returns or raises")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _once(self, request: ChatRequest, seconds: float) -> Completion:
        import httpx2
        import openai

        if seconds <= 0:
            raise _Failed(ModelError("timeout", "the model did not answer in time", retryable=False))
        body = request_body(
            request, self._endpoint.model, strict=self._endpoint.strict, limit=self._endpoint.limit_field
        )
        # Not `chat.completions.create`: it looks through each field of each schema, 15 ms a turn, to leave it as it is.
        try:
            async with asyncio.timeout(seconds):
                answer = await self._open().post(
                    "/chat/completions", cast_to=httpx2.Response, body=body, options={"timeout": seconds}
                )
        except (openai.APITimeoutError, TimeoutError) as error:
            raise _Failed(ModelError("timeout", "the model did not answer in time", retryable=True)) from error
        except openai.APIStatusError as error:
            raise _Failed(_status(error.status_code), _retry_after(error.response.headers)) from error
        except openai.APIConnectionError as error:
            raise _Failed(ModelError("connection", "the model cannot be reached", retryable=True)) from error
        except openai.OpenAIError as error:
            raise _Failed(
                ModelError("malformed", f"the model's answer is unusable ({type(error).__name__})", retryable=True)
            ) from error
        try:
            return read_completion(answer.text, self._endpoint.model)
        except ModelError as error:
            raise _Failed(error) from error

    def _open(self) -> AsyncOpenAI:
        if self._client is None:
            from openai import AsyncOpenAI

            # Retries are ours: the SDK's would hide Retry-After and stretch the deadline.
            self._client = AsyncOpenAI(
                api_key=self._endpoint.api_key,
                base_url=self._endpoint.base_url,
                max_retries=0,
                http_client=self._http_client,
            )
        return self._client


class _Failed(Exception):
    """One try went wrong; `pause` is what the server asked to wait, in seconds."""

    def __init__(self, error: ModelError, pause: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause = pause


def _status(status: int) -> ModelError:
    if status == 429:
        return ModelError("rate_limited", "the model is rate limited", retryable=True)
    if status in (408, 504):
        return ModelError("timeout", f"the model server answered {status}", retryable=True)
    if status in (401, 403):
        return ModelError("authentication", f"the model server refused the key ({status})", retryable=False)
    if status >= 500 or status == 409:
        return ModelError("server_error", f"the model server answered {status}", retryable=True)
    return ModelError("bad_request", f"the model server refused the request ({status})", retryable=False)


def _retry_after(headers: Any) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date, RFC 9110 section 10.2.3)."""
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(ms) / 1000)
    except ValueError:
        return None
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        # Seconds, or a date (RFC 9110, 10.2.3).
        seconds = float(value) if value.replace(".", "", 1).isdigit() else _until(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, seconds)


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()


def _backoff(attempt: int) -> float:
    return min(8.0, 0.5 * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)

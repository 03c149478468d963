"""Replaying what was recorded of both wires: nothing is sent, everything recorded is used, types are the SDKs' own."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
import yaml
from openai.types.chat import ChatCompletion

from agent.models.openai_chat import Endpoint, OpenAIChat
from tests.recordings.bridge import vcr_client
from tests.recordings.record import OPENAI, STRIPE
from tests.recordings.scenarios import openai_walk, stripe_walk
from tests.recordings.tape import FOLDER, origins, player
from tests.sandbox.sdk_routes import check_exchange
from tools.stripe_client import SANDBOX_KEY, make_client


async def test_stripe_as_recorded() -> None:
    with player().use_cassette(STRIPE) as tape:
        told = await stripe_walk(make_client(SANDBOX_KEY, base_url="http://127.0.0.1"))
    assert tape.all_played
    assert told == {
        "paid": "succeeded",
        "refunds": [True, True],
        "refunded": 500,
        "declined": ["card_declined", "insufficient_funds"],
        "invoice": "paid",
        "payment": "paid",
        "preview_has_proration": True,
        "ending": True,
    }


async def test_openai_as_recorded() -> None:
    recorded = interactions(OPENAI)
    url = urlsplit(recorded[0]["request"]["uri"])
    model = json.loads(recorded[0]["request"]["body"])["model"]
    with player().use_cassette(OPENAI) as tape:
        chat = OpenAIChat(Endpoint(model, "none", f"{url.scheme}://{url.netloc}/v1"), http_client=vcr_client())
        first, second = await openai_walk(chat)
        await chat.close()
    assert tape.all_played
    assert [call.name for call in first.message.tool_calls] == ["list_charges"]
    assert "$20.00" in second.message.tool_calls[0].arguments
    assert second.usage.prompt_tokens > 0


def test_every_stripe_exchange_has_the_sdk_s_types() -> None:
    wrong = [
        violation
        for one in interactions(STRIPE)
        for violation in check_exchange(
            one["request"]["method"],
            urlsplit(one["request"]["uri"]).path,
            urlsplit(one["request"]["uri"]).query,
            one["request"]["body"] or "",
            one["response"]["status"]["code"],
            one["response"]["body"]["string"].encode(),
        )
    ]
    assert wrong == []


def test_every_openai_answer_has_the_sdk_s_type() -> None:
    for one in interactions(OPENAI):
        completion = ChatCompletion.model_validate_json(one["response"]["body"]["string"], strict=True)
        assert completion.model_extra == {}


def test_no_recording_without_origin_and_none_that_nobody_replays() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {STRIPE, OPENAI} == set(origins())


@pytest.mark.parametrize("cassette", [STRIPE, OPENAI])
def test_nothing_secret_is_recorded(cassette: str) -> None:
    text = (FOLDER / cassette).read_text(encoding="utf-8")
    assert not re.search(
        r"(sk|rk|pk)_(test|live)_[A-Za-z0-9]|\bsk-[A-Za-z0-9]|\n\s+authorization:|bearer |\n\s+(set-)?cookie:",
        text,
        re.IGNORECASE,
    )
    assert not re.search(r"127\.0\.0\.1:\d", text)


def interactions(cassette: str) -> list[dict]:
    return yaml.safe_load((FOLDER / cassette).read_text(encoding="utf-8"))["interactions"]

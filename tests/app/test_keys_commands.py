"""`lee keys`: what wraps the data keys, changing it, erasing a customer. Wrong keys are refused at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app import wiring
from app.cli import cli
from app.failures import Plainly, explained
from app.records import open_records
from app.settings import load_settings
from app.wiring import open_house
from store.errors import KeyMissing, KeysUnusable
from tools.stripe_client import KeyRefused

Lee = Callable[..., Result]


@pytest.fixture
def lee(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lee:
    monkeypatch.setenv("LEE_DATA", str(tmp_path))
    monkeypatch.setenv("LEE_KEY_FILE", str(tmp_path / "elsewhere" / "kek"))
    return lambda *arguments: CliRunner().invoke(cli, ["keys", *arguments])


def say(text: str) -> str:
    with open_records() as store, store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        uow.messages.add(case.id, "inbound", "customer:maya", text)
        return case.id


def heard(case: str) -> list[str]:
    with open_records() as store, store.look() as uow:
        return [message.body for message in uow.messages.of(case)]


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_the_wrapping_key_is_told_and_changed_and_the_change_is_in_the_log(lee: Lee, tmp_path: Path) -> None:
    case = say("about the jellyfish")
    before = told(lee("--json"))
    assert (before["keys"], before["file"]) == (1, str(tmp_path / "elsewhere" / "kek"))
    assert "1 data keys, wrapped by" in lee().stdout
    prepared = told(lee("rotate", "--prepare", "--json"))["prepared"]
    assert told(lee("--json"))["waiting"] == [prepared]
    done = told(lee("rotate", "--as", "grace", "--json"))
    assert (done["former"], done["now"], done["wrapped"]) == (before["kek"], prepared, 1)
    assert "older backups of the data keys open nothing" in lee("rotate", "--as", "grace").stdout
    assert heard(case) == ["about the jellyfish"]
    with open_records() as store, store.look() as uow:
        rows = [uow.log.get(seq) for seq in range(1, uow.log.size() + 1)]
    assert [(row.kind, row.actor) for row in rows if row] == [("keys.rotated", "human:grace")] * 2
    assert rows[0] is not None
    assert rows[0].payload == {name: done[name] for name in ("former", "now", "wrapped", "tidied")}


def test_a_customer_is_erased_when_a_person_says_so(lee: Lee) -> None:
    case = say("about the jellyfish")
    assert isinstance(lee("erase", "maya").exception, Plainly)
    assert lee("erase", "cus_maya").exit_code != 0  # nobody said yes
    assert heard(case) == ["about the jellyfish"]
    done = told(lee("erase", "cus_maya", "--yes", "--as", "grace", "--json"))
    assert (len(done["keys"]), done["cases"]) == (1, [case])
    assert heard(case) == ["[erased]"]


async def test_what_cannot_open_the_data_keys_is_refused_before_the_models_are_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def loads(*_: object) -> None:
        raise AssertionError("the models were loaded first")

    monkeypatch.setattr(wiring, "open_minds", loads)
    monkeypatch.setenv("STRIPE_API_KEY", "pk_test_1")
    with pytest.raises(KeyRefused, match="publishable"):
        async with open_house(load_settings(data=tmp_path)):
            pass
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_1")
    settings = load_settings(data=tmp_path)
    with open_records(settings) as store, store.unit() as uow:
        uow.record("lee.started", "lee", None, None, {})
    with pytest.raises(KeyMissing) as missing:
        async with open_house(load_settings(data=tmp_path, keys=tmp_path / "others")):
            pass
    settings.wrapping_key.unlink()
    with pytest.raises(KeysUnusable, match="LEE_KEY_FILE") as unusable:
        async with open_house(settings):
            pass
    assert [(explained(each.value) or ("", 0))[1] for each in (missing, unusable)] == [3, 3]

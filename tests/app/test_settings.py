"""Settings: a misspelt name stops the start; keys keep their vendors' names; the file beside the data counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.autonomy import Mode
from app.house import WrongHouse, check_rooms
from app.settings import SettingsError, load_settings


def test_defaults_need_no_environment(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    assert settings.offline
    assert settings.stripe_api_key is None
    assert settings.store_url == f"sqlite:///{tmp_path / 'lee.db'}"
    assert settings.keys_folder == tmp_path / "keys"


def test_an_unknown_name_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEE_DATABSE_URL", "sqlite:///x")
    with pytest.raises(SettingsError, match="LEE_DATABSE_URL"):
        load_settings(data=tmp_path)


def test_an_unknown_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lee.toml").write_text("kill_swich = true\n")
    with pytest.raises(SettingsError, match="kill_swich"):
        load_settings(data=tmp_path)


def test_an_unknown_name_deep_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lee.toml").write_text("[agent.autonomy]\nkill_swich = true\n")
    with pytest.raises(SettingsError, match="kill_swich"):
        load_settings(data=tmp_path)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "lee.toml").write_text("= nonsense")
    with pytest.raises(SettingsError, match=r"lee\.toml"):
        load_settings(data=tmp_path)


def test_the_environment_overrules_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lee.toml").write_text('human_contact = "file"\nconcurrency = 3\n[agent.autonomy]\nshadow = true\n')
    monkeypatch.setenv("LEE_HUMAN_CONTACT", "environment")
    settings = load_settings(data=tmp_path)
    assert (settings.human_contact, settings.concurrency) == ("environment", 3)
    assert settings.agent.autonomy.mode("refund_request") is Mode.DRAFT


def test_the_kill_switch_can_be_set_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEE_AGENT__AUTONOMY__KILL_SWITCH", "true")
    assert load_settings(data=tmp_path).agent.autonomy.mode("refund_request") is Mode.OFF


def test_an_endpoint_without_a_key_is_not_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert not load_settings(data=tmp_path).offline


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_abcdefgh")
    assert "abcdefgh" not in repr(load_settings(data=tmp_path))


def test_wrong_values_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEE_CONCURRENCY", "0")
    with pytest.raises(SettingsError, match="concurrency"):
        load_settings(data=tmp_path)


def test_our_packages_are_this_checkout_s_own() -> None:
    check_rooms()


def test_a_foreign_package_of_one_of_our_names_is_refused() -> None:
    with pytest.raises(WrongHouse, match="'json' resolves to"):
        check_rooms(rooms=("json",))

"""The command line itself: what fails is one plain sentence, and the help shows what the commands take, no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import COMMANDS, cli
from app.failures import Plainly, explained
from app.owner import OwnerLock
from app.settings import SettingsError, load_settings
from store.errors import LogUnavailable


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_is_about_that_command(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "completion" not in done.output


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'qdrant_edge'", name="qdrant_edge"),
        ModuleNotFoundError("No module named 'stripe.new'", name="stripe.new"),
        ImportError("cannot import name 'Shard' from 'qdrant_edge'", name="qdrant_edge"),
    ],
)
def test_an_environment_older_than_the_checkout_is_said_with_its_mending(error: ImportError) -> None:
    sentence, code = explained(error) or ("", 0)
    assert sentence.endswith("make environment")
    assert str(error) in sentence
    assert code == 4


@pytest.mark.parametrize("name", ["app.nothing", "policy", None])
def test_what_is_missing_of_our_own_is_a_bug(name: str | None) -> None:
    assert explained(ImportError("cannot import", name=name)) is None


@pytest.mark.parametrize(
    "url", ["mysql://me:secret@there/x", "secret", "postgresql://there:secret/x", "sqlite://", "sqlite:///:memory:"]
)
@pytest.mark.parametrize("name", ["LEE_DATABASE_URL", "LEE_KEYS_URL"])
def test_a_database_that_the_store_does_not_know_is_a_setting_in_error(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(SettingsError, match=name.removeprefix("LEE_").lower()) as wrong:
        load_settings()
    assert "secret" not in str(wrong.value)


def test_a_data_folder_that_cannot_be_made_is_said_plainly() -> None:
    with pytest.raises(LogUnavailable, match="/proc/nowhere"), OwnerLock(Path("/proc/nowhere")):
        pass


@pytest.mark.parametrize("act", ["approve", "deny"])
def test_a_case_that_is_not_there_is_not_one_that_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, act: str
) -> None:
    monkeypatch.setenv("LEE_DATA", str(tmp_path))
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_1")  # so that no sandbox is started
    given = ["--reason", "No."] if act == "deny" else []
    done = CliRunner().invoke(cli, ["inbox", act, "case_x", *given])
    assert "There is no case case_x" in str(done.exception)


def test_a_file_without_a_ticket_says_so(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n\n")
    done = CliRunner().invoke(cli, ["resolve", "--file", str(tmp_path / "none.jsonl")])
    assert isinstance(done.exception, Plainly)
    assert str(done.exception) == "none.jsonl holds no ticket"


@pytest.mark.parametrize("name", ["LEE_DATABASE_URL", "LEE_KEYS", "LEE_KEYS_URL", "LEE_CHECKPOINT_COPY"])
def test_a_fresh_sandbox_is_refused_where_what_lee_knows_would_stay_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("LEE_DATA", str(tmp_path))
    monkeypatch.setenv(name, "sqlite:////elsewhere/file" if name.endswith("URL") else "/elsewhere")
    done = CliRunner().invoke(cli, ["sandbox", "reset"])
    assert isinstance(done.exception, Plainly)
    assert name in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("database", "code", "says"),
    [
        ("none.db", 5, "none.db cannot be read: No such file"),
        ("", 5, "cannot be read: Is a directory"),
        ("notes.txt", 5, "is not a database"),
    ],
)
def test_a_database_that_an_auditor_cannot_read_is_named(signed: Path, database: str, code: int, says: str) -> None:
    (signed / "notes.txt").write_text("no database, whatever it is called, and long enough to be one")
    done = verify(signed, "data/keys/checkpoints.txt", "--database", str(signed / database))
    assert done.exception is not None
    sentence, found = explained(done.exception) or ("", 0)
    assert says in sentence
    assert found == code


def test_a_database_of_another_kind_is_wrong_usage(signed: Path) -> None:
    assert verify(signed, "data/keys/checkpoints.txt", "--database", "mysql://x/y").exit_code == 2


def test_notes_that_are_no_checkpoints_do_not_say_that_the_log_was_changed(signed: Path) -> None:
    (signed / "notes.txt").write_text("no checkpoint\n")
    assert "checkpoints are not this log's" in str(verify(signed, "notes.txt").exception)


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the data folder of a house whose log is signed."""
    monkeypatch.setenv("LEE_DATA", str(tmp_path / "data"))
    assert CliRunner().invoke(cli, ["keys", "rotate"]).exit_code == 0
    return tmp_path


def verify(folder: Path, checkpoint: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["audit", "verify", "--checkpoint", str(folder / checkpoint), *words])

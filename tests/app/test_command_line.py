"""The command line itself: what fails is one plain sentence, and the help shows what the commands take, no more."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli import COMMANDS, cli
from app.failures import explained


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

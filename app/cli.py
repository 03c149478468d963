"""`lee`: the command line. Commands are imported when they are called, so that `lee --help` answers at once.

Exit codes: 0 done; 1 not done (escalated work is done); 2 wrong usage; 3 settings; 4 something needed is unavailable;
5 nothing could be written down, so nothing was done.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from importlib.metadata import entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup

# name -> (module, its typer app, one line of help). Further commands come from the entry-point group `lee.commands`.
COMMANDS: Final = {
    "resolve": ("app.commands.resolve", "Resolve one ticket, or a file of tickets."),
    "chat": ("app.commands.chat", "A conversation in the terminal."),
    "triage": ("app.commands.triage", "Topic, priority and team of a ticket, or of a file of tickets."),
    "diagnose": ("app.commands.diagnose", "What is wrong with a customer's billing, and what mends it."),
    "inbox": ("app.commands.inbox", "The human's side: show, approve, deny, reply, close."),
    "knowledge": ("app.commands.knowledge", "Index and search the help articles."),
    "reconcile": ("app.commands.reconcile", "Find out what became of effects whose answer is missing."),
    "audit": ("app.commands.audit", "Show what was done in a case; verify the log."),
    "keys": ("app.commands.keys", "The data keys: what wraps them, change it, erase a customer."),
    "customers": ("app.commands.customers", "The demo company, one line on each story."),
    "sandbox": ("app.commands.sandbox", "The Stripe sandbox: start, stop, status, reset, clock, fault."),
    "doctor": ("app.commands.doctor", "What is configured, reachable or missing, and how to mend it."),
}
GROUP: Final = "lee.commands"


class Lazy(TyperGroup):
    """Knows every command's name and help; imports a command when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [*COMMANDS, *sorted(point.name for point in entry_points(group=GROUP))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name in COMMANDS:
            module = COMMANDS[cmd_name][0]
            return _command(importlib.import_module(module).app, cmd_name)
        for point in entry_points(group=GROUP):
            if point.name == cmd_name:
                return _command(point.load(), cmd_name)
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        rows += [(point.name, _help(point.value)) for point in entry_points(group=GROUP)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _help(target: str) -> str:
    """The first docstring line of a plug-in, read without importing it."""
    source = importlib.util.find_spec(target.partition(":")[0])
    if source is None or source.origin is None:
        return ""
    with open(source.origin, encoding="utf-8") as file:
        return file.readline().strip().strip('"')


def _command(app: typer.Typer, name: str) -> Any:
    command = typer.main.get_command(app)
    command.name = name
    return command


cli = typer.Typer(
    cls=Lazy,
    help="Agent Lee: support for SaaS billing that acts only through its policy gate.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@cli.callback()
def _lee() -> None:
    """The group itself does nothing."""


def main() -> None:
    """Entry point: every expected failure is one plain sentence on standard error and an exit code."""
    from app.failures import explained

    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        sentence, code = told
        print(f"lee: {sentence}", file=sys.stderr)
        sys.exit(code)


def run(coroutine: Any) -> Any:
    """Run a command's coroutine; what it logs goes to a file of the data folder."""
    import asyncio

    from app.logs import logging_to
    from app.settings import load_settings

    signal.signal(signal.SIGINT, _interrupted)
    with logging_to(load_settings().data):
        return asyncio.run(coroutine)


def _interrupted(*_: object) -> None:
    """Ctrl-C ends at once, like a power cut: whatever was begun is found and finished at the next start."""
    sys.stdout.flush()
    sys.stderr.write("\nInterrupted. What was begun is finished at the next start.\n")
    sys.stderr.flush()
    os._exit(130)

"""What the commands print: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from billing.money import Money

console = Console(highlight=False)


def print_json(value: Any) -> None:
    """One line, for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def counted(count: int, thing: str, things: str | None = None) -> str:
    """`1 case`, `2 cases`; `things` where the plural is another."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def amount(effect: dict[str, Any]) -> str:
    if effect.get("amount") is None:
        return ""
    return str(Money(int(effect["amount"]), str(effect["currency"])))


def show_result(result: dict[str, Any]) -> None:
    """One resolved ticket for a person: topic, what was done, the reply, and why where something was refused."""
    head = Text.assemble(
        ("case ", "dim"), result["case"], ("  topic ", "dim"), str(result["topic"]),
        ("  confidence ", "dim"), f"{result['confidence']:.2f}", ("  model ", "dim"), result["model"] or "none asked",
    )  # fmt: skip
    console.print(head)
    for decision in result["decisions"]:
        console.print(Text(f"  {decision['tool']}: {decision['verdict']} ({decision['rule']}) {decision['reason']}"))
        if decision.get("remedy"):
            console.print(Text(f"    what would change that: {decision['remedy']}"), style="dim")
    for effect in result["effects"]:
        console.print(Text(f"  done: {effect['kind']} {effect['stripe_id']} {amount(effect)}".rstrip()), style="green")
    console.print(Panel(Text(result["reply"] or ""), title=outcome(result["outcome"]), title_align="left"))
    for citation in result["citations"]:
        console.print(Text(f"  from {citation['article']} ({citation['passage']})"), style="dim")
    if result["escalation"]:
        console.print(
            Text(f"  handed over: {result['escalation']['reason']}; lee inbox show {result['case']}"), style="yellow"
        )


def outcome(word: str) -> str:
    return {"resolved": "resolved", "awaiting_customer": "waiting for the customer", "escalated": "with a human"}[word]


def table(*columns: str, title: str | None = None) -> Table:
    made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for n, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=n == 0)  # the first is what the next command needs
    return made

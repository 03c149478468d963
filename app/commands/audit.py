"""The audit log: what was done in a case, and whether anybody changed it afterwards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from app.failures import Plainly
from app.output import console, print_json
from app.wiring import open_records

app = typer.Typer(rich_markup_mode=None, help=__doc__, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def show(case: Annotated[str, typer.Argument(help="The case (case_…).")], as_json: Json = False) -> None:
    """Every entry of a case, in order."""
    with open_records() as store, store.look() as uow:
        uow.cases.get(case)
        entries = uow.log.of(case)
    for entry in entries:
        if as_json:
            print_json(
                {
                    "seq": entry.seq,
                    "at": entry.at.isoformat(),
                    "kind": entry.kind,
                    "actor": entry.actor,
                    "payload": entry.payload,
                    "leaf": entry.leaf,
                }
            )
            continue
        console.print(Text(f"{entry.seq:>5} {entry.at:%Y-%m-%d %H:%M:%S} {entry.kind}  {entry.actor}"), style="bold")
        payload = {"erased": "the customer's key was erased"} if entry.payload is None else entry.payload
        for name, value in payload.items():
            console.print(Text(f"        {name}: {value}"))


@app.command()
def verify(as_json: Json = False) -> None:
    """Check every entry, the Merkle root and the signed checkpoints; exit 1 when anything was changed."""
    from store.checkpoints import verify as verify_log

    with open_records() as store:
        report = verify_log(store)
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "entries": report.entries,
                "covered": report.covered,
                "checkpoints": report.checkpoints,
                "root": report.root.hex(),
                "findings": [asdict(found) for found in report.findings],
            }
        )
    else:
        console.print(
            f"{report.entries} entries, {report.covered} of them under {report.checkpoints} signed checkpoints."
        )
        for found in report.findings:
            console.print(Text(f"  {found.kind}: {found.message}"), style="red")
    if not report.ok:
        raise Plainly(f"the log was changed: {len(report.findings)} findings")

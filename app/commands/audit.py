"""The audit log: what was done in a case, and whether anybody changed it afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.auditing import bundle_words, check_bundle, check_kept, check_log, log_words
from app.auditing import export as export_bundle
from app.auditing import match as match_books
from app.cli import run
from app.failures import Plainly
from app.output import console, counted, print_json
from app.records import open_records, open_to_act
from app.settings import database as known_database
from app.settings import load_settings
from audit.completeness import Orphan
from tools.stripe_books import KEPT
from tools.stripe_line import StripeLine

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__, no_args_is_help=True)
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


@app.command(short_help="Whether anybody has changed the log.")
def verify(
    checkpoint: Annotated[Path | None, typer.Option(help="Signed checkpoints that you kept elsewhere.")] = None,
    public_key: Annotated[Path | None, typer.Option(help="The log's public key that you kept elsewhere.")] = None,
    database: Annotated[str | None, typer.Option(help="Another database, e.g. a backup: a path or URL.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="An exported bundle, instead of a database.")] = None,
    as_json: Json = False,
) -> None:
    """Check every entry, the Merkle root and the signed checkpoints; exit 1 when anything was changed.

    With --checkpoint or --bundle the public key is all it takes: no private key, no data key, no Stripe, no lock."""
    if bundle is not None:
        if database is not None:
            raise typer.BadParameter("a bundle needs no database: name one of the two")
        _verify_bundle(bundle, checkpoint, public_key, as_json=as_json)
        return
    if checkpoint is None:
        if database is not None or public_key is not None:
            raise typer.BadParameter("--database and --public-key go with --checkpoint or --bundle")
        with open_records() as store:
            checked = check_log(store)
    else:
        settings = load_settings()
        url = settings.store_url if database is None else _url(database)
        checked = check_kept(url, settings.keys_folder, checkpoint, public_key)
    report = checked.report
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "entries": report.entries,
                "covered": report.covered,
                "uncovered": report.uncovered,
                "uncovered_since": report.uncovered_since,
                "checkpoints": report.checkpoints,
                "root": report.root.hex(),
                "findings": [asdict(found) for found in report.findings],
            }
        )
    else:
        _say(log_words(checked), (f"{found.kind}: {found.message}" for found in report.findings))
    if not report.ok:
        only_notes = all(found.kind == "checkpoint_invalid" for found in report.findings)
        what = "the checkpoints are not this log's, or were changed" if only_notes else "the log was changed"
        raise Plainly(f"{what} ({counted(len(report.findings), 'finding')})")


def _verify_bundle(folder: Path, checkpoint: Path | None, public_key: Path | None, *, as_json: bool) -> None:
    report, verifier = check_bundle(folder, checkpoint, public_key)
    if as_json:
        size = None if report.checkpoint is None else report.checkpoint.size
        told = {"ok": report.ok, "proven": report.proven, "closed": report.closed, "checkpoint": size}
        print_json({**told, "anchors": report.anchors, "findings": report.findings})
    else:
        _say(bundle_words(report, verifier, own_key=public_key is None), report.findings)
    if not report.ok:
        raise Plainly(f"the bundle does not hold ({counted(len(report.findings), 'finding')})")


def _url(database: str) -> str:
    url = database if "://" in database else f"sqlite:///{database}"
    try:
        return known_database(url)
    except ValueError as error:
        raise typer.BadParameter(f"--database: {error}") from error


@app.command(short_help="What happened in a case, with its proof.")
def export(
    case: Annotated[str, typer.Argument(help="The case (case_…).")],
    out: Annotated[Path | None, typer.Option(help="Folder for the bundle; default: ./<case>.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Checkpoints of the one who asks: proven against too.")
    ] = None,
) -> None:
    """What happened in a case, in plain English, with everything that proves it, for whoever may read it.

    An erased customer's entries are proven, but nobody can open them any more."""
    folder = out or Path(case)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Plainly(f"{folder} is there already; a bundle gets a folder of its own")
    with open_to_act() as store:
        report = export_bundle(store, case, folder, checkpoint)
    _say([f"{folder}/case.md tells it, {folder}/bundle.json proves it: {report.proven} entries."], report.findings)
    console.print(Text("It holds personal data in the clear: keep it as you would a letter of the customer's."))
    if not report.ok:
        raise Plainly(f"the bundle does not hold ({counted(len(report.findings), 'finding')})")


@app.command(short_help="Compare Stripe's own books with the log.")
def match(as_json: Json = False) -> None:
    """Compare Stripe's own books with the log, both ways, as far back as Stripe keeps events (30 days).

    Exit 1 when Stripe shows something of Lee's that the log does not tell, or the other way round."""
    orphans, attempts, marks = run(_match())
    if as_json:
        found = [asdict(orphan) for orphan in orphans]
        print_json({"ok": not orphans, "attempts": attempts, "marks": marks, "orphans": found})
    else:
        words = [
            f"{attempts} effects in the ledger, {marks} marks of Lee in Stripe's books of the last {KEPT.days} days."
        ]
        if not orphans:
            words.append("Each has its counterpart: attempt, decision and outcome in the log, the effect at Stripe.")
        _say(words, (f"{orphan.kind} {orphan.intent}: {orphan.message}" for orphan in orphans))
    if orphans:
        raise Plainly(f"Stripe and the log do not agree ({counted(len(orphans), 'finding')})")


async def _match() -> tuple[list[Orphan], int, int]:
    from app.wiring import open_books

    async with open_books() as (store, world):
        return await match_books(store, StripeLine(world.client), world.clock())


def _say(words: Iterable[str], findings: Iterable[str]) -> None:
    for line in words:
        console.print(Text(line))
    for line in findings:
        console.print(Text(f"  {line}"), style="red")

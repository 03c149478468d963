"""Usage in ClickHouse: the tables and the questions, the same for the engine in process and for a server.

An hour that is sent again replaces what was there (ReplacingMergeTree by `recorded_at`), so a delivery may be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from billing.facts import MeterUsage, UsageFacts
from billing.ids import CustomerId
from tools.sources import SourceUnavailable

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS meters (meter String, unit String, title String) "
    "ENGINE = ReplacingMergeTree ORDER BY meter",
    # What a customer may use in a period before it costs extra; the row with the latest `since` counts.
    "CREATE TABLE IF NOT EXISTS allowances (customer String, meter String, included UInt64, since DateTime('UTC')) "
    "ENGINE = ReplacingMergeTree(since) ORDER BY (customer, meter)",
    "CREATE TABLE IF NOT EXISTS usage_hourly (customer String, meter LowCardinality(String), hour DateTime('UTC'), "
    "units UInt64, recorded_at DateTime64(3, 'UTC') DEFAULT now64(3)) "
    "ENGINE = ReplacingMergeTree(recorded_at) PARTITION BY toYYYYMM(hour) ORDER BY (customer, meter, hour)",
)

PERIOD_SUMS: Final = """
SELECT meter,
       sumIf(units, hour >= {start:DateTime('UTC')}) AS used,
       sumIf(units, hour < {start:DateTime('UTC')}) AS previous
FROM usage_hourly FINAL
WHERE customer = {customer:String} AND hour >= {before:DateTime('UTC')} AND hour < {end:DateTime('UTC')}
GROUP BY meter
"""

ALLOWANCES: Final = "SELECT meter, included FROM allowances FINAL WHERE customer = {customer:String}"

ROWS: Final = "JSONEachRow"


@dataclass(frozen=True, slots=True)
class HourlyUsage:
    """`units` used of `meter` in the hour that begins at `hour` (aware)."""

    customer: CustomerId
    meter: str
    hour: datetime
    units: int

    def row(self) -> dict[str, Any]:
        if self.hour.tzinfo is None or self.hour.astimezone(UTC) != _whole_hour(self.hour):
            raise ValueError(f"{self.hour} is not the beginning of an hour in an aware time")
        if type(self.units) is not int or not 0 <= self.units < 2**63:
            raise ValueError(f"{self.units!r} is not a count of units")
        return {
            "customer": self.customer,
            "meter": self.meter,
            "hour": int(self.hour.timestamp()),
            "units": self.units,
        }


@dataclass(frozen=True, slots=True)
class Allowance:
    """`included` units of `meter` in each period, from `since` (aware) on."""

    customer: CustomerId
    meter: str
    included: int
    since: datetime

    def row(self) -> dict[str, Any]:
        return {
            "customer": self.customer,
            "meter": self.meter,
            "included": self.included,
            "since": int(self.since.timestamp()),
        }


@dataclass(frozen=True, slots=True)
class Meter:
    """`unit` in the plural (`requests`), `title` for people (`API requests`)."""

    meter: str
    unit: str
    title: str

    def row(self) -> dict[str, Any]:
        return {"meter": self.meter, "unit": self.unit, "title": self.title}


Row = HourlyUsage | Allowance | Meter


def rows_of(data: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Row]:
    """Rows from plain data: `{"meters": [{meter, unit, title}], "allowances": [{customer, meter, included, since}],
    "hourly": [{customer, meter, hour, units}]}`, with `since` and `hour` as ISO 8601. Raises `ValueError`."""
    try:
        return [
            *(Meter(each["meter"], each["unit"], each["title"]) for each in data.get("meters", ())),
            *(
                Allowance(CustomerId(each["customer"]), each["meter"], each["included"], _aware(each["since"]))
                for each in data.get("allowances", ())
            ),
            *(
                HourlyUsage(CustomerId(each["customer"]), each["meter"], _aware(each["hour"]), each["units"])
                for each in data.get("hourly", ())
            ),
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"usage data lacks {error}") from error


TABLES: Final = {HourlyUsage: "usage_hourly", Allowance: "allowances", Meter: "meters"}


def insertion(table: str, rows: Iterable[Row]) -> str:
    """One INSERT statement; values travel as JSON, so nothing in them is read as SQL."""
    lines = "\n".join(json.dumps(row.row(), ensure_ascii=False) for row in rows)
    columns = {"usage_hourly": " (customer, meter, hour, units)"}.get(table, "")
    return f"INSERT INTO {table}{columns} FORMAT {ROWS}\n{lines}"


def parameters(customer: CustomerId, start: datetime, end: datetime) -> dict[str, str]:
    """The period, and before it one of the same length."""
    if not start < end:
        raise ValueError("a period ends after it begins")
    first, last = int(start.timestamp()), int(end.timestamp())
    return {**of_customer(customer), "start": str(first), "end": str(last), "before": str(first - (last - first))}


def of_customer(customer: CustomerId) -> dict[str, str]:
    """A parameter's text is unescaped by ClickHouse as in TabSeparated files, so it is escaped here."""
    escaped = customer.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return {"customer": escaped}


def usage_facts(sums: str, allowances: str, start: datetime, end: datetime) -> UsageFacts:
    """The two answers as facts. A meter without an allowance includes nothing; one without use still shows."""
    try:
        included = {row["meter"]: int(row["included"]) for row in _rows(allowances)}
        counted = {row["meter"]: (int(row["used"]), int(row["previous"])) for row in _rows(sums)}
    except (KeyError, TypeError, ValueError) as error:
        raise SourceUnavailable("usage", "The usage store answered in a shape that is not understood.") from error
    names = sorted(included.keys() | counted.keys())
    meters = (
        MeterUsage(name, counted.get(name, (0, 0))[0], included.get(name, 0), counted.get(name, (0, 0))[1])
        for name in names
    )
    return UsageFacts(start, end, tuple(meters))


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} does not say its time zone")
    return moment


def _rows(answer: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.splitlines() if line.strip()]


def _whole_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)

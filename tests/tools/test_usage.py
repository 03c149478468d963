"""Usage from ClickHouse, in process and over HTTP: one suite for both. The server is a local one backed by chdb."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from billing.facts import MeterUsage, UsageFacts
from billing.ids import CustomerId
from tools.sources import SourceUnavailable
from tools.usage import FolderUsage, ServerUsage
from tools.usage_schema import Allowance, HourlyUsage, Meter, Row

UMA, HUGO = CustomerId("cus_uma"), CustomerId("cus_hugo")
START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
BEFORE = START - (END - START)

ROWS: list[Row] = [
    Meter("api_requests", "requests", "API requests"),
    Allowance(UMA, "api_requests", 10_000, BEFORE),
    Allowance(UMA, "seats", 3, BEFORE),
    HourlyUsage(UMA, "api_requests", START, 4_000),
    HourlyUsage(UMA, "api_requests", END - timedelta(hours=1), 40_000),
    HourlyUsage(UMA, "api_requests", END, 9_999_999),  # the next period
    HourlyUsage(UMA, "api_requests", START - timedelta(hours=1), 700),
    HourlyUsage(UMA, "api_requests", BEFORE, 70),
    HourlyUsage(UMA, "api_requests", BEFORE - timedelta(hours=1), 5_555_555),  # two periods ago
    HourlyUsage(HUGO, "api_requests", START, 123),
]

UMAS = UsageFacts(START, END, (MeterUsage("api_requests", 44_000, 10_000, 770), MeterUsage("seats", 0, 3, 0)))


class ClickHouseHttp(BaseHTTPRequestHandler):
    """ClickHouse's HTTP interface as far as we use it: the query in the body, `param_…` and settings in the URL."""

    session: Any
    lock: threading.Lock

    def do_POST(self) -> None:
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        values = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
        try:
            with self.lock:
                body = (self.session.query(sql, given["default_format"], params=values).data() or "").encode()
            self.send_response(200)
        except RuntimeError as error:
            body = str(error).encode()
            self.send_response(404 if "UNKNOWN_TABLE" in str(error) else 400)
            self.send_header("X-ClickHouse-Exception-Code", str(error).split()[1].rstrip("."))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def clickhouse_server(folder: Path) -> Iterator[str]:
    from chdb import session

    handler = type("Handler", (ClickHouseHttp,), {"session": session.Session(str(folder)), "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        handler.session.close()


class Bench:
    """Either implementation, with one way to fill it."""

    def __init__(self, usage: FolderUsage | ServerUsage) -> None:
        self.usage = usage

    async def fill(self, rows: list[Row]) -> None:
        if isinstance(self.usage, ServerUsage):
            await self.usage.prepare()
            await self.usage.insert(rows)
        else:
            self.usage.insert(rows)


@pytest.fixture(params=["folder", "server"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "server":
        with clickhouse_server(tmp_path / "server") as url:
            yield Bench(ServerUsage(url))
        return
    usage = FolderUsage(tmp_path / "usage")
    yield Bench(usage)
    usage.close()


async def test_a_period_is_summed_beside_the_one_before_it(bench: Bench) -> None:
    await bench.fill(ROWS)
    assert await bench.usage.of(UMA, START, END) == UMAS


async def test_another_customers_usage_is_not_seen(bench: Bench) -> None:
    await bench.fill(ROWS)
    facts = await bench.usage.of(HUGO, START, END)
    assert facts.meters == (MeterUsage("api_requests", 123, 0, 0),)


async def test_an_hour_sent_again_is_not_counted_twice(bench: Bench) -> None:
    await bench.fill(ROWS)
    await bench.fill([HourlyUsage(UMA, "api_requests", START, 4_000)])
    await bench.fill([HourlyUsage(UMA, "api_requests", END - timedelta(hours=1), 41_000)])
    facts = await bench.usage.of(UMA, START, END)
    assert facts.meters[0] == MeterUsage("api_requests", 45_000, 10_000, 770)


async def test_a_customer_without_rows_has_no_meters(bench: Bench) -> None:
    await bench.fill(ROWS)
    assert (await bench.usage.of(CustomerId("cus_nobody"), START, END)).meters == ()


@pytest.mark.parametrize(
    "customer", ["x' OR 1=1 --", "cus_\\' OR '1'='1", "'; DROP TABLE usage_hourly; --", "ключ🙂\t\n\\t"]
)
async def test_a_hostile_customer_id_is_only_a_value(bench: Bench, customer: str) -> None:
    await bench.fill([*ROWS, HourlyUsage(CustomerId(customer), "seats", START, 2)])
    assert (await bench.usage.of(CustomerId(customer), START, END)).meters == (MeterUsage("seats", 2, 0, 0),)
    assert await bench.usage.of(UMA, START, END) == UMAS


async def test_counts_beyond_a_float_stay_exact(bench: Bench) -> None:
    await bench.fill([HourlyUsage(UMA, "bytes", START, 2**60 + 1)])
    assert (await bench.usage.of(UMA, START, END)).meters == (MeterUsage("bytes", 2**60 + 1, 0, 0),)


async def test_rows_survive_closing_the_folder(tmp_path: Path) -> None:
    first = FolderUsage(tmp_path)
    first.insert(ROWS)
    first.close()
    second = FolderUsage(tmp_path)
    try:
        assert await second.of(UMA, START, END) == UMAS
    finally:
        second.close()


async def test_a_second_folder_in_one_process_is_refused_plainly(tmp_path: Path) -> None:
    first, second = FolderUsage(tmp_path / "one"), FolderUsage(tmp_path / "two")
    first.insert(ROWS)
    try:
        with pytest.raises(SourceUnavailable, match="this process has another one open"):
            await second.of(UMA, START, END)
    finally:
        first.close()


@pytest.mark.process
def test_a_folder_open_in_another_process_is_refused_plainly(tmp_path: Path) -> None:
    usage = FolderUsage(tmp_path)
    usage.insert(ROWS)
    script = (
        "import pathlib, sys; from tools.usage import FolderUsage; from tools.sources import SourceUnavailable\n"
        "try: FolderUsage(pathlib.Path(sys.argv[1])).insert([])\n"
        "except SourceUnavailable as error: print(error)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        usage.close()
    assert "open in another process" in done.stdout, done


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SourceUnavailable) as caught:
        await FolderUsage(tmp_path / "file").of(UMA, START, END)
    assert caught.value.source == "usage"


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        await ServerUsage("http://127.0.0.1:9/").of(UMA, START, END)


async def test_a_server_without_the_tables_says_so(tmp_path: Path) -> None:
    with clickhouse_server(tmp_path) as url, pytest.raises(SourceUnavailable, match=r"404, ClickHouse code 60"):
        await ServerUsage(url).of(UMA, START, END)


@pytest.mark.parametrize(
    "row",
    [
        HourlyUsage(UMA, "m", START + timedelta(minutes=30), 1),
        HourlyUsage(UMA, "m", START.replace(tzinfo=None), 1),
        HourlyUsage(UMA, "m", START, -1),
        HourlyUsage(UMA, "m", START, 2**63),
        HourlyUsage(UMA, "m", START, 1.5),  # pyright: ignore[reportArgumentType] - the wrong type is the test
    ],
)
def test_a_row_that_is_no_hour_or_no_count_is_refused(tmp_path: Path, row: HourlyUsage) -> None:
    usage = FolderUsage(tmp_path)
    with pytest.raises(ValueError, match="is not"):
        usage.insert([row])
    usage.close()

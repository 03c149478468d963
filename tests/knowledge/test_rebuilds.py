"""No moment without an index: readers during whole rebuilds, and rebuilds that are killed, in both engines."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from knowledge import index
from knowledge.index import PassageIndex
from knowledge.location import Location
from tests.knowledge.conftest import CountingEmbedder
from tests.knowledge.rebuilding import ARTICLES, BATCH, articles
from tests.proofs import PROVE, Proved, times

REBUILDS = times(3, 60)
READERS = 3
WANTED = {each.id for each in articles()}


@pytest.fixture(params=["edge", "python"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    return Location(folder=tmp_path / "index", engine=request.param)


def found(opened: PassageIndex) -> set[str]:
    return {hit.article for hit in opened.find("money", 2 * ARTICLES)}


def test_readers_find_everything_while_it_is_rebuilt_whole(
    place: Location, monkeypatch: pytest.MonkeyPatch, proved: Proved
) -> None:
    monkeypatch.setattr(index, "BATCH", BATCH)
    searches, bad, over = 0, list[str](), threading.Event()

    def read(opened: PassageIndex) -> None:
        nonlocal searches
        while not over.is_set():
            try:
                if (seen := found(opened)) != WANTED:
                    bad.append(f"only {len(seen)} of {ARTICLES}")
            except Exception as error:  # noqa: BLE001 - any failure of a search is what is counted here
                bad.append(repr(error))
            searches += 1
            time.sleep(0.001)  # the scan in Python is one thread's at a time, and takes its lock unfairly

    def somebody_reads(_done: int, _of: int) -> None:
        """In the middle of a rebuild: goes on when another search has begun and ended."""
        enough, until = searches + READERS + 1, time.monotonic() + 60
        while searches < enough and time.monotonic() < until:
            time.sleep(0.001)
        assert searches >= enough, "nobody reads"

    with PassageIndex(place, CountingEmbedder()) as opened:
        opened.sync(articles())
        readers = [threading.Thread(target=read, args=(opened,)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        try:
            for n in range(REBUILDS):
                monkeypatch.setattr(index, "SCHEME", f"made in way {n}")
                assert opened.sync(articles(), somebody_reads).embedded == ARTICLES, "it was rebuilt whole"
        finally:
            over.set()
            for reader in readers:
                reader.join()
    assert not bad
    proved(f"searches by {READERS} readers during {REBUILDS} whole rebuilds ({place.engine}) that failed or missed any "
           "article", searches, len(bad))  # fmt: skip


@pytest.mark.parametrize("batches", range(1, 5) if PROVE else [2])
def test_a_rebuild_that_is_killed_leaves_the_old_index(
    place: Location, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PassageIndex(place, CountingEmbedder()) as opened:
        opened.sync(articles())
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.knowledge.rebuilding", str(place.folder), place.engine, "another way"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    for _ in range(batches):
        assert child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    with PassageIndex(place, CountingEmbedder()) as opened:
        assert found(opened) == WANTED
        assert opened.sync(articles()).embedded == 0, "the old one is the one in use"
    monkeypatch.setattr(index, "SCHEME", "another way")
    with PassageIndex(place, CountingEmbedder()) as opened:
        assert found(opened) == WANTED
        assert opened.sync(articles()).embedded > 0
        assert found(opened) == WANTED

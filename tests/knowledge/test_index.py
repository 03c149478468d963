"""The index, in both engines that keep it in a folder: only what changed is embedded, nothing is left behind, and
failures are told apart."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from qdrant_edge import ScrollRequest

from knowledge.articles import Article, State
from knowledge.edge import EdgeEngine
from knowledge.errors import IndexBusy, IndexCorrupt, IndexMissing, IndexUnavailable
from knowledge.index import PassageIndex, open_engine
from knowledge.location import Engines, Location
from knowledge.search import Knowledge
from tests.knowledge.conftest import CountingEmbedder

Make = Callable[..., Article]


@pytest.fixture(params=["edge", "python"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    return Location(folder=tmp_path / "index", engine=request.param)


def titles(index: PassageIndex, query: str) -> list[str]:
    return [hit.article for hit in index.find(query, 10)]


def test_only_changed_articles_are_embedded_again(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    first = [article("refunds", "Money goes back."), article("cards", "Change the card."), article("tax", "A number.")]
    with PassageIndex(place, embedder) as index:
        assert index.sync(first).embedded == 3
        embedder.encoded.clear()
        second = [first[0], article("cards", "Replace the plastic."), article("plans", "Upgrade.")]
        report = index.sync(second)
        assert (report.unchanged, report.embedded, report.removed, report.passages) == (1, 2, 1, 3)
        assert sorted(text.partition("\n")[0] for text in embedder.encoded) == ["Cards", "Plans"]
        assert titles(index, "number tax") != []
        assert "tax" not in titles(index, "number tax")
        assert index.find("plastic", 1)[0].text == "Replace the plastic."
        embedder.encoded.clear()
        assert index.sync(second).embedded == 0
        assert embedder.encoded == []


def test_it_is_still_there_after_a_restart(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    articles = [article("refunds", "Money goes back.")]
    with PassageIndex(place, embedder) as index:
        index.sync(articles)
    with PassageIndex(place, embedder) as index:
        assert titles(index, "money back") == ["refunds"]
        assert index.sync(articles).embedded == 0


def test_drafts_and_stale_articles_are_not_found(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    with PassageIndex(place, embedder) as index:
        index.sync([article("refunds", "Money goes back.")])
        report = index.sync([article("refunds", "Money goes back.", State.STALE), article("x", "Money", State.DRAFT)])
        assert (report.removed, index.count()) == (1, 0)
        assert index.find("money", 3) == []


def test_writing_that_was_cut_short_is_done_again(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    long = article("long", "\n\n".join(" ".join(f"w{part}x{at}" for at in range(150)) for part in range(3)))
    with PassageIndex(place, embedder) as index:
        index.sync([long])
    engine = open_engine(place)
    collection = engine.current()
    assert collection is not None
    engine.change(collection, (), [next(engine.held(collection)).id])
    engine.close()
    with PassageIndex(place, embedder) as index:
        assert index.count() == 2
        assert index.sync([long]).embedded == 1
        assert index.count() == 3


def test_another_model_takes_over_without_a_moment_without_an_index(place: Location, article: Make) -> None:
    old = CountingEmbedder()
    articles = [article(f"a{number}", f"money topic{number}") for number in range(5)]
    with PassageIndex(place, old) as index:
        index.sync(articles)

    class Watching(CountingEmbedder):
        seen: list[int] = []  # noqa: RUF012

        def encode(self, texts):
            self.seen.append(index.count())
            return super().encode(texts)

    new = Watching("other", 64)
    with PassageIndex(place, new) as index:
        assert index.sync(articles).embedded == 5
        assert new.seen == [5], "readers still saw the old index while the new one was being filled"
        assert len(index.find("money", 10)) == 5
    assert place.folder is not None
    collections = place.folder / ("edge" if place.engine == "edge" else "qdrant/collection")
    assert len([each for each in collections.iterdir() if each.is_dir()]) == 1


def test_a_folder_has_one_opener_at_a_time(place: Location, embedder: CountingEmbedder) -> None:
    with (
        PassageIndex(place, embedder),
        pytest.raises(IndexBusy, match="another process has it open"),
    ):
        PassageIndex(place, embedder)
    PassageIndex(place, embedder).close()


def test_nothing_indexed_yet_says_what_to_do(place: Location, embedder: CountingEmbedder) -> None:
    with PassageIndex(place, embedder) as index:
        assert index.count() == 0
        with pytest.raises(IndexMissing, match="lee knowledge index"):
            index.find("money", 3)


@pytest.mark.parametrize(
    ("engine", "file"),
    [
        ("python", "qdrant/meta.json"),
        ("python", "storage.sqlite"),
        ("edge", "edge/current"),
        ("edge", "edge_config.json"),
        ("edge", "segment.json"),
    ],
)
def test_a_damaged_folder_is_named_and_can_be_opened_after_deleting_it(
    engine: Engines, file: str, tmp_path: Path, embedder: CountingEmbedder, article: Make
) -> None:
    place = Location(folder=tmp_path, engine=engine)
    with PassageIndex(place, embedder) as index:
        index.sync([article("refunds", "Money goes back.")])
    target = next(tmp_path.rglob(Path(file).name))
    assert target.as_posix().endswith(file)
    target.write_bytes(b"\x00garbage" * 200)
    for _ in range(2):  # the lock is given back, or the second error would be another
        with pytest.raises(IndexCorrupt, match="delete it and run"):
            PassageIndex(place, embedder)
    shutil.rmtree(tmp_path)
    with PassageIndex(place, embedder) as index:
        assert index.sync([article("refunds", "Money goes back.")]).passages == 1


def test_a_filling_that_was_damaged_before_it_was_published_is_made_anew(
    tmp_path: Path, embedder: CountingEmbedder, article: Make
) -> None:
    place = Location(folder=tmp_path)
    with PassageIndex(place, embedder) as index:
        index.sync([article("refunds", "Money goes back.")])
    (tmp_path / "edge" / "current").unlink()
    next(tmp_path.rglob("segment.json")).write_bytes(b"garbage")
    with PassageIndex(place, embedder) as index:
        assert index.count() == 0
        assert index.sync([article("refunds", "Money goes back.")]).embedded == 1
        assert titles(index, "money back") == ["refunds"]


def test_a_shard_in_use_is_deleted_by_its_last_reader(tmp_path: Path) -> None:
    reading, replaced = threading.Event(), threading.Event()
    found: list[int] = []
    engine = EdgeEngine(Location(folder=tmp_path))
    engine.prepare("old", 16)
    engine.publish("old")

    def read() -> None:
        with engine.reading(None) as shard:
            reading.set()
            replaced.wait(10)
            found.append(len(shard.scroll(ScrollRequest(limit=5))[0]))

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(10)
    engine.prepare("new", 16)
    engine.publish("new")
    assert (tmp_path / "edge" / "old").is_dir()
    replaced.set()
    thread.join()
    assert found == [0]
    assert not (tmp_path / "edge" / "old").exists()
    assert (engine.current(), engine.count("new")) == ("new", 0)
    engine.close()


def test_an_unreachable_server_and_an_unwritable_folder(tmp_path: Path, embedder: CountingEmbedder) -> None:
    with (
        PassageIndex(Location(url="http://127.0.0.1:1"), embedder) as index,
        pytest.raises(IndexUnavailable, match=r"127\.0\.0\.1:1"),
    ):
        index.find("money", 3)
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnavailable):
        PassageIndex(Location(folder=tmp_path / "file"), embedder)
    with pytest.raises(ValueError, match="folder and url"):
        Location()


def test_a_closed_index_says_so(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    index = PassageIndex(place, embedder)
    index.sync([article("refunds", "Money goes back.")])
    index.close()
    with pytest.raises(IndexUnavailable, match="closed"):
        index.find("money", 3)


def test_readers_and_a_writer_share_it(place: Location, embedder: CountingEmbedder, article: Make) -> None:
    knowledge = Knowledge(place, embedder)
    stable = [article(f"a{number}", f"money topic{number}") for number in range(10)]
    knowledge.sync(stable)
    problems: list[str] = []

    def read() -> None:
        for _ in range(30):
            found = {hit.article for hit in knowledge.search("money", 10)}
            if not {one.id for one in stable} <= found | {"b"} or len(found) < 9:
                problems.append(f"only {sorted(found)}")

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(10):
        knowledge.sync([*stable, article("b", f"other words {number}")])
    for thread in threads:
        thread.join()
    knowledge.close()
    assert problems == []

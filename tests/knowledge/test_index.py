"""The index: only what changed is embedded, nothing is left behind, and failures are told apart."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.articles import Article, State
from knowledge.errors import IndexBusy, IndexCorrupt, IndexMissing, IndexUnavailable
from knowledge.index import PassageIndex
from knowledge.qdrant import Location
from knowledge.search import Knowledge
from tests.knowledge.conftest import CountingEmbedder

Make = Callable[..., Article]


def titles(index: PassageIndex, query: str) -> list[str]:
    return [hit.article for hit in index.find(query, 10)]


def test_only_changed_articles_are_embedded_again(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    first = [article("refunds", "Money goes back."), article("cards", "Change the card."), article("tax", "A number.")]
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
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


def test_it_is_still_there_after_a_restart(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    articles = [article("refunds", "Money goes back.")]
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        index.sync(articles)
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        assert titles(index, "money back") == ["refunds"]
        assert index.sync(articles).embedded == 0


def test_drafts_and_stale_articles_are_not_found(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        index.sync([article("refunds", "Money goes back.")])
        report = index.sync([article("refunds", "Money goes back.", State.STALE), article("x", "Money", State.DRAFT)])
        assert (report.removed, index.count()) == (1, 0)
        assert index.find("money", 3) == []


def test_writing_that_was_cut_short_is_done_again(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    long = article("long", "\n\n".join(" ".join(f"w{part}x{at}" for at in range(150)) for part in range(3)))
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        index.sync([long])
    (database,) = tmp_path.rglob("storage.sqlite")
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM points WHERE id = (SELECT id FROM points LIMIT 1)")
    connection.close()
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        assert index.count() == 2
        assert index.sync([long]).embedded == 1
        assert index.count() == 3


def test_another_model_takes_over_without_a_moment_without_an_index(tmp_path: Path, article: Make) -> None:
    old = CountingEmbedder()
    articles = [article(f"a{number}", f"money topic{number}") for number in range(5)]
    with PassageIndex(Location(folder=tmp_path), old) as index:
        index.sync(articles)

    class Watching(CountingEmbedder):
        seen: list[int] = []  # noqa: RUF012

        def encode(self, texts):
            self.seen.append(index.count())
            return super().encode(texts)

    new = Watching("other", 64)
    with PassageIndex(Location(folder=tmp_path), new) as index:
        assert index.sync(articles).embedded == 5
        assert new.seen == [5], "readers still saw the old index while the new one was being filled"
        assert len(index.find("money", 10)) == 5
        assert len(list((tmp_path / "qdrant" / "collection").iterdir())) == 1


def test_a_folder_has_one_opener_at_a_time(tmp_path: Path, embedder: CountingEmbedder) -> None:
    with (
        PassageIndex(Location(folder=tmp_path), embedder),
        pytest.raises(IndexBusy, match="another process has it open"),
    ):
        PassageIndex(Location(folder=tmp_path), embedder)
    PassageIndex(Location(folder=tmp_path), embedder).close()


def test_nothing_indexed_yet_says_what_to_do(tmp_path: Path, embedder: CountingEmbedder) -> None:
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        assert index.count() == 0
        with pytest.raises(IndexMissing, match="lee knowledge index"):
            index.find("money", 3)


@pytest.mark.parametrize("damage", ["meta", "storage"])
def test_a_damaged_folder_is_named_and_can_be_opened_after_deleting_it(
    damage: str, tmp_path: Path, embedder: CountingEmbedder, article: Make
) -> None:
    with PassageIndex(Location(folder=tmp_path), embedder) as index:
        index.sync([article("refunds", "Money goes back.")])
    target = tmp_path / "qdrant" / "meta.json" if damage == "meta" else next(tmp_path.rglob("storage.sqlite"))
    target.write_bytes(b"\x00garbage" * 200)
    for _ in range(2):  # the lock is given back, or the second error would be another
        with pytest.raises(IndexCorrupt, match="delete it and run"):
            PassageIndex(Location(folder=tmp_path), embedder)


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


def test_a_closed_index_says_so(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    index = PassageIndex(Location(folder=tmp_path), embedder)
    index.sync([article("refunds", "Money goes back.")])
    index.close()
    with pytest.raises(IndexUnavailable, match="closed"):
        index.find("money", 3)


def test_readers_and_a_writer_share_it(tmp_path: Path, embedder: CountingEmbedder, article: Make) -> None:
    knowledge = Knowledge(Location(folder=tmp_path), embedder)
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

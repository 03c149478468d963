"""The key-encryption key: made once, its owner's alone, changed while others work, missed at once when gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.errors import Forged, KeysUnusable
from store.key_file import KeyFile, WrappingKey, wrapped_by
from store.keys import Erased, Keyring, open_keyring
from tests.databases import Databases
from tests.store.conftest import BOTH, SQLITE, Clock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "wrapping.key"


@pytest.fixture
def keys(keys_url: str, file: Path, clock: Clock) -> Iterator[Keyring]:
    ring = open_keyring(keys_url, file, clock)
    yield ring
    ring.close()


def wraps(keys: Keyring) -> str:
    return keys.custody.told()[0].kek


def test_a_wrapped_key_opens_in_its_row_only_and_no_byte_may_change() -> None:
    kek, key = WrappingKey(bytes(range(32))), bytes(32)
    wrapped = kek.wrap(key, b"key_1:cus_maya")
    assert kek.unwrap(wrapped, b"key_1:cus_maya") == key
    assert wrapped_by(wrapped) == kek.id
    assert kek.wrap(key, b"key_1:cus_maya") != wrapped
    with pytest.raises(Forged):
        kek.unwrap(wrapped, b"key_2:cus_otto")
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        assert not opens(kek, bytes(changed))
        with pytest.raises(Forged):
            wrapped_by(wrapped[:place])


def opens(kek: WrappingKey, wrapped: bytes) -> bool:
    try:
        return wrapped_by(wrapped) == kek.id and kek.unwrap(wrapped, b"key_1:cus_maya") != b""
    except Forged:
        return False


@BOTH
def test_no_key_lies_in_the_database_as_it_is(keys: Keyring, file: Path) -> None:
    key = keys.current("cus_maya")
    row = keys.custody.get(key.id)
    assert row is not None
    assert row.material is not None
    assert key.material not in row.material
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@BOTH
def test_without_the_file_nothing_opens_and_none_is_made_in_its_place(
    keys: Keyring, keys_url: str, file: Path, clock: Clock
) -> None:
    keys.current("cus_maya")
    text = file.read_text()
    file.unlink()
    with pytest.raises(KeysUnusable, match=r"wrapping.key \(LEE_KEY_FILE\) is gone, and kek_.* wraps the data keys"):
        open_keyring(keys_url, file, clock)
    assert not file.exists()
    KeyFile(file).make()
    with pytest.raises(KeysUnusable, match=r"does not hold kek_.*another one, or an old copy"):
        open_keyring(keys_url, file, clock)
    file.write_text(text)
    open_keyring(keys_url, file, clock).close()


@SQLITE
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("c2hvcnQ=\n", "damaged: line 1 is not 32 bytes in base64"),
        ("{good}\nnot base64!\n", "damaged: line 2"),
        ("{good}\n\n", "damaged: line 2"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(
    keys: Keyring, keys_url: str, file: Path, clock: Clock, text: str, says: str
) -> None:
    good = file.read_text().strip()
    file.write_text(text.format(good=good))
    with pytest.raises(KeysUnusable, match=says):
        open_keyring(keys_url, file, clock)


@SQLITE
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_may_read_or_write_is_refused(
    keys: Keyring, keys_url: str, file: Path, clock: Clock, mode: int
) -> None:
    file.chmod(mode)
    with pytest.raises(KeysUnusable, match=r"by others \(mode .*chmod 600"):
        open_keyring(keys_url, file, clock)


@SQLITE
def test_a_key_made_elsewhere_and_a_link_to_it_serve(keys_url: str, tmp_path: Path, clock: Clock) -> None:
    secret = tmp_path / "secret"
    secret.write_text(subprocess.run(["openssl", "rand", "-base64", "32"], capture_output=True, text=True).stdout)
    secret.chmod(0o400)
    link = tmp_path / "link"
    link.symlink_to(secret)
    ring = open_keyring(keys_url, link, clock)
    _, sealed = ring.seal("cus_maya", b"hello", b"row")
    ring.custody.rotate()
    assert link.is_symlink()
    assert ring.open(sealed, b"row") == b"hello"
    ring.close()


@BOTH
def test_a_change_of_the_key_wraps_all_anew_beside_a_working_process(
    keys: Keyring, keys_url: str, file: Path, clock: Clock
) -> None:
    working = open_keyring(keys_url, file, clock)
    sealed = [working.seal(f"cus_{n}", b"hello", b"row")[1] for n in range(5)]
    keys.erase("cus_0")
    old, former = file.read_text(), wraps(keys)
    done = keys.custody.rotate()
    assert (done.former, done.now, done.wrapped, done.tidied) == (former, wraps(keys), 4, True)
    assert former != done.now
    assert keys.custody.told()[1] == [done.now]
    assert old.strip() not in file.read_text()
    assert isinstance(working.open(sealed[0], b"row"), Erased)
    assert [working.open(each, b"row") for each in sealed[1:]] == [b"hello"] * 4
    new = working.seal("cus_new", b"later", b"row")[1]  # by a process that had not heard of it
    assert keys.open(new, b"row") == b"later"
    working.close()


@BOTH
def test_an_old_backup_of_the_keys_opens_nothing_after_a_change(
    keys: Keyring, keys_url: str, databases: Databases, file: Path, tmp_path: Path, clock: Clock
) -> None:
    """Erased after the backup was made: neither the backup of the keys nor one of the main database brings it back."""
    keys.seal("cus_maya", b"hello", b"row")
    keys.close()
    (tmp_path / "backup").mkdir()
    backup = databases.copy(keys_url, tmp_path / "backup")
    ring = open_keyring(keys_url, file, clock)
    ring.erase("cus_maya")
    ring.custody.rotate()
    ring.close()
    with pytest.raises(KeysUnusable, match="does not hold"):
        open_keyring(backup, file, clock)
    databases.drop(backup)


@BOTH
def test_the_next_key_can_be_made_beforehand_and_brought_to_another_machine(
    keys: Keyring, keys_url: str, file: Path, tmp_path: Path, clock: Clock
) -> None:
    elsewhere = tmp_path / "machine" / "wrapping.key"
    elsewhere.parent.mkdir()
    elsewhere.write_text(file.read_text())
    elsewhere.chmod(0o600)
    far = open_keyring(keys_url, elsewhere, clock)
    _, sealed = far.seal("cus_maya", b"hello", b"row")
    prepared = keys.custody.prepare()
    assert keys.custody.prepare() == prepared
    assert wraps(keys) != prepared
    assert far.open(sealed, b"row") == b"hello"
    elsewhere.write_text(file.read_text())
    assert keys.custody.rotate().now == prepared
    assert far.open(sealed, b"row") == b"hello"
    assert keys.open(far.seal("cus_otto", b"hello", b"row")[1], b"row") == b"hello"
    far.close()


@BOTH
def test_a_machine_without_the_new_key_is_told_so_and_goes_on_when_it_has_it(
    keys: Keyring, keys_url: str, file: Path, tmp_path: Path, clock: Clock
) -> None:
    elsewhere = tmp_path / "machine.key"
    elsewhere.write_text(file.read_text())
    elsewhere.chmod(0o600)
    far = open_keyring(keys_url, elsewhere, clock)
    _, sealed = far.seal("cus_maya", b"hello", b"row")
    keys.custody.rotate()
    with pytest.raises(KeysUnusable, match="does not hold"):
        far.open(sealed, b"row")
    with pytest.raises(KeysUnusable, match="does not hold"):
        far.current("cus_otto")
    elsewhere.write_text(file.read_text())
    assert far.open(sealed, b"row") == b"hello"
    far.close()


@BOTH
def test_several_that_change_it_at_once_lose_nothing(keys: Keyring, keys_url: str, file: Path, clock: Clock) -> None:
    sealed = [keys.seal(f"cus_{n}", b"hello", b"row")[1] for n in range(4)]
    failed: list[BaseException] = []

    def change() -> None:
        try:
            ring = open_keyring(keys_url, file, clock)
            for n in range(3):
                ring.custody.rotate()
                ring.seal(f"cus_{threading.get_ident()}_{n}", b"x", b"")
            ring.close()
        except BaseException as error:  # noqa: BLE001  whatever it was, the test tells
            failed.append(error)

    threads = [threading.Thread(target=change) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [keys.open(each, b"row") for each in sealed] == [b"hello"] * 4
    told, there = keys.custody.told()
    assert there == [told.kek]
    assert told.keys == 4 + 9


CHANGER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import store.key_file, store.key_rows
from store.keys import open_keyring

ring = open_keyring(sys.argv[1], Path(sys.argv[2]), lambda: datetime.now(UTC))
place, name, when = sys.argv[3].split(".")
kind = {"KeyFile": store.key_file.KeyFile, "KeyRows": store.key_rows.KeyRows}[place]
real = getattr(kind, name)

def dies(*given):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*given)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(kind, name, dies)
ring.custody.rotate()
"""
MOMENTS = [
    "KeyFile.add.before",
    "KeyFile.add.after",
    "KeyRows.replace.after",
    "KeyRows.wrap_with.after",
    "KeyRows.forget.before",
    "KeyFile.keep.before",
    "KeyFile.keep.after",
]


@pytest.mark.process
@SQLITE
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_it_is_changed_nothing_is_lost_and_again_ends_it(
    keys: Keyring, keys_url: str, file: Path, clock: Clock, moment: str
) -> None:
    sealed = [keys.seal(f"cus_{n}", b"hello", b"row")[1] for n in range(3)]
    run = subprocess.run([sys.executable, "-c", CHANGER, keys_url, str(file), moment], timeout=60, check=False)
    assert run.returncode == -signal.SIGKILL
    after = open_keyring(keys_url, file, clock)
    assert [after.open(each, b"row") for each in sealed] == [b"hello"] * 3
    former = wraps(after)
    done = after.custody.rotate()
    assert done.former == former
    assert after.custody.told()[1] == [done.now]
    assert [keys.open(each, b"row") for each in sealed] == [b"hello"] * 3
    after.close()


@SQLITE
def test_a_file_that_cannot_be_written_is_said_and_a_key_put_there_by_hand_is_used(
    keys: Keyring, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")

    text, prepared = file.read_text(), KeyFile(file).add()
    both = file.read_text()
    file.write_text(text)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", _only_reading(os.open))
        with pytest.raises(KeysUnusable, match="cannot be written: Read-only"):
            keys.custody.rotate()
        assert keys.open(sealed, b"row") == b"hello"
    file.write_text(both)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", _only_reading(os.open))
        done = keys.custody.rotate()
    assert (done.now, done.tidied) == (prepared.id, False)
    assert keys.open(sealed, b"row") == b"hello"


def _only_reading(real: Callable[..., int]) -> Callable[..., int]:
    def opened(path: object, flags: int, *more: object) -> int:
        if flags & os.O_CREAT:
            raise OSError(30, "Read-only file system")
        return real(path, flags, *more)

    return opened

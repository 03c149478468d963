"""What a run leaves behind, decoded as somebody who searches it would: every byte of every file, every value of every
table, and what base64, pickle or JSON hide in them."""

from __future__ import annotations

import base64
import binascii
import pickletools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, inspect, make_url, text

PAN = "4242424242424242"
KEY = "51Nq8yQwErTyUiOpAsDfGh"
FULLWIDTH, ARABIC = ("".join(chr(zero + int(digit)) for digit in PAN) for zero in (0xFF10, 0x0660))
PLANTED = {
    "plain": f"my card {PAN} please",
    "spaces": "my card 4242 4242 4242 4242 please",
    "no-break spaces": "my card 4242\u00a04242\u00a04242\u00a04242 please",
    "dashes": "my card 4242-4242-4242-4242 please",
    "en dashes": "my card 4242\u20134242\u20134242\u20134242 please",
    "dots": "my card 4242.4242.4242.4242 please",
    "lines": "my card\n4242\n4242\n4242\n4242\nplease",
    "zero width": "my card 4242\u200b4242\u200b4242\u200b4242 please",
    "full width": f"my card {FULLWIDTH} please",
    "arabic": f"my card {ARABIC} please",
    "security code": f"card {PAN} 12/29 cvv 9137",
    "stripe key": f"use sk_live_{KEY}",
    "restricted key": f"use rk_test_{KEY}",
    "webhook secret": f"use whsec_{KEY}",
}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Planted:
    """`number`: of a card, digits alone. `code`: its security code. `words`: what may be nowhere outside the seals."""

    number: str
    code: str
    key: str
    words: str

    def in_text(self, value: str, *, sealed_inside: bool = False) -> bool:
        """Read by a thief: digits of every script, whatever stands between. `sealed_inside`: words are at home here."""
        digits = "".join(str(int(each)) for each in value if each.isdecimal())
        code = re.search(rf"(?<![0-9A-Za-z]){self.code}(?![0-9A-Za-z])", value)
        return (
            self.number in digits
            or code is not None
            or self.key in value
            or (not sealed_inside and self.words in value.lower())
        )

    def in_bytes(self, raw: bytes) -> bool:
        """As bytes that nobody decodes: a page of a database, a write-ahead log."""
        told = [self.number, self.key, self.words, " ".join(re.findall("....", self.number)), FULLWIDTH, ARABIC]
        return any(
            word.encode(coding) in raw.lower() for word in map(str.lower, told) for coding in ("utf-8", "utf-16-le")
        )


HIDDEN = Planted(PAN, "9137", KEY, "jellyfish")


def decoded(value: object) -> Iterator[str]:
    """A value of a row and what is hidden in it."""
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    readable = raw.decode("utf-8", "replace")
    yield readable
    for found in _BASE64.findall(readable):
        with_padding = found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 4)
        try:
            inner = base64.b64decode(with_padding, altchars=b"-_" if "-" in found or "_" in found else None)
        except (binascii.Error, ValueError):
            continue
        yield inner.decode("utf-8", "replace")
        yield from _pickled(inner)


def _pickled(raw: bytes) -> Iterator[str]:
    try:
        for _, argument, _ in pickletools.genops(raw):
            if isinstance(argument, str):
                yield argument
    except (ValueError, IndexError, UnicodeDecodeError):
        return


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_socket())


def tables_of(url: str) -> Iterator[tuple[str, object]]:
    """(where, value) of every value of every row of every table, views and system tables left out."""
    parsed = make_url(url)
    engine = create_engine(
        url if parsed.get_backend_name() == "sqlite" else parsed.set(drivername="postgresql+psycopg")
    )
    try:
        with engine.connect() as connection:
            looking = inspect(connection)
            for schema in looking.get_schema_names():
                if schema in ("information_schema", "pg_catalog"):
                    continue
                for table in looking.get_table_names(schema):
                    for row in connection.execute(text(f'SELECT * FROM "{schema}"."{table}"')).mappings():
                        yield from ((f"{schema}.{table}.{column}", value) for column, value in row.items())
    finally:
        engine.dispose()


def sqlite_files(found: Sequence[Path]) -> list[Path]:
    made: list[Path] = []
    for path in found:
        with path.open("rb") as file:
            if file.read(16) == _SQLITE:
                made.append(path)
    return made


def rows_of(path: Path) -> Iterator[tuple[str, object]]:
    """The same of a SQLite file, read with its write-ahead log, whoever else has it open."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        file.text_factory = bytes
        for (table,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            cursor = file.execute(f'SELECT * FROM "{table.decode()}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                yield from (
                    (f"{path.name}.{table.decode()}.{name}", value) for name, value in zip(columns, row, strict=True)
                )

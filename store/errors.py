"""What can go wrong in the store, each with a stable code and one plain sentence a human may read."""

from __future__ import annotations


class StoreError(Exception):
    """Base. `code` is stable, `message` one plain sentence."""

    code = "store"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LogUnavailable(StoreError):
    """The database or the key file cannot be written or read (disk full, read-only, locked, gone).

    Nothing of the unit was kept. As every effect needs its audit entry first, no effect may follow.
    """

    code = "log_unavailable"


class NotFound(StoreError):
    """No such row."""

    code = "not_found"

    def __init__(self, what: str, id_: str) -> None:
        super().__init__(f"There is no {what} {id_}.")


class StaleEpoch(StoreError):
    """The case changed hands since the caller last looked."""

    code = "stale_epoch"

    def __init__(self, case_id: str, wanted: tuple[str, int], found: tuple[str, int]) -> None:
        super().__init__(
            f"Case {case_id} belongs to {found[0]} at epoch {found[1]}, no longer to {wanted[0]} at epoch {wanted[1]}."
        )
        self.owner, self.epoch = found


class TurnRunning(StoreError):
    """A case runs one turn at a time, oldest first."""

    code = "turn_running"

    def __init__(self, case_id: str, turn_id: str) -> None:
        super().__init__(f"Case {case_id} is still busy with turn {turn_id}.")
        self.turn_id = turn_id


class TurnElsewhere(StoreError):
    """A turn belongs to one life of one worker; another that is alive has this one."""

    code = "turn_elsewhere"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"Turn {turn_id} is another worker's.")


class NameTaken(StoreError):
    """Two living workers may not go by one name."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another worker is at work as {name}: give this one a LEE_WORKER of its own.")


class KeysDiffer(StoreError):
    """Workers on one database read what the others sealed."""

    code = "keys_differ"

    def __init__(self) -> None:
        super().__init__(
            "The other workers on this database use other data keys: LEE_KEYS_URL or LEE_KEYS must name them."
        )


class TurnDone(StoreError):
    """The turn has ended; it can neither start nor end again differently."""

    code = "turn_done"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"Turn {turn_id} has already ended.")


class Conflict(StoreError):
    """The row exists and says something else, or its state does not allow the change."""

    code = "conflict"


class TooLong(StoreError):
    """A text is longer than its column."""

    code = "too_long"

    def __init__(self) -> None:
        super().__init__("A name, an id or another short text is too long to be kept.")


class SchemaMismatch(StoreError):
    """The database was made by another version of the program."""

    code = "schema_mismatch"


class KeyMissing(StoreError):
    """The database of data keys does not know the key that sealed a row: it is the wrong one or an old copy."""

    code = "key_missing"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"There is no data key {key_id}: these are not the keys this database was written with, or an old copy."
        )


class KeysUnusable(StoreError):
    """The key-encryption key is missing, another one, damaged or open to others, or the data keys lie where they must
    not. The message names the setting."""

    code = "keys_unusable"


class Forged(StoreError):
    """A sealed value does not open under its key: it was changed or moved from another row."""

    code = "forged"


class NestedUnit(RuntimeError):
    """A developer's mistake: a unit opened inside a unit of the same thread would wait for itself."""

    def __init__(self) -> None:
        super().__init__("A unit of work is already open in this thread: pass it on, and await nothing inside it.")


class LogTampered(StoreError):
    """The log, its checkpoints or its keys are not what was signed. Sign nothing, and tell a human."""

    code = "log_tampered"

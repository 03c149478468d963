"""Opening the store alone: for commands that read it, and for those by which a human acts beside a working Lee. Imports
nothing of models, index or engine: such a command answers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from app.checkpointing import sign
from app.clocks import system_clock
from app.logs import logging_to
from app.settings import Settings, load_settings
from store.checkpoints import Notary
from store.database import Store, open_store


@contextmanager
def open_records(settings: Settings | None = None, clock: Callable[[], datetime] = system_clock) -> Iterator[Store]:
    """Only the store: for commands that start no workflow engine and need no owner."""
    settings = settings or load_settings()
    store = open_store(
        settings.store_url,
        settings.keys_folder,
        clock,
        keys_url=settings.keys_url,
        key_file=settings.wrapping_key,
    )
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_to_act(settings: Settings | None = None, clock: Callable[[], datetime] = system_clock) -> Iterator[Store]:
    """The store for what a human does beside a working Lee: it is under a signed checkpoint, and that copied, before
    the command says that it is done. Raises as `open_store` does."""
    settings = settings or load_settings()
    with open_records(settings, clock) as store:
        yield store
        with logging_to(settings.data):
            sign(Notary(store, settings.checkpoint_copy))

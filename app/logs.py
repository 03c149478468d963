"""Where log lines go: `<data>/lee.log`, a JSON object a line. The terminal belongs to the commands' own output."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog


@contextmanager
def logging_to(data: Path) -> Iterator[None]:
    """Send this process's log lines to the data folder. Tracebacks carry no local variables: those may hold what a
    customer wrote."""
    with ExitStack() as stack:
        factory: Any = structlog.ReturnLoggerFactory()
        # A full or read-only disk must not keep a customer from a human: then nothing is logged.
        with suppress(OSError):
            data.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((data / "lee.log").open("a", encoding="utf-8", buffering=1))
            factory = structlog.WriteLoggerFactory(file)
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.ExceptionRenderer(
                    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                ),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=factory,
        )
        try:
            yield
        finally:
            structlog.reset_defaults()

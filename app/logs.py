"""Where log lines go: `<data>/lee.log`, a JSON object a line. The terminal belongs to the commands' own output."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import structlog


def log_to(data: Path) -> None:
    """Configure structlog and the standard library's warnings for this process. Tracebacks carry no local variables:
    those may hold what a customer wrote."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        file: Any = (data / "lee.log").open("a", encoding="utf-8", buffering=1)
    except OSError:
        file = None  # a full disk must not keep a customer from a human: log nowhere
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file) if file is not None else structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=True,
    )

"""Every expected failure as one plain sentence and an exit code. What is not here is a bug and shows its trace."""

from __future__ import annotations

import importlib

from app.house import ROOMS

# (module, exception, exit code): named as text so that looking one up imports nothing that was not in use.
_KNOWN: tuple[tuple[str, str, int], ...] = (
    ("app.settings", "SettingsError", 3),
    ("app.house", "WrongHouse", 3),
    ("policy.limits", "LimitsError", 3),
    ("tools.stripe_client", "KeyRefused", 3),
    ("app.auditing", "NotThere", 4),
    ("app.owner", "Owned", 4),
    ("app.sandbox_process", "SandboxUnavailable", 4),
    ("knowledge.errors", "ArticleRefused", 1),
    ("knowledge.errors", "KnowledgeError", 4),
    ("agent.topics.head", "HeadUnusable", 4),
    ("agent.triage.signals", "SignalsUnusable", 4),
    ("policy.effects", "FactsUnavailable", 4),
    ("app.resolving", "NotWritten", 5),
    ("store.errors", "LogUnavailable", 5),
    ("store.errors", "KeysDiffer", 3),
    ("store.errors", "KeysUnusable", 3),
    ("store.errors", "KeyMissing", 3),
    ("store.errors", "NameTaken", 3),
    ("store.errors", "StoreError", 1),
    ("app.failures", "Plainly", 1),
)


class Plainly(RuntimeError):
    """Something a command cannot do, already in one plain sentence."""


def explained(error: BaseException) -> tuple[str, int] | None:
    """The sentence and the exit code, or None for a bug."""
    import sys

    if isinstance(error, ImportError) and error.name and error.name.partition(".")[0] not in ROOMS:
        return f"a package it needs is missing or too old ({error}): make environment", 4
    for module, name, code in _KNOWN:
        loaded = sys.modules.get(module)
        kind = getattr(loaded, name, None) if loaded is not None else None
        if kind is not None and isinstance(error, kind):
            sentence = " ".join(str(error).split())
            # Whoever could act has put the house together; others only looked, and have no customer waiting.
            acting = "app.wiring" in sys.modules
            return _with_contact(sentence) if name == "LogUnavailable" and acting else sentence, code
    return None


def _with_contact(sentence: str) -> str:
    settings = importlib.import_module("app.settings")
    contact = settings.load_settings().human_contact
    ended = "Nothing more was done; an effect that had been sent already is looked up at the next start."
    return f"{sentence.rstrip('.')}. {ended} A human is reached at {contact}."

"""To what a customer's typed yes is a yes: to the one sentence of the law that Lee showed last, or to nothing.

Pure: the channel that received the words writes the confirmation (`app.intake`), and the turn puts the question where
they leave it open. No model has a part in either, and where there is a doubt nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.assent import only_assents, place
from agent.effects import EffectRecord
from agent.ledger_sentences import about
from agent.prompting import render
from agent.topics.sentences import own_words
from policy.actions import ACTIONS
from store.messages import MessageRow
from store.proposals import ProposalRow
from store.redaction import redact

MOST = 6  # that are listed to choose from
# The same change with the figures of another preview is still the same change: only its newest sentence waits.
_FIGURES = frozenset({"proration_date", "amount_due"})
# Words beside the law's sentence that a yes might be the answer to as well.
_ASKS = re.compile(
    r"[?？؟]|\b(?:yes|ok|okay|confirm\w*|agree\w*|approve\w*|accept\w*|reply|respond|answer|say|tell|let (?:me|us) know"
    r"|would you|do you|shall|should i|may i|what you want|you would rather (?!have a person)|number)\b",
    re.I,
)
_MARKED = re.compile(r"(?m)^[ \t]*(?:>[ \t]*)+")


@dataclass(frozen=True, slots=True)
class Consent:
    """`to`: the proposal that was meant. Without one, `ask`: those it may have been meant for, to be shown again; both
    empty where the words are no yes to anything that waits."""

    to: ProposalRow | None = None
    ask: tuple[ProposalRow, ...] = ()


NONE = Consent()


def consent(
    text: str,
    user: str,
    before: Sequence[MessageRow],
    proposals: Sequence[ProposalRow],
    now: datetime,
    valid: timedelta,
) -> Consent:
    """What a message of this user says yes to. `before`: the case's messages before it, oldest first, with drafts and
    notes or without; `proposals`: the case's, oldest decision first; a question is open for `valid`."""
    said = [row for row in before if row.kind in ("inbound", "outbound")]
    last = said[-1] if said else None
    if last is None or last.kind != "outbound" or not last.author.startswith("lee"):
        return NONE  # nothing was asked, or somebody has spoken since
    own = own_words(text)
    waiting = _waiting(proposals, now, valid)
    if _line(last.body) == _line(redact(which(waiting))) and len(waiting) > 1:
        chosen = place(own)
        if chosen is not None and chosen <= len(waiting) and not _quotes(text, own):
            return Consent(waiting[chosen - 1])
        return Consent(ask=waiting) if only_assents(own, user=user) else NONE
    shown = [row for row in waiting if sentence(row) in _line(last.body)]
    if not shown or not any(only_assents(own, row.tool, user) for row in shown):
        return NONE
    (meant, *others) = shown
    clear = not others and len(waiting) == 1 and _ASKS.search(_line(last.body).replace(sentence(meant), " ")) is None
    if clear and (not _quotes(text, own) or sentence(meant) in _line(_MARKED.sub("", text))):
        return Consent(meant)
    return Consent(ask=waiting)


def may_consent(text: str, user: str) -> bool:
    """Whether it is worth looking what the words could be a yes to."""
    own = own_words(text)
    return place(own) is not None or any(only_assents(own, tool, user) for tool in ACTIONS)


def sentence(row: ProposalRow) -> str:
    """How the proposal is shown to the customer, as the conversation keeps it."""
    shown = EffectRecord(
        row.tool, row.arguments, row.id, "waiting", "needs_confirmation", row.rule, row.reason, shown=row.shown
    )
    return _line(redact(about(shown)))


def which(waiting: Sequence[ProposalRow]) -> str:
    """The question about what a yes is meant for; of one proposal its sentence, by itself."""
    values = {"waiting": [row.shown for row in waiting], "sentences": [sentence(row) for row in waiting]}
    return render("which_yes.v1.j2", **values)


def _waiting(proposals: Sequence[ProposalRow], now: datetime, valid: timedelta) -> tuple[ProposalRow, ...]:
    """What waits for the customer's yes: of the same change its newest sentence, and none that is too old."""
    newest: dict[str, ProposalRow] = {}
    for row in proposals:
        act = str((row.tool, sorted((name, value) for name, value in row.arguments.items() if name not in _FIGURES)))
        newest.pop(act, None)
        newest[act] = row
    rows = newest.values()
    return tuple(
        row for row in rows if row.verdict == "needs_confirmation" and row.shown and now - row.decided_at <= valid
    )[-MOST:]


def _quotes(text: str, own: str) -> bool:
    """Whether the message holds more than its own words: mail that it answers."""
    return _line(own) != _line(text)


def _line(text: str) -> str:
    return " ".join(text.split())

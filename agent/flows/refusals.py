"""A customer's no: what Lee proposed, offered or asked is let be, or a human takes over where Lee was wrong."""

from __future__ import annotations

from agent.flows.steps import HandOver, Say
from agent.flows.view import View
from agent.prompting import render

CLEAR = 0.8  # from here on a message that begins with "no" is a wish of its own


def refused(view: View) -> Say | HandOver | None:
    """How the turn ends when the message is a no, and no more than that: it points at nothing, and wishes for nothing
    else that is clear. None when it is not."""
    hints = view.hints
    if not (view.spoke_before and hints.refuses and hints.short and hints.bare):
        return None
    if not hints.refuses_plainly and view.topic["source"] != "case" and view.topic["confidence"] >= CLEAR:
        return None
    if view.said(render("is_it_that.v1.j2")):
        return HandOver("not_understood", "The customer says that the answer was not what they asked for.")
    return Say("as_it_is")

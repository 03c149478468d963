"""Links to hosted pages: signed, with the moment they expire inside, so that no list of links has to be kept.

docs.stripe.com/invoicing/hosted-invoice-page: a link expires 30 days after the due date (without one: after the
finalization) and at most 120 days after; a link that the API shows is valid for at least 10 days more.
"""

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

from sandbox import clock
from sandbox.expansion import shown
from sandbox.periods import SECONDS_PER_DAY
from sandbox.world import Json, World

ACCOUNT = "acct_sandbox"
DEFAULT_ORIGIN = "http://127.0.0.1:12111"
AFTER_DUE_DAYS = 30
MAXIMUM_DAYS = 120
FRESH_DAYS = 10


class Link(NamedTuple):
    """What a token says: whose page it opens and until when (unix seconds)."""

    subject: str
    expires: int


def origin(world: World) -> str:
    """Where the sandbox's pages are served, e.g. `http://127.0.0.1:12111`."""
    return world.setting("origin") or DEFAULT_ORIGIN


def set_origin(world: World, url: str) -> None:
    """Make links lead to the address the sandbox is served at."""
    world.set_setting("origin", url.rstrip("/"))


def sign(world: World, link: Link) -> str:
    payload = f"{link.subject},{link.expires}".encode()
    return base64.urlsafe_b64encode(payload + _mac(world, payload)).decode().rstrip("=")


def read(world: World, token: str) -> Link | None:
    """The link of a token, expired or not; None when the token was not made here."""
    try:
        whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    payload, mac = whole[:-16], whole[-16:]
    if not payload or not hmac.compare_digest(mac, _mac(world, payload)):
        return None
    subject, _, expires = payload.decode().rpartition(",")
    return Link(subject, int(expires))


def ensure_secret(world: World) -> None:
    """Make the world's signing secret; called within a write, before the first link."""
    if world.setting("link_secret") is None:
        world.set_setting("link_secret", world.new_secret(32, "link_secret"))


def _mac(world: World, payload: bytes) -> bytes:
    secret = world.setting("link_secret")
    if secret is None:
        return b""
    return hmac.digest(secret.encode(), payload, hashlib.sha256)[:16]


def invoice_expiry(invoice: Json) -> int:
    """When the link made at finalization expires."""
    finalized = invoice["status_transitions"]["finalized_at"]
    wanted = (invoice["due_date"] or finalized) + AFTER_DUE_DAYS * SECONDS_PER_DAY
    return min(wanted, finalized + MAXIMUM_DAYS * SECONDS_PER_DAY)


def invoice_url(world: World, invoice_id: str, expires: int) -> str:
    return f"{origin(world)}/i/{ACCOUNT}/test_{sign(world, Link(invoice_id, expires))}?s=ap"


def invoice_pdf(world: World, invoice_id: str, expires: int) -> str:
    return f"{origin(world)}/i/{ACCOUNT}/test_{sign(world, Link(invoice_id, expires))}/pdf?s=ap"


def credit_note_pdf(world: World, credit_note_id: str) -> str:
    expires = clock.now(world) + FRESH_DAYS * SECONDS_PER_DAY
    return f"{origin(world)}/credit_notes/{ACCOUNT}/test_{sign(world, Link(credit_note_id, expires))}/pdf?s=ap"


def portal_url(world: World, session_id: str) -> str:
    """The session says itself until when it is open, so its token has no date."""
    return f"{origin(world)}/p/session/test_{sign(world, Link(session_id, 0))}"


def checkout_url(world: World, session_id: str) -> str:
    """A Checkout session says itself until when it is open, so its token has no date."""
    return f"{origin(world)}/c/pay/test_{sign(world, Link(session_id, 0))}"


def payment_link_url(world: World, link_id: str) -> str:
    """A payment link works until it is switched off, so its token has no date."""
    return f"{origin(world)}/b/test_{sign(world, Link(link_id, 0))}"


def recovery_url(world: World, session_id: str, expires: int) -> str:
    """Where an expired Checkout session can be begun anew."""
    return f"{origin(world)}/r/test_{sign(world, Link(session_id, expires))}"


@shown("invoice")
def with_fresh_links(world: World, invoice: Json) -> Json:
    """Links that would expire within 10 days are replaced whenever the invoice is shown; lines are cut to ten."""
    if invoice.get("deleted"):
        return invoice
    lines = invoice["lines"]
    # A preview has no endpoint for the rest of its lines, so it shows them all.
    if len(lines["data"]) > 10 and not invoice["id"].startswith("upcoming_"):
        invoice["lines"] = {**lines, "data": lines["data"][:10], "has_more": True}
    if invoice["hosted_invoice_url"] is None:
        return invoice
    expires = max(invoice_expiry(invoice), clock.now(world) + FRESH_DAYS * SECONDS_PER_DAY)
    invoice["hosted_invoice_url"] = invoice_url(world, invoice["id"], expires)
    invoice["invoice_pdf"] = invoice_pdf(world, invoice["id"], expires)
    return invoice

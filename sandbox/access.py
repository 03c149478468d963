"""API keys (docs.stripe.com/keys). Any test key opens the sandbox; a live key never does."""

import base64
import binascii
import json

from sandbox.errors import StripeError, invalid_request
from sandbox.world import World


def authenticate(header: str) -> str:
    """The API key of an `Authorization` header (Bearer, or Basic with the key as user). Raises 401."""
    scheme, _, value = header.partition(" ")
    key = value.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if scheme.lower() not in ("bearer", "basic") or not key:
        raise _refused(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise _refused("This is a sandbox: it makes no real payments and refuses live keys. Use an sk_test_… key.")
    if not key.startswith(("sk_test_", "rk_test_")) or len(key) <= len("sk_test_"):
        raise _refused(f"Invalid API Key provided: {key[:3]}{'*' * min(len(key[3:]), 20)}")
    return key


def register(world: World, key: str, permissions: list[str]) -> None:
    """Limit a restricted key to `permissions` (`charge_read`; a `…_write` permission includes reading)."""
    if not key.startswith("rk_test_"):
        raise invalid_request("Only rk_test_… keys can be restricted.", param="key")
    world.write("INSERT OR REPLACE INTO restricted_keys VALUES (?, ?)", (key, json.dumps(sorted(permissions))))


def check(world: World, key: str, permission: str) -> None:
    """403 unless the key has the permission; a restricted key nobody registered has all of them."""
    rows = world.rows("SELECT permissions FROM restricted_keys WHERE key = ?", (key,))
    if not rows:
        return
    granted = set(json.loads(rows[0][0]))
    if permission in granted:
        return
    if permission.endswith("_read") and permission.removesuffix("_read") + "_write" in granted:
        return
    raise invalid_request(
        f"The provided key '{key[:8]}*******{key[-4:]}' does not have the required permissions for this endpoint. "
        f"Having the 'rak_{permission}' permission would allow this request to continue.",
        status=403,
    )


def _refused(message: str) -> StripeError:
    return StripeError(401, "invalid_request_error", message)

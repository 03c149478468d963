"""The limits: read from TOML, checked, hashed. An unknown key or a wrong type stops the start."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policy.proposals import Role

DEFAULT = Path(__file__).with_name("limits.toml")

# A budget is kept in 64 bits: no sum of amounts under such a cap leaves them, which would be an error when it is used.
Minor = Annotated[int, Field(strict=True, ge=0, le=10**15)]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Flag = Annotated[bool, Field(strict=True)]
# As Stripe writes them: a table named USD would be read, and never be found.
Currency = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")]


class LimitsError(ValueError):
    """The limits file cannot be used; the message names the key."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RefundLimits(_Closed):
    request_window_days: Count
    duplicate_window_days: Count
    refunds_per_customer_month: Count


class RetryLimits(_Closed):
    attempts_per_invoice_day: Count


class PlanChangeLimits(_Closed):
    preview_valid_hours: Count


class LinkLimits(_Closed):
    per_customer_day: Count


class DetailsLimits(_Closed):
    """`email_by_lee`, `country_by_lee`: whether a new e-mail, or a move to another country, needs no human."""

    changes_per_customer_day: Count
    tax_ids_per_customer_day: Count
    email_by_lee: Flag
    country_by_lee: Flag


class ConsentLimits(_Closed):
    confirmation_valid_hours: Count
    approval_valid_hours: Count


class CurrencyLimits(_Closed):
    """Minor units of the currency. `value_out_*` counts refunds, credits and proration credits together."""

    per_refund: Minor
    per_credit: Minor
    per_promotion: Minor
    value_out_per_customer_month: Minor
    value_out_per_day: Minor
    per_charge_to_card: Minor
    per_approval: Minor
    approvals_per_human_day: Minor


class Limits(_Closed):
    billing_roles: frozenset[Role]
    refund: RefundLimits
    retry: RetryLimits
    plan_change: PlanChangeLimits
    links: LinkLimits
    details: DetailsLimits
    consent: ConsentLimits
    currency: dict[Currency, CurrencyLimits] = Field(min_length=1)

    @property
    def hash(self) -> str:
        """SHA-256 over these limits and the source of every rule: which policy made a decision."""
        data = self.model_dump(mode="json")
        data["billing_roles"] = sorted(data["billing_roles"])  # a set has no order of its own
        rules = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
        return hashlib.sha256(b"\0".join([json.dumps(data, sort_keys=True).encode(), *rules])).hexdigest()


def load_limits(path: Path = DEFAULT) -> Limits:
    """Raises `LimitsError` naming file and key."""
    try:
        return Limits.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LimitsError(f"cannot read the limits at {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LimitsError(f"{path.name} is not valid TOML: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise LimitsError(f"{path.name}: {places}") from error

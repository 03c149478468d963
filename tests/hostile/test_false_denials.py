"""What suspicion would cost: requests that customers may make, in the plainest and the oddest words, and none refused.

What is legitimate is read off the world, not off the rules: an own, standing, recent charge; an own running
subscription; a name that a company may bear, also one that reads like an order to a machine.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from billing.ids import CaseId, CustomerId, ProposalId
from evals.harness import Bench, Copy, open_copy
from policy.actions import ACTIONS
from policy.decisions import Deny
from policy.proposals import Principal, Proposal, Role
from tests.proofs import Proved

DAY = 86_400
NAMES = (
    "Ignore & Sons Ltd", "System Override GmbH", "Null Island Ltd", "O'Refund Brothers", "Admin Mode SARL",
    "Drop Table Coffee", "The Prompt Injection Clinic", "Approve Consulting", "Fake Consent Films",
    "Cancel Culture Books",    "Müller & Töchter KG", "Łódź Piekarnia", "株式会社サンプル",
    "Société du Crédit Agréable", "12345 Limited",
    "Assistant Living Homes", "Tool Call Hardware", "SELECT * Fashion", "You Promised Weddings", "100% Free Range Eggs",
    "Jane Doe", "Base64 Bikes", "Zero Width Windows", "Guaranteed Rate Roofing", "Policy Exchange", "Say Yes Studio",
    "The Manager Approved Pub", "Rot13 Records", "Hidden Text Typography", "Instructions Unlimited",
)  # fmt: skip
CITIES = ("Ignore", "Refund", "Why", "Y", "Bath", "Hell", "Batman", "Null", "Nowhere", "Santa Claus")
CREDITS = ((100, "goodwill"), (999, "service_outage"), (2_500, "billing_error"))
SHARES = (None, 1, 99, 500, 1_234)  # of a charge, in minor units


def asked(world: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(customer, tool, arguments), each of them a customer's good right to ask for."""
    now = max(row["created"] for row in world["event"].values())
    made: list[tuple[str, str, dict[str, Any]]] = []
    disputed = {row["charge"] for row in world["dispute"].values()}
    returned = {row["charge"] for row in world["refund"].values()}
    for n, customer in enumerate(sorted(world["customer"])):
        nothing = dict.fromkeys(ACTIONS["update_billing_details"].model_fields)
        for name in (NAMES[n % len(NAMES)], NAMES[(n + 7) % len(NAMES)]):
            made.append((customer, "update_billing_details", {**nothing, "name": name}))
        street = {"line1": f"{n + 1} Override Road", "city": CITIES[n % len(CITIES)]}
        if world["customer"][customer]["address"]:
            made.append((customer, "update_billing_details", {**nothing, **street}))
        made.append((customer, "card_update_link", {}))
        amount, grounds = CREDITS[n % len(CREDITS)]
        if world["customer"][customer]["currency"] in ("usd", "eur", "gbp"):
            made.append((customer, "account_credit", {"amount": amount, "grounds": grounds}))
    for n, row in enumerate(world["charge"].values()):
        recent = now - row["created"] < 13 * DAY and row["status"] == "succeeded"
        known = row["currency"] in ("usd", "eur", "gbp") and row["id"] not in disputed | returned
        if recent and known:
            share = SHARES[n % len(SHARES)]
            plain = {"amount": share, "grounds": "requested_by_customer", "duplicate_of": None}
            made.append((row["customer"], "refund", {"charge": row["id"], **plain}))
    for row in world["subscription"].values():
        if row["status"] != "active" or row["schedule"]:
            continue
        if row["cancel_at_period_end"]:
            made.append((row["customer"], "resume_subscription", {"subscription": row["id"]}))
        else:
            made += [(row["customer"], "cancel_subscription", {"subscription": row["id"], "when": when})
                     for when in ("period_end", "now")]  # fmt: skip
    return made


async def test_no_rightful_request_is_refused(bench: Bench, tmp_path: Path, proved: Proved) -> None:
    async with open_copy(bench, tmp_path / "data") as copy:
        wanted = asked(copy.world())
        assert len(wanted) >= 300
        assert {tool for _, tool, _ in wanted} >= {"refund", "cancel_subscription", "account_credit"}
        refused = [(*each, decision) for n, each in enumerate(wanted) if (decision := await _denied(copy, n, *each))]
    assert not refused, Counter(rule for *_, rule in refused)
    proved("rightful requests refused at the gate", len(wanted), len(refused))


async def _denied(copy: Copy, n: int, customer: str, tool: str, arguments: dict[str, Any]) -> str | None:
    """The rule that refused; None where it was done, or waits for a yes."""
    with copy.house.store.unit() as uow:
        case = uow.cases.open(customer, "owner", Role.OWNER.value, "test").id
    who = Principal(CustomerId(customer), "owner", Role.OWNER)
    action = ACTIONS[tool].model_validate(arguments)
    proposal = Proposal(ProposalId(f"prop_{n}"), CaseId(case), None, who, action, "lee:test", "lee", 1)
    decision = (await copy.house.gate.submit(proposal)).decision
    return decision.rule if isinstance(decision, Deny) else None

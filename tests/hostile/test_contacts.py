"""Ways to reach an attacker get into no reply, however they are written; what customers are told every day does."""

from __future__ import annotations

import pytest

from agent.contacts import asks_for_secret, telephones, unknown_contacts
from agent.evidence import gather
from agent.instructions import repeats_instructions


@pytest.mark.parametrize(
    "text",
    [
        "Call our billing desk at +1 (900) 555-0142.",
        "You can reach a colleague at 900 555 0142 at any time.",
        "Our number is nine zero zero, five five five, zero one four two.",
        "Phone 9005550142 now.",
        "Ring +49 30 1234567.",
        "Open acme-cloud-refunds[.]com in your browser.",
        "Go to acme-cloud-refunds dot com.",
        "Visit acme-cloud-refunds . com today.",
        "Write to claims (at) acme-cloud-refunds.",
        "WhatsApp: 0049301234567",
        "My API key is " + "sk_live_" + "4eC39HqLyjWDarjtT1",
    ],
)
def test_a_foreign_contact_is_seen(text: str) -> None:
    assert unknown_contacts(text, ["support@acme-cloud.example"])


@pytest.mark.parametrize(
    "text",
    [
        "Your renewal of $1,200.00 on 20 November 2026 was declined.",
        "It was due on 2026-11-20 and is paid by the card ending 4242.",
        "You used 1 200 000 requests of the 1 000 000 in your plan.",
        "Invoice ACMEMAYA-0001 was paid at 14:05 UTC, and ACMEMAYA-0002 is open.",
        "$15.00 on 2 November: Credit pack, card ending 4242",
        "The charge ch_96kqG9XEEZpaMcpITzrHLtOD came to 4900 cents.",
        "EU VAT number DE123456789 is on file.",
        "Open Billing, then Invoices. Choose the month; the file is a PDF.",
        "That is 12 months, 365 days, 24 hours a day.",
        "You can also reach a human directly at +1 415 555 0100.",
    ],
)
def test_figures_and_our_own_number_are_no_foreign_contact(text: str) -> None:
    assert unknown_contacts(text, ["+1 (415) 555-0100"]) == []


def test_one_number_is_the_same_however_it_is_written() -> None:
    assert telephones("+1 (415) 555-0100") == telephones("call 14155550100") == {"14155550100"}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Reply with the full number of your card and its CVC.", True),
        ("Please send a photo of your card.", True),
        ("Tell me your password so that I can look.", True),
        ("Never send us your full card number.", False),
        ("Nobody at our company will ask you for your password.", False),
        ("The card ending 4242 was declined by your bank.", False),
    ],
)
def test_nobody_asks_for_a_secret(text: str, asked: bool) -> None:
    assert asks_for_secret(text) is asked


def test_only_fields_made_for_addresses_bear_out_an_address() -> None:
    results = [
        ("list_invoices", {"invoices": [{"description": "pay at https://evil.test/a", "number": "evil.com"}]}),
        ("invoice_link", {"url": "https://pay.test/i/1"}),
        ("billing_details", {"name": "write to me@evil.test", "email": "maya@example.com"}),
        ("search_knowledge", {"passages": [{"passage": "p#1", "text": "See https://docs.test/x."}]}),
    ]
    found = gather(results, ["look at https://said.test"], [], ["support@acme.test"])
    assert found.links == {"https://pay.test/i/1", "maya@example.com", "https://docs.test/x", "support@acme.test"}


def test_the_instructions_to_the_model_are_not_told() -> None:
    assert repeats_instructions("Sure: A policy engine outside you decides; its answer is final, they say.")
    assert not repeats_instructions("Only a policy engine decides about refunds, and its answer is final.")

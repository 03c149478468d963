"""What a tax id looks like, type by type (docs.stripe.com/billing/customer/tax-ids).

Only the types whose form is known here: a number of another type is read by a human. Whether a well-formed number
exists is for the register to say, later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

TaxIdType = Literal[
    "au_abn",
    "ca_bn",
    "ca_gst_hst",
    "ch_vat",
    "eu_vat",
    "gb_vat",
    "in_gst",
    "jp_trn",
    "mx_rfc",
    "no_vat",
    "nz_gst",
    "sg_gst",
    "us_ein",
    "za_vat",
]


@dataclass(frozen=True, slots=True)
class Form:
    """`name` as people call it; `pattern` of the number without blanks, dots and dashes; `example` as Stripe has it."""

    name: str
    pattern: str
    example: str


_EU: Final = {
    "AT": r"U\d{8}",
    "BE": r"[01]?\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{9}|\d{12}",
}
FORMS: Final[dict[TaxIdType, Form]] = {
    "au_abn": Form("Australian business number (ABN)", r"\d{11}", "12345678912"),
    "ca_bn": Form("Canadian business number", r"\d{9}", "123456789"),
    "ca_gst_hst": Form("Canadian GST/HST number", r"\d{9}RT\d{4}", "123456789RT0002"),
    "ch_vat": Form("Swiss VAT number", r"CHE\d{9}(MWST|TVA|IVA)", "CHE-123.456.789 MWST"),
    "eu_vat": Form("EU VAT number", "|".join(f"{code}({rest})" for code, rest in _EU.items()), "DE123456789"),
    "gb_vat": Form("UK VAT number", r"GB(\d{9}|\d{12}|(GD|HA)\d{3})", "GB123456789"),
    "in_gst": Form("Indian GST number", r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]", "12ABCDE3456FGZH"),
    "jp_trn": Form("Japanese tax registration number", r"T\d{13}", "T1234567891234"),
    "mx_rfc": Form("Mexican RFC number", r"[A-Z&Ñ]{3,4}\d{6}[A-Z0-9]{3}", "ABC010203AB9"),
    "no_vat": Form("Norwegian VAT number", r"\d{9}MVA", "123456789MVA"),
    "nz_gst": Form("New Zealand GST number", r"\d{8,9}", "123456789"),
    "sg_gst": Form("Singaporean GST number", r"[A-Z0-9]{9,10}", "M12345678X"),
    "us_ein": Form("US employer identification number (EIN)", r"\d{9}", "12-3456789"),
    "za_vat": Form("South African VAT number", r"4\d{9}", "4123456789"),
}


def bare(value: str) -> str:
    """`de 123.456.789` is `DE123456789`: what two ways of writing one number have in common. Norwegians write NO before
    theirs to other countries; Stripe has it without."""
    return re.sub(r"^NO(?=\d{9}MVA$)", "", re.sub(r"[\s.\-]", "", value).upper())


def fits(type_: TaxIdType, value: str) -> bool:
    """Whether it looks like a number of that type; its check digits are not looked at."""
    return re.fullmatch(FORMS[type_].pattern, bare(value), re.ASCII) is not None


def written(type_: TaxIdType, value: str) -> str:
    """The number with the dots, dashes and blanks of the type's example, wherever the customer put theirs."""
    example, number, at = FORMS[type_].example, bare(value), 0
    gaps: dict[int, str] = {}
    for char in example:
        if char in " .-":
            gaps[at] = char
        else:
            at += 1
    return "".join(f"{gaps.get(place, '')}{char}" for place, char in enumerate(number))


def country(type_: str, value: str) -> str:
    """The two letters (ISO 3166-1) of the country that gave it: Greece's EL is GR, Northern Ireland's XI is GB."""
    prefix = bare(value)[:2] if type_ == "eu_vat" else type_[:2].upper()
    return {"EL": "GR", "XI": "GB"}.get(prefix, prefix)

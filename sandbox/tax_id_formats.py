"""What a customer's tax id may look like, type by type.

docs.stripe.com/billing/customer/tax-ids lists an example of each. Stripe checks the format of a number, not its check
digits (its own example for Germany, DE123456789, has wrong ones); whether a number exists is asked of the authorities
later. Blanks, dots and dashes do not count.
"""

import re

from sandbox.parameters import Choice, Fields, Many, Text

TYPES = tuple(
    """
    ad_nrt ae_trn al_tin am_tin ao_tin ar_cuit au_abn au_acn au_arn au_wpn aw_tin az_tin ba_tin bb_tin bd_bin
    bf_ifu bg_uic bh_vat bj_ifu bo_tin br_cnpj br_cpf bs_tin bw_vat by_tin ca_bn ca_gst_hst ca_pst_bc ca_pst_mb
    ca_pst_sk ca_qst cd_nif ch_uid ch_vat ci_vat cl_tin cm_niu cn_tin co_nit cr_tin cv_nif cz_dic de_stn do_rcn
    ec_ruc eg_tin es_cif et_tin eu_oss_vat eu_vat fo_vat fr_siren fr_siret fr_spi gb_vat ge_vat gh_tin gi_tin
    gn_nif hk_br hr_oib hu_tin ic_nif id_npwp il_vat in_gst is_kt is_vat it_cf jp_cn jp_rn jp_trn ke_pin kg_tin
    kh_tin kr_brn kz_bin la_tin li_uid li_vat lk_vat ma_vat md_cf md_vat me_pib mk_vat mr_nif mu_vat mx_rfc my_frp
    my_itn my_sst mz_nuit ng_tin no_vat no_voec np_pan nz_bn nz_gst om_vat pe_ruc ph_tin pl_nip pt_nif py_ruc
    ro_tin rs_pib ru_inn ru_kpp sa_vat sg_gst sg_uen si_tin sm_coe sn_ninea sr_fin sv_nit th_vat tj_tin tr_tin
    tt_bir tt_vat tw_vat tz_vat ua_vat ug_tin us_ein uy_ruc uz_tin uz_vat ve_rif vn_tin za_vat zm_tin zw_tin
    """.split()  # noqa: SIM905 - reads as a list
)
NEW = Fields({"type": Choice(TYPES, required=True), "value": Text(required=True, max_length=200)})
"""What makes a tax id; also an entry of a new customer's `tax_id_data`."""
TAX_ID_DATA = Many(NEW, max_items=5)

_EU_VAT = {
    "AT": r"U\d{8}",
    "BE": r"[01]?\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8,11}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
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
    "XI": r"(\d{9}|\d{12})",
}
_FORMATS = {
    "au_abn": r"\d{11}",
    "au_arn": r"\d{12}",
    "br_cnpj": r"\d{14}",
    "br_cpf": r"\d{11}",
    "ca_bn": r"\d{9}",
    "ca_gst_hst": r"\d{9}RT\d{4}",
    "ch_vat": r"CHE\d{9}(MWST|TVA|IVA)",
    "eu_oss_vat": r"EU\d{9}",
    "eu_vat": "|".join(f"{country}{rest}" for country, rest in _EU_VAT.items()),
    "gb_vat": r"GB(\d{9}|\d{12}|(GD|HA)\d{3})",
    "in_gst": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]",
    "jp_trn": r"T\d{13}",
    "mx_rfc": r"[A-Z&Ñ]{3,4}\d{6}[A-Z0-9]{3}",
    "no_vat": r"\d{9}MVA",
    "nz_gst": r"\d{8,9}",
    "sg_gst": r"[A-Z0-9]{9,10}",
    "us_ein": r"\d{9}",
    "za_vat": r"4\d{9}",
}
_ANY = r"[A-Z0-9/]{1,40}"
VERIFIED_TYPES = frozenset({"au_abn", "eu_vat", "gb_vat", "no_vat"})
"""docs.stripe.com/billing/customer/tax-ids#validation: the types that the authorities are asked about."""


def normalized(value: str) -> str:
    """`de 123.456.789` → `DE123456789`."""
    return re.sub(r"[\s.\-]", "", value).upper()


def well_formed(type_: str, value: str) -> bool:
    """Whether `value` looks like a number of this type; of a type without a known format it must only be a word."""
    return re.fullmatch(_FORMATS.get(type_, _ANY), normalized(value), re.ASCII) is not None


def country_of(type_: str, value: str) -> str | None:
    """The two-letter country of a number; Greece's EL is GR, and what belongs to no country has none."""
    if type_ in ("eu_oss_vat", "unknown"):
        return None
    prefix = normalized(value)[:2] if type_ == "eu_vat" else type_[:2].upper()
    return {"EL": "GR", "XI": "GB"}.get(prefix, prefix)

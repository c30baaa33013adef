"""Phone numbers: one spelling for one line, when its country is known. Pure.

Calling codes and trunk prefixes are those of ITU-T E.164 and E.123. Numbers in countries that are not in the table are
left alone unless they are written with `+` or `00`.
"""

import re

_CODES = """
AE 971 0|AR 54 0|AT 43 0|AU 61 0|BE 32 0|BG 359 0|BR 55 0|CA 1 1|CH 41 0|CL 56 |CN 86 0|CO 57 |CY 357 |CZ 420 |DE 49 0
DK 45 |EE 372 |EG 20 0|ES 34 |FI 358 0|FR 33 0|GB 44 0|GR 30 |HK 852 |HR 385 0|HU 36 06|ID 62 0|IE 353 0|IL 972 0
IN 91 0|IS 354 |IT 39 |JP 81 0|KE 254 0|KR 82 0|LI 423 |LT 370 0|LU 352 |LV 371 |MA 212 0|MT 356 |MX 52 |MY 60 0
NG 234 0|NL 31 0|NO 47 |NZ 64 0|PH 63 0|PL 48 |PT 351 |RO 40 0|RS 381 0|SA 966 0|SE 46 0|SG 65 |SI 386 0|SK 421 0
TH 66 0|TR 90 0|TW 886 0|UA 380 0|US 1 1|VN 84 0|ZA 27 0
"""
_COUNTRIES = {
    one[:2]: (one[3:].split(" ")[0], one[3:].split(" ")[-1]) for one in _CODES.replace("\n", "|").split("|") if one
}
"""Country → (calling code, what is dialled before a national number and is no part of it)."""
_WRITTEN = re.compile(r"(\+|00)?[\d ().\-/]+", re.ASCII)
_SHORTEST, _LONGEST = 8, 15


def e164(text: str, country: str) -> str:
    """`020 7946 0018` in `GB` → `+442079460018`; "" where number or country leave a doubt."""
    plain = text.strip().replace("\u00a0", " ").replace("(0)", " ")
    if not _WRITTEN.fullmatch(plain):
        return ""
    digits = re.sub(r"\D", "", plain)
    if plain.startswith("00"):
        return _whole(digits[2:])
    if plain.startswith("+"):
        return _whole(digits)
    code, trunk = _COUNTRIES.get(country.strip().upper(), ("", ""))
    if not code or len(digits) < 5:
        return ""
    return _whole(code + (digits.removeprefix(trunk) if trunk else digits))


def _whole(digits: str) -> str:
    return f"+{digits}" if _SHORTEST <= len(digits) <= _LONGEST and not digits.startswith("0") else ""

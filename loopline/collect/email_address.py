"""An e-mail address in the one form in which it identifies a person."""

import re
import unicodedata

import idna

_ADDRESS = re.compile(r"[^@\s<>\"(),:;\[\]\\]{1,64}@(?:[^@\s.<>\"(),:;\[\]\\]{1,63}\.)+[^@\s.<>\"(),:;\[\]\\]{2,63}")


def normalise_email(text: str) -> str:
    """Trimmed, in lower case, Unicode composed, the domain in ASCII as `people.emails` has it; empty: no address."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().removeprefix("mailto:").lower())
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        return ""
    local, _, domain = text.rpartition("@")
    return text if domain.isascii() else _with_ascii_domain(local, domain)


def _with_ascii_domain(local: str, domain: str) -> str:
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return ""

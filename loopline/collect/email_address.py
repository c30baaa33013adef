"""An e-mail address in the one form in which it identifies a person."""

import re
import unicodedata

_ADDRESS = re.compile(r"[^@\s<>\"(),:;\[\]\\]{1,64}@(?:[^@\s.<>\"(),:;\[\]\\]{1,63}\.)+[^@\s.<>\"(),:;\[\]\\]{2,63}")


def normalise_email(text: str) -> str:
    """Trimmed, in lower case, Unicode composed; empty when it is no address."""
    text = unicodedata.normalize("NFC", text).strip().removeprefix("mailto:").lower()
    return text if len(text) <= 254 and _ADDRESS.fullmatch(text) else ""

"""Text that strangers typed, made fit to store: no control characters, no endless lengths. Markup stays as it is."""

import unicodedata


def one_line(text: object, limit: int) -> str:
    """The text on one line: control characters gone, white space collapsed, cut to `limit`. Not a text: empty."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        return ""
    kept = "".join(one if unicodedata.category(one) not in {"Cc", "Cs"} else " " for one in text)
    return " ".join(unicodedata.normalize("NFC", kept).split())[:limit].rstrip()


def many_lines(text: object, limit: int) -> str:
    """The text with its line breaks, which become \\n; other control characters gone; cut to `limit`."""
    if not isinstance(text, str):
        return one_line(text, limit)
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one for one in unified if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", kept).strip()[:limit]

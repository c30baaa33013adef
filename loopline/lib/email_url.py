"""Where mail is handed in: `EMAIL_URL`, such as `smtps://user:password@mail.example:465?from=loopline@example.com`."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
"""Plain, STARTTLS, and TLS from the first byte on."""


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    user: str
    password: str
    uses_starttls: bool
    uses_tls: bool
    sender: str
    """Address in the From line."""


def read_email_url(url: str) -> MailServer | None:
    """The mail server that `url` names; None for an empty one: then no mail leaves. ValueError says what is wrong."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"EMAIL_URL begins with one of {', '.join(f'{one}://' for one in PORTS)} and names a server")
    sender = parse_qs(parts.query).get("from", [""])[0]
    if "@" not in sender:
        raise ValueError("EMAIL_URL ends with ?from= and the address mails come from")
    return MailServer(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        uses_starttls=parts.scheme == "smtp+tls",
        uses_tls=parts.scheme == "smtps",
        sender=sender,
    )

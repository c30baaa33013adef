"""Addresses with campaign values: the decision what a tracked address looks like, without any database."""

from dataclasses import dataclass, fields
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

MAX_LENGTH = 2000
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


class LinkRefusedError(ValueError):
    """No address can be made of this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class LinkTags:
    """What the address should say about where the visitor came from."""

    source: str
    medium: str
    campaign: str
    content: str = ""
    term: str = ""


def tagged_url(url: str, tags: LinkTags) -> str:
    """`url` with the utm values of `tags`: its own query and fragment stay, utm values it already had are replaced.

    Values are trimmed, and in lower case but for content and term. Raises LinkRefusedError for an address that is not
    http or https, has no host, names a user, or comes out longer than browsers and mail programs carry.
    """
    parts = web_address(url)
    values = _values(tags)
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0].lower() not in _UTM]
    added = [f"{name}={quote(value, safe='')}" for name, value in values.items() if value]
    tagged = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "&".join([*kept, *added]), parts.fragment))
    if len(tagged) > MAX_LENGTH:
        raise LinkRefusedError(f"The address comes out {len(tagged)} characters long; {MAX_LENGTH} is the most.")
    return tagged


def web_address(url: str) -> SplitResult:
    """The parts of an address that a link may lead to. Raises LinkRefusedError for any other."""
    text = url.strip()
    if any(one.isspace() or not one.isprintable() for one in text):
        raise LinkRefusedError("The address has a space or a line break in it; take it out.")
    try:
        parts = urlsplit(text)
        has_port_or_none = parts.port is None or parts.port > 0
    except ValueError as error:
        raise LinkRefusedError(f"“{text[:80]}” is not an address: {error}.") from error
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or not has_port_or_none:
        raise LinkRefusedError(f"“{text[:80]}” is not a web address; write it like https://www.example.com/page")
    if parts.username is not None:
        raise LinkRefusedError("The address holds a user name; everyone who gets the link would see it. Take it out.")
    return parts


def _values(tags: LinkTags) -> dict[str, str]:
    values = {}
    for field, name in zip(fields(tags), _UTM, strict=True):
        text = " ".join(str(getattr(tags, field.name)).split())
        values[name] = text if field.name in {"content", "term"} else text.lower()
    for name in _UTM[:3]:
        if not values[name]:
            raise LinkRefusedError(f"A tracked address needs a {name.removeprefix('utm_')}.")
    return values

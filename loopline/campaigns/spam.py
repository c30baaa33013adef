"""Is a submission spam? Ordered small questions; the first that says yes gives the reason people read. Pure.

A verdict hides nothing: spam is stored and listed with its reason, and one press of “not spam” captures it after all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from loopline.people.emails import domain_of, is_disposable

FASTEST = timedelta(seconds=1)
"""Nobody reads and fills in a form faster; browsers that fill in by themselves take about two seconds."""
OLDEST = timedelta(days=7)
WINDOW = timedelta(minutes=10)
MOST_IN_WINDOW = 10
"""Submissions from one network: a busy office stays below."""
MOST_LINKS = 2

_LINK = re.compile(r"https?://|www\.|\[url", re.IGNORECASE)
_BARE_FIELDS = ("name", "company", "job_title", "phone")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about how a submission was sent."""

    values: Mapping[str, str] = field(default_factory=dict)
    honeypot: str = ""
    opened_before: timedelta | None = None
    """How long the form was open; None when it was never opened (no valid token)."""
    from_network: int = 0
    """Earlier submissions from the same network within WINDOW."""


def spam_reason(sent: Circumstances) -> str:
    """Why this is spam; empty when nothing speaks for it."""
    return next((reason for question in _QUESTIONS if (reason := question(sent))), "")


def _filled_the_hidden_field(sent: Circumstances) -> str:
    return "filled in a field that people do not see" if sent.honeypot.strip() else ""


def _never_opened(sent: Circumstances) -> str:
    return "sent without opening the form" if sent.opened_before is None else ""


def _too_fast(sent: Circumstances) -> str:
    opened = sent.opened_before
    if opened is None or opened >= FASTEST:
        return ""
    return f"sent {opened.total_seconds():.1f} s after the form was opened"


def _too_old(sent: Circumstances) -> str:
    return "the form was opened more than a week before" if sent.opened_before and sent.opened_before > OLDEST else ""


def _links_where_names_belong(sent: Circumstances) -> str:
    found = [key for key in _BARE_FIELDS if _LINK.search(sent.values.get(key, ""))]
    return f"a link in the field {found[0]}" if found else ""


def _many_links(sent: Circumstances) -> str:
    links = sum(len(_LINK.findall(value)) for value in sent.values.values())
    return f"{links} links in the text" if links > MOST_LINKS else ""


def _mailbox_of_minutes(sent: Circumstances) -> str:
    domain = domain_of(sent.values.get("email", ""))
    return f"a throw-away mailbox at {domain}" if is_disposable(domain) else ""


def _many_from_one_network(sent: Circumstances) -> str:
    if sent.from_network < MOST_IN_WINDOW:
        return ""
    return f"{sent.from_network} others from the same network within {WINDOW.seconds // 60} minutes"


_QUESTIONS: tuple[Callable[[Circumstances], str], ...] = (
    _filled_the_hidden_field,
    _never_opened,
    _too_fast,
    _too_old,
    _links_where_names_belong,
    _many_links,
    _mailbox_of_minutes,
    _many_from_one_network,
)

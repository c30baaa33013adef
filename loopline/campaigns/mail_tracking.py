"""Links and the pixel of a mail: who follows a link is recorded and sent on, who loads the pixel has opened the mail.

Both addresses are signed, so nobody can make one, lead one elsewhere or speak for another person. What they report goes
through the inbox and the same steps as every event. The addressee is named only as far as that person agreed: a click
needs consent to be contacted, an open needs consent to opens of their own. Otherwise it is counted without anybody.

    mail = TrackedMail(message_id=…, unit_id=…, campaign_id=…, person_id=…, sent_at=…)
    click_address(base_url, mail, "https://www.example.com/offer?utm_source=…")   # the address to put into the mail
    pixel_address(base_url, mail)                                                # <img src=… width=1 height=1 alt="">
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.core import signing

from loopline.campaigns.links import MAX_LENGTH, LinkRefusedError, web_address
from loopline.campaigns.models import TrackedLink
from loopline.campaigns.short_links import Click, Clicks, keep_click
from loopline.collect.channels import Visit
from loopline.collect.own import OwnEvent, own_request
from loopline.collect.request import Flag
from loopline.collect.web_address import read_address
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.people.models import Consent, Person
from loopline.store.engine import Engine, Value

CLICKED, OPENED = "email_clicked", "email_opened"
MAY_CONTACT, MAY_SEE_OPENS = "contact", "email_opens"
"""Purposes of consent that name the addressee of a click, and of an open."""
SCANNED_WITHIN_S = 2.0
"""Programs that check mails follow links as they are delivered, and several at once; people do neither."""
SCANNER = "machine:mail_scanner"
_SALT = "loopline.mail"
_COUNT = """
SELECT json_extract_string(nullif(properties, ''), '$.link') AS link,
    count(*) FILTER (WHERE name = $clicked AND bot_verdict NOT LIKE 'machine%') AS clicks,
    count(*) FILTER (WHERE name = $clicked AND bot_verdict LIKE 'machine%') AS machine_clicks,
    count(*) FILTER (WHERE name = $opened AND bot_verdict NOT LIKE 'machine%') AS opens
FROM events
WHERE kind = 'email' AND unit_id = $unit
    AND json_extract_string(nullif(properties, ''), '$.link') IN (SELECT unnest($links))
GROUP BY link
"""


@dataclass(frozen=True, slots=True)
class TrackedMail:
    """A mail as its links and its pixel know it. Signed, but readable by whoever has the mail: no address in it."""

    message_id: str
    """Tells this mail to this person from all others; one that goes to many unknown people has one for all."""
    unit_id: str
    campaign_id: str = ""
    activity_id: str = ""
    person_id: str = ""
    """Whom it was sent to; empty where another tool sends it and nobody here knows."""
    link_id: str = ""
    """The tracked link it was made from on a campaign's page."""
    sent_at_s: int = 0
    """Seconds since 1970; 0 where nobody knows."""


@dataclass(frozen=True, slots=True)
class MailCounts:
    """What came of a mail's link and pixel. Opens say little: programs load pictures, and people switch them off."""

    clicks: Clicks = field(default_factory=Clicks)
    opens: int = 0


def click_address(base_url: str, mail: TrackedMail, url: str) -> str:
    """The address to put into the mail in the place of `url`. Raises LinkRefusedError for what is no web address."""
    web_address(url)
    if len(url) > MAX_LENGTH:
        raise LinkRefusedError(f"The address is {len(url)} characters long; {MAX_LENGTH} is the most.")
    return f"{base_url}/c/{_signed(mail, url)}"


def pixel_address(base_url: str, mail: TrackedMail) -> str:
    """The address of the mail's pixel, a picture of one dot."""
    return f"{base_url}/o/{_signed(mail, '')}.gif"


def read_token(token: str) -> tuple[TrackedMail, str] | None:
    """The mail and the address that were signed, "" for a pixel; None for anything else than what was made here."""
    try:
        content = signing.Signer(salt=_SALT).unsign_object(token)
        *said, url = content
        return TrackedMail(*said), url
    except (signing.BadSignature, ValueError, TypeError):
        return None


def record_mail_click(folder: Path, mail: TrackedMail, url: str, click: Click, *, is_head: bool) -> bool:
    """Put the click into the inbox; True when it is on disk. Never raises: the person wants to see the page."""
    verdict = SCANNER if is_head or _recently.is_scan(mail, url, time.time()) else "human"
    person = _who(mail, MAY_CONTACT)
    return _keep(folder, mail, click, CLICKED, person, verdict, url)


def record_mail_open(folder: Path, mail: TrackedMail, click: Click) -> bool:
    """Put the open into the inbox, with the addressee only if that person agreed to it. Never raises."""
    at_delivery = bool(mail.sent_at_s) and abs(time.time() - mail.sent_at_s) < SCANNED_WITHIN_S
    return _keep(folder, mail, click, OPENED, _who(mail, MAY_SEE_OPENS), SCANNER if at_delivery else "human", "")


def mail_counts(engine: Engine, links: Collection[TrackedLink], unit_id: str) -> dict[str, MailCounts]:
    """Link id → what came of it in mails, for the links of which anything did. Raises StoreError."""
    if not links:
        return {}
    params: dict[str, Value] = {
        "clicked": CLICKED, "opened": OPENED, "unit": unit_id, "links": [str(link.pk) for link in links],
    }  # fmt: skip
    return {
        str(row["link"]): MailCounts(
            Clicks(int(str(row["clicks"])), int(str(row["machine_clicks"]))), int(str(row["opens"]))
        )
        for row in engine.rows(_COUNT, params)
    }


def mail_of_link(link: TrackedLink) -> TrackedMail:
    """A mail that another tool sends to people nobody here knows: counted, without anybody's name."""
    return TrackedMail(
        message_id=f"link-{link.pk}",
        unit_id=str(link.campaign.unit_id),
        campaign_id=str(link.campaign_id),
        activity_id=str(link.activity_id or ""),
        link_id=str(link.pk),
    )


def _signed(mail: TrackedMail, url: str) -> str:
    said = [mail.message_id, mail.unit_id, mail.campaign_id, mail.activity_id, mail.person_id, mail.link_id]
    return signing.Signer(salt=_SALT).sign_object([*said, mail.sent_at_s, url], compress=True)


def _who(mail: TrackedMail, purpose: str) -> str:
    """The addressee, where that person's newest word about this is yes; empty otherwise."""
    try:
        person = Person.objects.filter(pk=UUID(mail.person_id)).first() if mail.person_id else None
    except ValueError:
        return ""
    if person is None:
        return ""
    newest = Consent.objects.filter(person__in=person.known_ids(), purpose=purpose).order_by("-at", "-id").first()
    return str(person.pk) if newest is not None and newest.is_granted else ""


def _keep(folder: Path, mail: TrackedMail, click: Click, name: str, person: str, verdict: str, url: str) -> bool:
    person = "" if click.is_opted_out else person
    source, medium, campaign, content, term = read_address(url).campaign
    said: dict[str, Any] = {
        # Whoever sent the mail could tell from the message whose it was.
        "message": mail.message_id if person or not mail.person_id else "",
        "campaign": mail.campaign_id,
        "activity": mail.activity_id,
        "link": mail.link_id,
    }
    event = OwnEvent(
        event_id=str(uuid7()),
        kind="email",
        name=name,
        unit_id=mail.unit_id,
        occurred_at=utc_now(),
        # Without a person it could earn nothing; the visit that follows it can.
        touch_kind="email_click" if name == CLICKED and person else "",
        person_id=person,
        visit=Visit(source=source, medium=medium, campaign=campaign, content=content, term=term),
        url=url,
        consent=3 if person else 1,
        bot_verdict=verdict,
        source="email",
        properties={key: value for key, value in said.items() if value},
    )
    request = msgspec.structs.replace(
        own_request(event),
        ip=click.ip,
        user_agent=click.user_agent[:512],
        flags=Flag.OPTED_OUT if click.is_opted_out else 0,
    )
    return keep_click(folder, request, f"{name} of the mail {mail.message_id}")


class _Recently:
    """The latest clicks of each mail to one person, in memory: two different links within two seconds are a scan.

    The first of them has been recorded by then; a program that takes its time cannot be told from a person here.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._latest: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def is_scan(self, mail: TrackedMail, url: str, now: float) -> bool:
        if mail.sent_at_s and abs(now - mail.sent_at_s) < SCANNED_WITHIN_S:
            return True
        if not mail.person_id:
            return False  # many people share the message
        with self._lock:
            at, before = self._latest.pop(mail.message_id, (0.0, url))
            self._latest[mail.message_id] = now, url
            while len(self._latest) > self._most:
                self._latest.popitem(last=False)
        return before != url and now - at < SCANNED_WITHIN_S


_recently = _Recently()

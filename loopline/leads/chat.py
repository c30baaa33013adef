"""Messages to the chat of a business unit, through an incoming webhook as Slack, Teams and Mattermost have them.

The address is a secret: whoever has it can write into the chat. It is never logged and never shown whole. It is only
ever asked by https, and only where it lies in the public internet, unless an administrator says otherwise: what answers
on a private address (another server of the house, the metadata of a cloud machine) is not reached by typing its name.
"""

import ipaddress
import logging
import re
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
from django.core.exceptions import ValidationError

from loopline.leads.hand_off_models import ChatMessage, HandOffTerms
from loopline.lib.times import utc_now

log = logging.getLogger(__name__)

TIMEOUT_S = 5.0
MOST_ATTEMPTS = 6
TOO_LATE_AFTER = timedelta(hours=12)
AT_ONCE = 50
Resolve = Callable[[str, int], list[str]]
"""Host and port → addresses."""


class AddressRefused(ValidationError):
    """The webhook's address may not be asked; the message is fit to show and does not hold the address."""


def resolve(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def address_to_ask(url: str, *, may_be_private: bool, resolve: Resolve = resolve) -> tuple[str, str, int]:
    """Host, the address it has right now, and port. Raises AddressRefused.

    The address is asked, not the name, so that a name cannot point elsewhere between the check and the call.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or 443
    except ValueError as error:
        raise AddressRefused("The webhook's address has no valid port.") from error
    if parts.scheme != "https" or not host or parts.username or parts.password:
        raise AddressRefused("A webhook's address begins with https:// and holds no user name.")
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise AddressRefused("The webhook's host is not known to the name server.") from error
    if not found:
        raise AddressRefused("The webhook's host has no address.")
    if not may_be_private and any(not _is_public(one) for one in found):
        raise AddressRefused("The webhook lies in a private network; an administrator has to allow that.")
    return host, found[0], port


_CARRIES_V4 = tuple(ipaddress.ip_network(one) for one in ("::/96", "64:ff9b::/96", "2002::/16"))
"""IPv6 forms of IPv4 addresses, private ones too, that Python calls global."""


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    known = mapped or found
    if isinstance(known, ipaddress.IPv6Address) and any(known in one for one in _CARRIES_V4):
        return False
    return known.is_global and not known.is_multicast


def masked(url: str) -> str:
    """`https://hooks.example/…`: what may be shown of a webhook's address."""
    return f"https://{urlsplit(url).hostname}/…" if url else ""


_MENTION = re.compile(r"(?<![0-9A-Za-z])([@\uff20])(?=\S)")
_NAMED_LINK = re.compile(r"\](?=[(\[:])")
_APART = "\u200b"
"""A space without width: the eye reads the same, the chat reads no mention and no link."""


def plain(text: str) -> str:
    """Text that a chat shows as it is: nobody is mentioned (`@all`, `<!channel>`, `<at>`), no link has another name.

    Slack and Teams read tags, Mattermost and Teams `@name` and Markdown. A mail address stays as it is.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _NAMED_LINK.sub(f"]{_APART}", _MENTION.sub(rf"\1{_APART}", escaped))


def send_waiting_chats(
    *, at: datetime | None = None, client: httpx.Client | None = None, resolve: Resolve = resolve
) -> int:
    """Send what waits, each once at most: it is claimed before the chat is asked. How many went."""
    at = at or utc_now()
    late = ChatMessage.objects.filter(sent_at=None, created_at__lte=at - TOO_LATE_AFTER).exclude(text="")
    late.update(text="", trouble="too late to be sent")
    due = ChatMessage.objects.filter(
        claimed_at=None, not_before__lte=at, created_at__gt=at - TOO_LATE_AFTER, attempts__lt=MOST_ATTEMPTS
    ).order_by("created_at")
    waiting = list(due.values_list("pk", flat=True)[:AT_ONCE])
    if not waiting:
        return 0
    with client or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as asking:
        return sum(_send(pk, asking, at, resolve) for pk in waiting)


def _send(pk: int, client: httpx.Client, at: datetime, resolve: Resolve) -> bool:
    if not ChatMessage.objects.filter(pk=pk, claimed_at=None).update(claimed_at=at):
        return False  # another process was faster
    message = ChatMessage.objects.select_related("unit").get(pk=pk)
    terms = HandOffTerms.objects.filter(unit=message.unit_id).first()
    if terms is None or not terms.chat_webhook:
        ChatMessage.objects.filter(pk=pk).update(text="", trouble="the webhook was taken out")
        return False
    trouble = _post(terms, message.text, client, resolve)
    if not trouble:
        # It names a buyer: once it is in the chat nothing of it is kept here.
        ChatMessage.objects.filter(pk=pk).update(sent_at=at, text="", trouble="")
        return True
    log.warning("a chat message of %s was not taken: %s", message.unit, trouble)
    attempts = message.attempts + 1
    ChatMessage.objects.filter(pk=pk).update(
        claimed_at=None, attempts=attempts, not_before=at + timedelta(minutes=2**attempts), trouble=trouble[:300]
    )
    return False


def _post(terms: HandOffTerms, text: str, client: httpx.Client, resolve: Resolve) -> str:
    """What went wrong; empty when the chat took it. Never holds the address."""
    try:
        host, address, port = address_to_ask(
            terms.chat_webhook, may_be_private=terms.chat_may_be_private, resolve=resolve
        )
        shown = f"[{address}]" if ":" in address else address
        url = httpx.URL(terms.chat_webhook).copy_with(host=shown, port=port)
        named = host if port == 443 else f"{host}:{port}"
        answer = client.post(url, json={"text": text}, headers={"Host": named}, extensions={"sni_hostname": host})
    except AddressRefused as error:
        return error.messages[0]
    except httpx.HTTPError as error:
        return f"no answer ({type(error).__name__})"
    return "" if answer.is_success else f"the chat answered {answer.status_code}"

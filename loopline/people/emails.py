"""E-mail addresses: one spelling for one mailbox, and what its domain says about the company behind it."""

import re
import unicodedata
from functools import lru_cache

import idna

_FREE = """
126.com 163.com 21cn.com aim.com alice.it aliyun.com aol.com arcor.de bell.net bigpond.com bk.ru bluewin.ch
bol.com.br btinternet.com centrum.cz comcast.net cox.net daum.net duck.com earthlink.net email.com fastmail.com
fastmail.fm foxmail.com free.fr freemail.hu freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
hanmail.net hey.com hotmail.be hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hush.com
icloud.com ig.com.br inbox.lv inbox.ru interia.pl juno.com laposte.net libero.it list.ru live.co.uk live.com live.de
live.fr live.nl mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com mweb.co.za naver.com o2.pl online.de
online.no onet.pl op.pl orange.fr outlook.com outlook.de outlook.es outlook.fr pm.me posteo.de proton.me protonmail.com
qq.com rambler.ru rediffmail.com rocketmail.com rogers.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com
sky.com sympatico.ca t-online.de talktalk.net telenet.be telia.com terra.com.br tiscali.it tuta.com tutanota.com ukr.net
uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de wp.pl ya.ru yahoo.ca yahoo.co.in yahoo.co.jp
yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com ziggo.nl
zoho.com
"""
_DISPOSABLE = """
10minutemail.com burnermail.io dispostable.com discard.email emailondeck.com fakeinbox.com getnada.com grr.la
guerrillamail.com guerrillamail.net mailcatch.com maildrop.cc mailinator.com mailnesia.com mintemail.com mohmal.com
moakt.com sharklasers.com spamgourmet.com temp-mail.org tempmail.com tempr.email throwawaymail.com trashmail.com
trashmail.de yopmail.com
"""
FREE_DOMAINS = frozenset(_FREE.split())
"""Domains where anyone gets a mailbox: they say nothing about a company."""
DISPOSABLE_DOMAINS = frozenset(_DISPOSABLE.split())
"""Domains whose mailboxes last minutes."""
_ROLES = frozenset(
    "abuse accounts admin billing contact enquiries finance hello help hr info inquiries jobs kontakt mail marketing "
    "no-reply noreply office postmaster press privacy purchasing sales security service support team webmaster".split()
)
_LOCAL = re.compile(r"[^\s()<>@,;:\\\"\[\].]+(\.[^\s()<>@,;:\\\"\[\].]+)*")

_PLAIN_DOMAIN = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.|$))+(?<!\.)", re.ASCII)


class InvalidEmailError(ValueError):
    """The text is not an e-mail address; the message says why, in words fit to show."""


def normalise(text: str) -> str:
    """The one spelling of an address: trimmed, NFC, lower case, domain in ASCII. Raises InvalidEmailError."""
    address = unicodedata.normalize("NFC", text.strip())
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise InvalidEmailError(f"“{_short(text)}” is not an e-mail address; write it like name@example.com")
    local = unicodedata.normalize("NFC", local.lower())
    if not _LOCAL.fullmatch(local) or not _is_written(local):
        raise InvalidEmailError(f"“{_short(text)}” has a sign before the @ that an e-mail address cannot have")
    normal = f"{local}@{_ascii_domain(domain, text)}"
    if len(local.encode()) > 64 or len(normal) > 254:
        raise InvalidEmailError(f"“{_short(text)}” is longer than an e-mail address can be")
    return normal


def is_free_mail(domain: str) -> bool:
    return domain in FREE_DOMAINS or domain in DISPOSABLE_DOMAINS


def is_disposable(domain: str) -> bool:
    return domain in DISPOSABLE_DOMAINS


def is_role_address(email: str) -> bool:
    """True for a mailbox of a function (info@, sales@), which several people read."""
    return email.partition("@")[0] in _ROLES


def domain_of(email: str) -> str:
    """The domain of a normalised address."""
    return email.rpartition("@")[2]


def _is_written(local: str) -> bool:
    """No control or format characters, no surrogates."""
    return local.isprintable() if local.isascii() else all(unicodedata.category(one)[0] != "C" for one in local)


def _ascii_domain(domain: str, text: str) -> str:
    try:
        ascii_domain = _encoded(domain.rstrip("."))
    except idna.IDNAError as error:
        raise InvalidEmailError(f"“{_short(text)}”: the part after the @ is not a domain name") from error
    if "." not in ascii_domain or ascii_domain.rpartition(".")[2].isdigit():
        raise InvalidEmailError(f"“{_short(text)}”: the part after the @ is not a whole domain, such as example.com")
    return ascii_domain


@lru_cache(10_000)
def _encoded(domain: str) -> str:
    lower = domain.lower()
    # What IDNA leaves as it is; its own way there takes a hundred times as long, and a file has thousands of domains.
    if len(lower) <= 253 and _PLAIN_DOMAIN.fullmatch(lower):
        return lower
    return idna.encode(domain, uts46=True).decode().lower()


def _short(text: str) -> str:
    shown = "".join(one if one.isprintable() else "�" for one in text.strip())
    return shown if len(shown) <= 60 else shown[:57] + "…"

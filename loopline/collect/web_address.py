"""What a web address says: host, path, campaign values and click ids."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

from loopline.collect.json_text import clean_text
from loopline.collect.sources import PASS_THROUGH_HOSTS

CLICK_IDS = (
    "gclid", "gbraid", "wbraid", "dclid", "msclkid", "fbclid", "ttclid", "twclid", "li_fat_id", "epik", "rdt_cid",
    "sccid", "yclid", "mc_cid", "irclickid",
)  # fmt: skip
"""Parameters that ad and mail systems add to a link; the first one found counts."""
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_MAX_QUERY_FIELDS = 100


CampaignValues = tuple[str, str, str, str, str]
"""utm_source, utm_medium, utm_campaign, utm_content, utm_term as they stand."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    host: str = ""
    path: str = ""
    campaign: CampaignValues = ("", "", "", "", "")
    click_id_kind: str = ""
    click_id: str = ""


@lru_cache(maxsize=20_000)
def read_address(url: str) -> WebAddress:
    """The parts of `url` that matter; empty parts where it is no address. The query itself is not kept."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return WebAddress()
    path = clean_text(_route(parts), 300) or ("/" if host else "")
    if not parts.query:
        return WebAddress(host, path)
    try:
        pairs = parse_qsl(parts.query, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:
        return WebAddress(host, path)
    fields = {name.lower(): clean_text(value, 300) for name, value in reversed(pairs)}
    source, medium, campaign, content, term = (fields.get(name, "") for name in _CAMPAIGN)
    click_id_kind = next((kind for kind in CLICK_IDS if fields.get(kind)), "")
    values = (source, medium, campaign, content, term)
    return WebAddress(host, path, values, click_id_kind, fields.get(click_id_kind, ""))


def _route(parts: SplitResult) -> str:
    """The path, with the fragment where a site keeps its pages there: `/#/pricing`."""
    fragment = parts.fragment.partition("?")[0]
    return f"{parts.path or '/'}#{fragment}" if fragment.startswith(("/", "!/")) else parts.path


def is_own(host: str, page_host: str, own_hosts: frozenset[str]) -> bool:
    """Whether a referrer on `host` is no referrer at all: the page's own site, or one that brings nobody."""
    return not host or bool(why_no_referrer(host, page_host, own_hosts))


@lru_cache(maxsize=20_000)
def why_no_referrer(host: str, page_host: str, own_hosts: frozenset[str]) -> str:
    """Why a referrer on `host` does not count, in words; empty when it does."""
    if host == page_host or _bare(host) == _bare(page_host):
        return "the page's own site"
    rest = host
    while rest:
        if rest in own_hosts:
            return f"{rest} is one of your own sites or pay or sign-in pages"
        if rest in PASS_THROUGH_HOSTS:
            return f"{rest} is a pay or sign-in page, which sends people back and brings nobody"
        rest = rest.partition(".")[2]
    return ""


def _bare(host: str) -> str:
    return host.removeprefix("www.")

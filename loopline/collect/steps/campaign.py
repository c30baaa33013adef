"""Where the visit came from: campaign values, click id, referrer; and which page it is."""

from functools import lru_cache

from loopline.collect.channels import Visit
from loopline.collect.event_form import Campaign, as_text
from loopline.collect.settings import Settings
from loopline.collect.web_address import CampaignValues, WebAddress, is_own, read_address
from loopline.collect.work import Item, Work

_NO_ADDRESS = WebAddress()


def read_campaign(work: Work) -> None:
    for item in work.items:
        _read(item, work.settings)


def _read(item: Item, settings: Settings) -> None:
    context = item.context
    page, session = context.page, context.session
    address = _NO_ADDRESS
    if page is not None:
        address = read_address(as_text(page.url, 2_000))
        item.url_host = address.host
        item.url_path = address.path or as_text(page.path, 300)
        item.title = as_text(page.title, 300)
    if session is not None and (session.id is not None or session.url is not None):
        landing, referrer = read_address(as_text(session.url, 2_000)), as_text(session.referrer, 2_000)
        item.landing_path = landing.path
    else:
        landing, referrer = address, as_text(page.referrer, 2_000) if page is not None else ""
    if context.view is not None:
        item.page_view_id = as_text(context.view, 64)
    if landing is _NO_ADDRESS and context.campaign is None and not referrer:
        return
    values = landing.campaign if context.campaign is None else _said(context.campaign, landing.campaign)
    item.visit = visit_of(values, landing.click_id_kind, _external_host(referrer, landing.host, settings))
    # A click id names one click of one person; which system it is from may always be known.
    item.click_id = landing.click_id if item.consent >= 2 else ""


def _external_host(referrer: str, page_host: str, settings: Settings) -> str:
    if not referrer:
        return ""
    host = read_address(referrer).host
    return "" if is_own(host, page_host, settings.own_hosts) else host


def _said(said: Campaign, values: CampaignValues) -> CampaignValues:
    """What the sender names goes before what the address says."""
    source, medium, campaign, content, term = values
    return (
        as_text(said.source, 300) or source,
        as_text(said.medium, 300) or medium,
        as_text(said.name, 300) or campaign,
        as_text(said.content, 300) or content,
        as_text(said.term, 300) or term,
    )


@lru_cache(maxsize=20_000)
def visit_of(values: CampaignValues, click_id_kind: str, referrer_host: str) -> Visit:
    """The visit that an address and a referrer tell of; `referrer_host` is empty for hosts that are no referrers."""
    source, medium, campaign, content, term = values
    return Visit(
        source=source.strip().lower(),
        medium=medium.strip().lower(),
        campaign=campaign.strip().lower(),
        content=content.strip(),
        term=term.strip(),
        click_id_kind=click_id_kind,
        referrer_host=referrer_host,
    )

"""The mails that another tool sends for the demo company: their links, and the clicks and opens that came of them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from loopline.campaigns.links import LinkTags, tagged_url
from loopline.campaigns.mail_tracking import CLICKED, OPENED
from loopline.campaigns.models import Campaign, TrackedLink
from loopline.collect.own import OwnEvent, own_request
from loopline.collect.request import Request
from loopline.demo import world
from loopline.demo.ground import Ground, Ids
from loopline.demo.simulate import Visit

TRACKED_FOR = timedelta(days=90)
"""Since then the mails have had tracked links."""
Links = Mapping[tuple[str, str], TrackedLink]


def make_links(ground: Ground, ids: Ids, since: datetime) -> Links:
    """(unit key, code) → the link that stands in the mails of this campaign."""
    return {place: _link(campaign, place, ids, since) for place, campaign in _mailed(ground).items()}


def _mailed(ground: Ground) -> dict[tuple[str, str], Campaign]:
    return {place: campaign for place, campaign in ground.campaigns.items() if campaign.channel == "Email"}


def _link(campaign: Campaign, place: tuple[str, str], ids: Ids, since: datetime) -> TrackedLink:
    unit, code = place
    [origin] = [one for one in world.ORIGINS[unit] if one.code == code]
    tags = LinkTags(source=origin.utm_source, medium=origin.utm_medium, campaign=code)
    return TrackedLink.objects.create(
        id=ids.at(since),
        campaign=campaign,
        url=tagged_url(f"https://{world.SITE_HOST}{origin.landing[0]}", tags),
        short_code=blake2b(code.encode(), digest_size=4).hexdigest(),
        created_at=since,
    )


def mail_requests(visits: Iterable[Visit], links: Links, since: datetime) -> Iterator[Request]:
    """Who came by a mail had opened it and clicked in it just before. Nobody knows here whom it was sent to."""
    for visit in visits:
        link = links.get((visit.unit.key, visit.origin.code))
        if link is None or visit.at < since:
            continue
        verdict = "machine:mail_scanner" if visit.is_crawler else "human"
        for name, before_s in ((OPENED, 25), (CLICKED, 1)):
            yield _request(name, link, visit, visit.at - timedelta(seconds=before_s), verdict)


def _request(name: str, link: TrackedLink, visit: Visit, at: datetime, verdict: str) -> Request:
    event = OwnEvent(
        event_id=f"{visit.session}-{name}",
        kind="email",
        name=name,
        unit_id=str(link.campaign.unit_id),
        occurred_at=at,
        url=link.url if name == CLICKED else "",
        consent=1,
        bot_verdict=verdict,
        source="email",
        properties={"message": f"link-{link.pk}", "campaign": str(link.campaign_id), "link": str(link.pk)},
    )
    return own_request(event, round(at.timestamp() * 1_000_000))

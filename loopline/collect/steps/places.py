"""Country, region and owner of the network of an event's address. What is found stays, the address goes."""

from functools import lru_cache

from loopline.collect.places import Places
from loopline.collect.steps.validate import as_text
from loopline.collect.work import Item, Work

ADDRESS_LIMIT = 64


def look_up_place(work: Work) -> None:
    """Without an identifier (mode 1) the owner of the network goes, too: it may be a small company's own."""
    if not work.settings.places:
        return
    places = _places(work.settings.places)
    places.follow_changes()
    for item in work.items:
        if address := address_of(item):
            item.country, item.region, network = places.find(address)
            item.network_company = network if item.consent >= 2 else ""


def address_of(item: Item) -> str:
    """Of the browser itself, or what a server passes on about the person it speaks for; empty where nobody said."""
    if item.request.source in {"browser", "loopline"}:
        return item.request.ip
    return as_text(item.context.ip, ADDRESS_LIMIT) if item.context.ip is not None else ""


@lru_cache(maxsize=1)
def _places(paths: tuple[str, ...]) -> Places:
    return Places(paths)

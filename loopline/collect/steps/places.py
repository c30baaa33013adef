"""Country, region and owner of the network of an event's address. What is found stays, the address goes."""

from functools import lru_cache

from loopline.collect.event_form import as_text
from loopline.collect.places import NOWHERE, Place, Places
from loopline.collect.request import Flag
from loopline.collect.told_place import read_told
from loopline.collect.work import Item, Work

ADDRESS_LIMIT = 64
TOLD_LIMIT = 400


def look_up_place(work: Work) -> None:
    """Without an identifier (mode 1) the owner of the network goes, too: it may be a small company's own."""
    places = places_at(work.settings.places)
    places.follow_changes()
    for item in work.items:
        address = address_of(item)
        item.country, item.region, network = places.find(address) if address else told_place(item)[0]
        item.network_company = network if item.consent >= 2 else ""


def address_of(item: Item) -> str:
    """Of the browser itself, or what a server passes on about the person it speaks for; empty where nobody said."""
    if item.request.source in {"browser", "loopline"}:
        return item.request.ip
    return as_text(item.context.ip, ADDRESS_LIMIT) if item.context.ip is not None else ""


def told_place(item: Item) -> tuple[Place, bool]:
    """What was kept of an address that is forgotten, and whether it was a data centre's."""
    request = item.request
    is_own = request.source in {"browser", "loopline"} and not request.flags & Flag.WRITTEN_HERE
    told = request.place if is_own else item.context.looplinePlace
    return read_told(as_text(told, TOLD_LIMIT)) if told else (NOWHERE, False)


@lru_cache(maxsize=1)
def places_at(paths: tuple[str, ...]) -> Places:
    return Places(paths)

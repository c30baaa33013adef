"""What stays of an address that is forgotten: what was looked up, so that history can be loaded anew as it was.

It goes into the inbox in the address's place and on into its archive: country, region, the owner of the network where
an identifier was agreed to (see `steps/places.py`), and whether it is a data centre's.
"""

from typing import NamedTuple

import msgspec

from loopline.collect.places import NOWHERE, Place
from loopline.collect.request import Flag, Request
from loopline.collect.settings import Settings
from loopline.collect.steps.machines import networks_at
from loopline.collect.steps.places import places_at
from loopline.collect.told_place import told_text


class _Context(msgspec.Struct):
    consent: msgspec.Raw = msgspec.Raw(b"")


class _Said(msgspec.Struct):
    context: _Context | None = None
    batch: list["_Said"] | None = None


_decode = msgspec.json.Decoder(_Said).decode


class Agreed(NamedTuple):
    """Mode of consent of what says nothing itself, and the most it can be."""

    default: int
    most: int

    def keeps_networks(self, said: object) -> bool:
        """Whether an event that says this of consent has an identifier; `said` is None where it says nothing."""
        mode = said if isinstance(said, int) else self.default
        return min(mode, self.most) >= 2


def agreed_in(request: Request) -> Agreed:
    """As `steps/consent.py` takes it."""
    return Agreed(1 if request.source == "browser" else 2, 1 if request.flags & Flag.OPTED_OUT else 3)


def all_have_identifiers(request: Request) -> bool:
    """Whether each event of the request may have an identifier; False for what cannot be read."""
    agreed = agreed_in(request)
    try:
        said = _decode(request.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    of_batch = _consent(said)
    events = said.batch if said.batch is not None else [said]
    return all(agreed.keeps_networks(of_batch if (own := _consent(one)) is None else own) for one in events)


def consent_in(body: bytes) -> int | None:
    """The mode that one event, or the batch itself, says; None where it says none or cannot be read."""
    try:
        return _consent(_decode(body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _consent(said: _Said) -> int | None:
    try:
        return int(bytes(said.context.consent)) if said.context is not None else None
    except ValueError:  # nothing, or the categories of a consent tool
        return None


class Finder:
    """Looks up what is to be kept of addresses."""

    def __init__(self, settings: Settings) -> None:
        self._places = places_at(settings.places) if settings.places else None
        self._networks = networks_at(settings.data_centres) if settings.data_centres else None
        if self._places is not None:
            self._places.follow_changes()

    def tell(self, address: object, *, keeps_network: bool) -> str:
        """What to keep of an address, empty where nothing is known of it; `told_place.py` reads it again."""
        if not isinstance(address, str) or not address:
            return ""
        place = self._places.find(address) if self._places is not None else NOWHERE
        is_data_centre = self._networks is not None and self._networks.holds(address)
        return told_text(Place(place.country, place.region, place.network if keeps_network else ""), is_data_centre)

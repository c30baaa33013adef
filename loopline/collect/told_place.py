"""A place as one line of text, as it is kept where an address was."""

from loopline.collect.places import NOWHERE, Place
from loopline.lib.text import one_line

_BETWEEN = "\t"
_DATA_CENTRE = "data centre"


def told_text(place: Place, is_data_centre: bool) -> str:
    """Empty where nothing is known."""
    parts = (*place, _DATA_CENTRE if is_data_centre else "")
    return _BETWEEN.join(parts) if any(parts) else ""


def read_told(text: str) -> tuple[Place, bool]:
    """The place, and whether its network is a data centre's; NOWHERE for anything that is no such line."""
    parts = text.split(_BETWEEN)
    if len(parts) != 4 or (len(parts[0]) != 2 and parts[0]) or not parts[0].isascii():
        return NOWHERE, False
    country, region, network = (one_line(part, 120) for part in parts[:3])
    return Place(country, region, network), parts[3] == _DATA_CENTRE

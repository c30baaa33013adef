"""The fields every event needs, their limits, and who may say what."""

import msgspec

from loopline.collect.event_form import Text, as_text
from loopline.collect.json_text import clean_object, clean_text
from loopline.collect.web_address import read_address
from loopline.collect.work import Item, Work

_KIND_OF = {
    "page": "page", "screen": "page", "track": "track", "identify": "identify", "alias": "identify",
    "group": "group", "form": "form", "engaged": "system", "reset": "system", "link": "track",
    "email": "email", "call": "call", "meeting": "meeting", "offline": "offline", "system": "system",
}  # fmt: skip
_BROWSER_TYPES = frozenset(
    {"page", "screen", "track", "identify", "alias", "group", "form", "engaged", "reset", "link"}
)
_NAME_OF = {"engaged": "Engaged time", "reset": "Visitor reset", "alias": "alias"}
_DOWNLOADS = tuple(".pdf .zip .csv .doc .docx .xls .xlsx .ppt .pptx .exe .dmg .mp3 .mp4".split())
ID_LIMIT = 200


class _Link(msgspec.Struct):
    url: Text = None


_decode_link = msgspec.json.Decoder(_Link).decode


def validate(work: Work) -> None:
    """Fill in kind, name, ids and properties; quarantine what lacks them."""
    kept: list[Item] = []
    for item in work.items:
        problem = _read(item)
        if problem:
            work.quarantine(item, *problem)
        else:
            kept.append(item)
    work.items = kept


def _read(item: Item) -> tuple[str, str] | None:
    event, request = item.event, item.request
    own = event.loopline if request.source == "loopline" else None
    call = request.call if request.call != "batch" else as_text(event.type, 40)
    kind = _KIND_OF.get(call)
    if kind is None:
        return "unknown_type", f"The type is “{clean_text(call, 40)}”; it must be one of {', '.join(_KIND_OF)}."
    if request.source == "browser" and call not in _BROWSER_TYPES:
        return "type_not_allowed", f"A browser key may not send {call} events; use a server key."
    item.kind = kind
    item.visitor_id = as_text(event.anonymousId, ID_LIMIT)
    item.user_id = as_text(event.userId, ID_LIMIT)
    item.event_id = as_text(event.messageId, ID_LIMIT)
    item.name = _name(item, call)
    if call == "track" and not item.name:
        return "no_event_name", "A track call needs the name of the event in `event`."
    if call == "link" and not item.name:
        return "invalid_properties", "A followed link needs its address in `properties.url`."
    if call in {"identify", "alias", "group"} and not (item.visitor_id or item.user_id or own):
        return "no_identity", f"A call of type {call} needs userId or anonymousId."
    if call == "engaged":
        return _read_engaged(item)
    if own is not None:
        item.person_id, item.email, item.source = own.person_id, own.email, own.source
    return _read_properties(item, call)


def _read_engaged(item: Item) -> tuple[str, str] | None:
    """Engaged time and scroll depth; both are totals of the page view so far, so the largest counts."""
    event = item.event
    if event.engaged is None or not 0 <= event.engaged <= 86_400_000 or not event.context:
        return "invalid_engaged", "Engaged time is between 0 and 86400000 ms and belongs to a page view."
    item.engaged_ms = event.engaged
    if event.scroll is not None:
        if not 0 <= event.scroll <= 100:
            return "invalid_engaged", "Scroll depth is between 0 and 100 percent."
        item.properties = b'{"scroll":%d}' % event.scroll
    return None


def _link_name(item: Item) -> str:
    """A followed link to a file, or to another site; the tracker reports no others."""
    page = item.event.context.page if item.event.context else None
    try:
        link = read_address(as_text(_decode_link(item.event.properties).url, 2_000))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    is_file = link.path.lower().endswith(_DOWNLOADS)
    is_here = page is not None and link.host == read_address(as_text(page.url, 2_000)).host
    return "File downloaded" if is_file or is_here else "Outbound link clicked"


def _name(item: Item, call: str) -> str:
    event = item.event
    if call == "track":
        return as_text(event.event, 200).strip()
    if call == "link":
        return _link_name(item)
    if call in _NAME_OF:
        return _NAME_OF[call]
    return as_text(event.name if event.name is not None else event.event, 200).strip()


def _read_properties(item: Item, call: str) -> tuple[str, str] | None:
    """Traits are the properties of identify and group. Any other JSON than an object is refused."""
    event = item.event
    raw = bytes(event.traits if call in {"identify", "group"} and event.traits else event.properties)
    if not raw or raw == b"null":
        return None
    if raw[:1] != b"{":
        return "invalid_properties", "properties and traits must be objects."
    try:
        item.properties = clean_object(raw)
        item.properties.decode("utf-8")
    except (ValueError, RecursionError) as error:
        return "invalid_properties", f"properties cannot be read: {error}"
    return None

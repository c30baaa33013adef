"""Which events are touchpoints, that is, may earn credit.

Machines' events are marked too: whether they count is decided by the verdict, which may be revised, so that "only
machine" can be told from "no touchpoint at all".
"""

from loopline.collect.work import Item, Work

TOUCH_KINDS = frozenset(
    {"entry", "form", "email_click", "call", "meeting", "event", "partner", "reply", "self_reported"}
)
_EMAIL_NAMES = {"email clicked": "email_click", "email link clicked": "email_click", "email replied": "reply"}


def mark_touchpoints(work: Work) -> None:
    for item in work.items:
        item.touch_kind = "entry" if item.is_entry or _is_late_entry(item) else _touch_kind(item)


def _is_late_entry(item: Item) -> bool:
    """Consent given after the first page: the visit is counted already, only now it belongs to a visitor."""
    session = item.context.session
    return session is not None and session.entry and item.kind == "track" and bool(item.session_id)


def _touch_kind(item: Item) -> str:
    if item.request.source == "loopline":
        said = item.event.loopline.touch_kind if item.event.loopline else ""
        return said if said in TOUCH_KINDS else ""
    if item.kind == "form":
        return "partner" if item.source == "partner" else "form"
    if item.source == "partner" and item.kind in {"track", "offline"}:
        return "partner"
    if item.kind == "email":
        return _EMAIL_NAMES.get(item.name.lower(), "")
    if item.kind == "call":
        return "" if b'"answered":false' in item.properties.replace(b" ", b"") else "call"
    return "meeting" if item.kind == "meeting" else ""

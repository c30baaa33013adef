"""What is behind a figure, as the API tells it: a record, or the table that it was worked out from."""

from datetime import date, datetime
from typing import Any

from loopline.reports.behind import CostLine, Record, Touch, Visitor
from loopline.reports.opened import Item, Working
from loopline.web.behind_names import Named


def record_told(named: Named, *, sees_people: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": _kind(named.item), "name": named.name, "page": named.url or None}
    match named.item:
        case Item() as item:
            record_id = item.record_id if sees_people or item.kind != "person" else ""
            return told | {"id": record_id, "at": _day_or_moment(item.at), "adds": item.adds}
        case Record() as record:
            touches = [_touch(one, sees_people=sees_people) for one in record.touches]
            earned = {"touches": touches, "touch_count": record.touch_count}
            more = {"amount": record.amount, "reason": record.reason or None, **earned}
            return told | {"id": record.record_id, "at": record.at.isoformat(), "adds": record.credit} | more
        case Visitor() as visitor:
            person = visitor.person_id if sees_people else ""
            return told | {"id": person, "at": visitor.last_at.isoformat(), "adds": visitor.adds}
        case CostLine() as line:
            more = {"amount": line.amount_minor}
            return told | {"id": line.cost_id, "at": line.first.isoformat(), "adds": line.spent_minor} | more


def working_told(working: Working, currency: str) -> dict[str, Any]:
    lines = [
        {
            "label": step.label,
            "note": step.note,
            "values": dict(step.values),
            "opens": {key: dict(where) for key, where in step.leads.items()},
        }
        for step in working.steps
    ]
    columns = [column.told(currency) for column in working.columns]
    return {"title": working.title, "head": working.head, "words": working.words, "columns": columns, "lines": lines}


def is_of_a_person(named: Named) -> bool:
    return _kind(named.item) in {"lead", "person"}


def _kind(item: Record | Visitor | CostLine | Item) -> str:
    match item:
        case Record() | Item():
            return item.kind
        case Visitor():
            return "person" if item.person_id else "strangers"
        case CostLine():
            return "cost"


def _touch(touch: Touch, *, sees_people: bool) -> dict[str, Any]:
    return {
        "event_id": touch.event_id,
        "at": touch.at.isoformat(),
        "channel": touch.channel,
        "code": touch.code,
        "landing_path": touch.landing_path,
        "person_id": touch.person_id if sees_people else None,
        "credit": touch.credit,
    }


def _day_or_moment(at: date | datetime | None) -> str | None:
    return at.isoformat() if at else None

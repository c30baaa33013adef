"""Calendar files: the invitation to a series, its update and cancellation, and the due dates of decisions.

The UID of a series never changes and its SEQUENCE grows with each change, so a calendar replaces what it has (RFC 5545,
3.8.7.4). Times carry the organisation's zone, so a meeting at half past nine stays there in summer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Todo, vCalAddress, vText

from loopline.access.models import Organisation
from loopline.huddles.models import Decision, HuddleSeries
from loopline.lib.times import utc_now

REQUEST, CANCEL = "REQUEST", "CANCEL"


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Loopline//Huddle//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def invitation(series: HuddleSeries, address: str, *, method: str = REQUEST, at: datetime | None = None) -> bytes:
    """The series as one repeating event; `address` is where it takes place."""
    zone = ZoneInfo(Organisation.current().time_zone)
    begins = datetime.combine(series.begins_on, series.begins_at, zone)
    event = Event()
    event.add("uid", f"huddle-series-{series.pk}@loopline")
    event.add("sequence", series.sequence)
    event.add("dtstamp", at or utc_now())
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(minutes=series.minutes))
    event.add("rrule", {"freq": "weekly", "interval": int(series.cadence)})
    event.add("summary", series.name)
    event.add("description", f"{series.unit.name}. The agenda and the one screen of the meeting: {address}")
    event.add("location", address)
    event.add("url", address)
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    for user in series.roster.all():
        guest = vCalAddress(f"mailto:{user.email}")
        guest.params["CN"] = vText(user.name)
        guest.params["ROLE"] = vText("REQ-PARTICIPANT")
        event.add("attendee", guest, encode=False)
    reminder = Alarm()
    reminder.add("action", "DISPLAY")
    reminder.add("description", series.name)
    reminder.add("trigger", timedelta(minutes=-10))
    event.add_component(reminder)
    calendar = _calendar(method)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def due_dates(decisions: Sequence[Decision]) -> bytes:
    """The decisions with a due date, as things to do."""
    calendar = _calendar("PUBLISH")
    for one in decisions:
        if one.due_on is None:
            continue
        todo = Todo()
        todo.add("uid", f"decision-{one.pk}@loopline")
        todo.add("dtstamp", one.created_at)
        todo.add("due", one.due_on)
        todo.add("summary", one.text[:200])
        todo.add("description", "\n".join(line for line in (one.expected_effect, one.guard_rail, one.reversal) if line))
        todo.add("status", "COMPLETED" if one.is_done else "NEEDS-ACTION")
        calendar.add_component(todo)
    return bytes(calendar.to_ical())

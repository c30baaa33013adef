"""What events change in the records: who is who (identify, alias), whose company (group), what was asked (form).

The loader leaves these events as signals, in order. The reactor acts on each and moves its cursor in the same
transaction, so a crash repeats nothing and skips nothing. A signal that cannot be acted on is kept with the reason
(`ReactorRefusal`) and the rest goes on; only trouble with the database stops it, and then it tries again.
"""

import logging
from collections.abc import Callable, Mapping

import msgspec
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import InterfaceError, OperationalError, transaction

from loopline.access.actor import SYSTEM
from loopline.access.audit import take_turn
from loopline.access.models import BusinessUnit
from loopline.campaigns.forms import Sent
from loopline.campaigns.models import Form
from loopline.collect.json_text import clean_value
from loopline.collect.reactor_feed import ReactorFeed, Signal
from loopline.leads.capture import Captured, capture_reported, judge_captured
from loopline.lib.text import many_lines, one_line
from loopline.lib.times import utc_now
from loopline.people.actions import (
    Details,
    fill_in,
    fill_in_company,
    find_or_create_company,
    find_or_create_keyed_company,
    find_or_create_person,
    find_or_create_user,
    find_or_create_user_with,
    link_identity,
    link_phone,
    link_to_user,
    note_logout,
    person_of,
    set_custom,
)
from loopline.people.blocked import is_for_many
from loopline.people.claims import is_blocked
from loopline.people.emails import normalise
from loopline.people.models import Person, ReactorCursor, ReactorRefusal
from loopline.people.traits import company_from, custom_of_company, custom_of_person, details_from, message_from

CURSOR = "records"
_IN_ONE_TRANSACTION = 50
_MOST_FIELDS = 40
logger = logging.getLogger(__name__)


def react_once(feed: ReactorFeed, limit: int = 500) -> int:
    """Act on up to `limit` waiting signals; returns how many were read. Raises OperationalError to be tried again."""
    ReactorCursor.objects.get_or_create(name=CURSOR)
    read = 0
    while read < limit:
        done = _react_to_some(feed, min(_IN_ONE_TRANSACTION, limit - read))
        if not done:
            break
        read += done
    return read


def _react_to_some(feed: ReactorFeed, most: int) -> int:
    captured: list[tuple[Captured, Signal]] = []
    with transaction.atomic():
        cursor = ReactorCursor.objects.select_for_update().get(name=CURSOR)
        signals = feed.read(cursor.seq, most)
        for signal in signals:
            if (one := _act_or_refuse(signal)) is not None:
                captured.append((one, signal))
            cursor.seq = signal.seq
        if signals:
            cursor.save(update_fields=["seq"])
    if signals:
        feed.trim(cursor.seq)
    for one, signal in captured:
        _judge(one, signal)
    return len(signals)


def _judge(captured: Captured, signal: Signal) -> None:
    """After the commit, because the event store may take seconds to answer. Whatever goes wrong leaves the lead new,
    and `rejudge` finds it, as every new lead."""
    try:
        if captured.lead is not None:
            captured.lead.refresh_from_db()  # a later signal may have said who the person is
        judge_captured(captured, by=SYSTEM, at=signal.occurred_at)
    except Exception:
        logger.exception("The lead of signal %s is not judged yet and stays new", signal.seq)


def _act_or_refuse(signal: Signal) -> Captured | None:
    try:
        with transaction.atomic():
            return act(signal)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("Signal %s (%s) changed no record and is kept for a look", signal.seq, signal.kind)
        refuse(signal, error)
    return None


def act(signal: Signal) -> Captured | None:
    """Do what one signal says; returns what a form brought, to be judged. Doing it again changes nothing more."""
    return _ACTS[signal.kind](signal, _unit(signal)) if signal.is_human else None


def refuse(signal: Signal, error: Exception) -> None:
    """Keep a signal that could not be acted on, with the reason."""
    # The JSON of databases holds no NUL and no infinity.
    plain = clean_value(msgspec.to_builtins(signal))
    ReactorRefusal.objects.get_or_create(
        reactor=CURSOR, event_id=signal.event_id, kind=signal.kind,
        defaults={"seq": signal.seq, "reason": refusal_reason(error), "signal": plain},
    )  # fmt: skip


def refusal_reason(error: Exception) -> str:
    """Why a signal was refused, on one line."""
    return one_line(f"{type(error).__name__}: {error}", 1000)


def retry_refusal(refusal: ReactorRefusal) -> None:
    """Act on a refused signal again, after its cause is gone. Raises what it met."""
    signal = msgspec.convert(refusal.signal, Signal)
    with transaction.atomic():
        take_turn()
        captured = act(signal)
        refusal.solved_at = utc_now()
        refusal.save(update_fields=["solved_at"])
    if captured is not None:
        _judge(captured, signal)


def _identify(signal: Signal, unit: BusinessUnit) -> None:
    at, email = signal.occurred_at, _address(signal)
    details = details_from(signal.traits)
    browser = f"visitor:{signal.visitor_id}" if signal.visitor_id else ""
    if email:
        person: Person | None = _person_with(email, signal, unit, details, "identify")
        if browser and person is not None:
            link_identity(browser, person, "identify", SYSTEM, at)
    elif signal.user_id:
        person = find_or_create_user(signal.user_id, unit=unit, by=SYSTEM, at=at)
        if browser:
            link_to_user(browser, signal.user_id, "identify", SYSTEM, at)
    else:
        return  # traits of a browser that has not said who it is
    if person is not None:
        fill_in(person, details, by=SYSTEM, at=at)
        set_custom(person, custom_of_person(signal.traits), by=SYSTEM, at=at, fills_only=signal.source == "browser")
        link_phone(person, details.phone, details.country, "identify", SYSTEM, at)


def _address(signal: Signal) -> str:
    """The address of an identify call, unless it names nobody. One that several people read is not that user's own."""
    if not signal.email or is_blocked(f"email:{signal.email}"):
        return ""
    return "" if signal.user_id and is_for_many(signal.email) else signal.email


def _person_with(email: str, signal: Signal, unit: BusinessUnit, said: Details, evidence: str) -> Person:
    """The person with this address, who was signed in with the user id of the signal, if there is one."""
    at = signal.occurred_at
    if not signal.user_id:
        return find_or_create_person(
            email, unit=unit, name=said.name, company_name=said.company_name, evidence=evidence, by=SYSTEM, at=at
        )
    return find_or_create_user_with(signal.user_id, email, unit=unit, evidence=evidence, by=SYSTEM, at=at)


def _alias(signal: Signal, unit: BusinessUnit) -> None:
    """`previousId`, a browser or an earlier user id, is the same as `userId`."""
    if not signal.user_id or not signal.previous_id or signal.user_id == signal.previous_id:
        return
    at = signal.occurred_at
    for identity in (f"user:{signal.previous_id}", f"visitor:{signal.previous_id}"):
        link_to_user(identity, signal.user_id, "alias", SYSTEM, at)
    find_or_create_user(signal.user_id, unit=unit, by=SYSTEM, at=at)


def _logout(signal: Signal, _: BusinessUnit) -> None:
    """A border on a browser that keeps its visitor id: what follows is nobody's of those before."""
    if signal.visitor_id:
        note_logout(f"visitor:{signal.visitor_id}", by=SYSTEM, at=signal.occurred_at)


def _group(signal: Signal, unit: BusinessUnit) -> None:
    """The company of a person we know; of nobody we know it says nothing to the records."""
    at, said = signal.occurred_at, company_from(signal.traits)
    person = person_of(f"user:{signal.user_id}") if signal.user_id else None
    person = person or (person_of(f"visitor:{signal.visitor_id}") if signal.visitor_id else None)
    key = f"group:{signal.group_id}" if signal.group_id and not is_blocked(f"user:{signal.group_id}") else ""
    if person is None or not (said.name or said.domain or key):
        return
    address = f"group@{said.domain}" if said.domain else person.email
    company = (
        find_or_create_keyed_company(key, address, said.name, unit=unit, evidence="group", by=SYSTEM, at=at)
        if key
        else find_or_create_company(address, said.name, unit=unit, by=SYSTEM, at=at)
    )
    if company is None:
        return
    values: dict[str, str | int] = {
        "industry": said.industry,
        "employees": said.employees or 0,
        "country": said.country,
    }
    fill_in_company(company, values, by=SYSTEM, at=at)
    set_custom(company, custom_of_company(signal.traits), by=SYSTEM, at=at, fills_only=signal.source == "browser")
    fill_in(person, Details(), company=company, by=SYSTEM, at=at)


def _form(signal: Signal, unit: BusinessUnit) -> Captured | None:
    """A site's own form that the tracker reported. One that has our form's name is captured like ours."""
    if not signal.email:
        return None  # a search box, or a form that asks for no address
    fields = _fields(signal)
    details, at = details_from(fields), signal.occurred_at
    form = Form.objects.filter(unit=unit, slug=_form_name(signal), is_live=True).first()
    if form is None:
        _own_form(signal, unit, details)
        return None
    values = {key: many_lines(value, 5000) for key, value in fields.items()}
    values |= {"email": normalise(signal.email), "name": details.name, "company": details.company_name,
               "job_title": details.job_title, "phone": details.phone, "country": details.country,
               "message": message_from(fields)}  # fmt: skip
    sent = Sent(
        event_id=signal.event_id, visitor_id=signal.visitor_id, session_id=signal.session_id,
        is_consent_given=_is_ticked(fields.get("consent")),
    )  # fmt: skip
    captured = capture_reported(form, values, sent=sent, at=at)
    if signal.user_id and captured.person is not None:
        link_identity(f"user:{signal.user_id}", captured.person, "form", SYSTEM, at)
    return captured


def _own_form(signal: Signal, unit: BusinessUnit, details: Details) -> None:
    """A form that Loopline has no form for makes a person and no lead."""
    if is_blocked(f"email:{signal.email}"):
        return
    person = _person_with(signal.email, signal, unit, details, "form")
    fill_in(person, details, by=SYSTEM, at=signal.occurred_at)
    link_phone(person, details.phone, details.country, "form", SYSTEM, signal.occurred_at)
    if signal.visitor_id:
        link_identity(f"visitor:{signal.visitor_id}", person, "form", SYSTEM, signal.occurred_at)


def _fields(signal: Signal) -> dict[str, object]:
    inner = signal.properties.get("fields")
    found = inner if isinstance(inner, Mapping) else signal.properties
    plain = {str(key)[:60]: value for key, value in found.items() if isinstance(value, (str, int, float, bool))}
    return dict(list(plain.items())[:_MOST_FIELDS])


def _form_name(signal: Signal) -> str:
    """What the page calls the form: `data-loopline-form`, else its name or id."""
    said = (signal.properties.get(key) for key in ("form", "form_name", "form_id"))
    return next((text for one in said if (text := one_line(one, 50))), "") or signal.name[:50]


def _is_ticked(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in {"on", "yes", "true", "1"})


def _unit(signal: Signal) -> BusinessUnit:
    try:
        return BusinessUnit.objects.get(pk=signal.unit_id)
    except (ObjectDoesNotExist, ValidationError) as error:
        raise LookupError(f"its write key belongs to the business unit {signal.unit_id}, which is not there") from error


_ACTS: Mapping[str, Callable[[Signal, BusinessUnit], Captured | None]] = {
    "identify": _identify,
    "alias": _alias,
    "group": _group,
    "form": _form,
    "logout": _logout,
}

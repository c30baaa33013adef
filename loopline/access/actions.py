"""What administrators do with the organisation, its business units and exchange rates."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, ExchangeRate, Organisation
from loopline.access.roles import Permission
from loopline.facts.models import OutboxRow
from loopline.lib.currencies import is_currency


@dataclass(frozen=True, slots=True)
class OrganisationDetails:
    name: str
    time_zone: str
    reporting_currency: str
    own_hosts: tuple[str, ...] = ()
    """Hosts of the own web sites, which are never a referrer: `www.example.com`."""
    topics: tuple[tuple[str, str], ...] = ()
    """(beginning of a path, what the pages below it are about); other pages go by the first part of their path."""
    moves_days: bool = False
    """Whoever asks knows that another time zone moves the borders of days that were reported already."""


@dataclass(frozen=True, slots=True)
class NewUnit:
    name: str
    currency: str
    accept_within_hours: int = 4
    margin_percent: int = 100


@transaction.atomic
def change_organisation(details: OrganisationDetails, *, by: Actor) -> Organisation:
    """ValidationError for a time zone or currency that does not exist, an address in the place of a host, a topic
    without a path or a name, another reporting currency once there are amounts in the books, or, without `moves_days`,
    another time zone once there are leads."""
    by.require(Permission.ADMINISTER)
    take_turn()
    if not _is_time_zone(details.time_zone):
        raise ValidationError({"time_zone": "There is no such time zone; choose one such as Europe/Oslo."})
    _require_currency("reporting_currency", details.reporting_currency)
    if bad := [host for host in details.own_hosts if "/" in host or " " in host or "." not in host]:
        raise ValidationError({"own_hosts": f"“{bad[0]}” is not a host; write it like www.example.com."})
    if bad := [prefix for prefix, topic in details.topics if not prefix.startswith("/") or not topic]:
        raise ValidationError({"topics": f"“{bad[0]}”: write a path and a topic, like /product/pumps = Pumps."})
    organisation = Organisation.objects.select_for_update().get_or_create(pk=1)[0]
    _keep_currency_of_the_books(organisation, details.reporting_currency)
    moved_days = details.time_zone != organisation.time_zone and has_days_in_the_books()
    if moved_days and not details.moves_days:
        raise ValidationError(
            {"moves_days": "Tick the box to change the time zone: it moves days that were reported already."}
        )
    before = _said(organisation)
    organisation.name = details.name
    organisation.time_zone = details.time_zone
    organisation.reporting_currency = details.reporting_currency
    organisation.own_hosts = list(details.own_hosts)
    organisation.topics = [list(pair) for pair in details.topics]
    organisation.save()
    audit(by, "changed organisation", organisation, before=before, after=_said(organisation), moved_days=moved_days)
    return organisation


def has_days_in_the_books() -> bool:
    """Whether something was counted by day already, so that another time zone would count it again otherwise."""
    return OutboxRow.objects.filter(table__in=("lead_facts", "cost_facts", "opportunity_facts")).exists()


def _keep_currency_of_the_books(organisation: Organisation, currency: str) -> None:
    """Every amount in the books was converted into the reporting currency when it was recorded, and stays that."""
    before = organisation.reporting_currency
    if currency == before or not OutboxRow.objects.filter(table__in=("cost_facts", "opportunity_facts")).exists():
        return
    raise ValidationError(
        {"reporting_currency": f"The books hold amounts in {before} already, so it stays the reporting currency."}
    )


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path that leaves the folder, a folder
        return False
    return True


def _said(organisation: Organisation) -> dict[str, object]:
    names = ("name", "time_zone", "reporting_currency", "own_hosts", "topics")
    return {name: getattr(organisation, name) for name in names}


@transaction.atomic
def create_unit(new: NewUnit, *, by: Actor) -> BusinessUnit:
    """ValidationError for a name that is taken or a currency that does not exist."""
    by.require(Permission.ADMINISTER)
    _require_currency("currency", new.currency)
    take_turn()
    key = slugify(new.name)[:50]
    if not key or BusinessUnit.objects.filter(key=key).exists():
        raise ValidationError({"name": "There is a business unit of this name already; choose another name."})
    unit = BusinessUnit.objects.create(key=key, **asdict(new))
    audit(by, "created business unit", unit, **asdict(new))
    return unit


@transaction.atomic
def change_unit(unit: BusinessUnit, new: NewUnit, *, by: Actor) -> BusinessUnit:
    """Its key stays, so that addresses and imports that name it go on working."""
    by.require(Permission.ADMINISTER)
    _require_currency("currency", new.currency)
    take_turn()
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    before = {name: getattr(unit, name) for name in asdict(new)}
    for name, value in asdict(new).items():
        setattr(unit, name, value)
    unit.save()
    audit(by, "changed business unit", unit, before=before, after=asdict(new))
    return unit


@transaction.atomic
def set_exchange_rate(currency: str, on: date, rate: Decimal, *, by: Actor) -> ExchangeRate:
    """One unit of `currency` is worth `rate` of the reporting currency from `on` until the next rate."""
    by.require(Permission.EDIT_RATES)
    _require_currency("currency", currency)
    take_turn()
    if rate <= 0:
        raise ValidationError({"rate": "A rate is more than zero."})
    if currency == Organisation.current().reporting_currency:
        raise ValidationError({"currency": "This is the reporting currency; its rate is always 1."})
    row = ExchangeRate.objects.update_or_create(currency=currency, on=on, defaults={"rate": rate})[0]
    audit(by, "set exchange rate", row, currency=currency, on=on, rate=rate)
    return row


@transaction.atomic
def remove_exchange_rate(row: ExchangeRate, *, by: Actor) -> None:
    by.require(Permission.EDIT_RATES)
    take_turn()
    audit(by, "removed exchange rate", row, currency=row.currency, on=row.on, rate=row.rate)
    row.delete()


def _require_currency(field: str, currency: str) -> None:
    if not is_currency(currency):
        raise ValidationError({field: f"“{currency}” is not a currency; write its three letters, such as EUR."})

"""What undoing an import asks of a record: its facts, and whether a field is still as the import left it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Sum

from loopline.access.models import ExchangeRate, RateTable
from loopline.campaigns.fact_rows import cost_row
from loopline.campaigns.models import CostLine
from loopline.facts.outbox import Fact
from loopline.leads.fact_rows import lead_row
from loopline.leads.models import Lead
from loopline.people.fact_rows import company_row, person_row
from loopline.people.models import Company, Person
from loopline.pipeline.fact_rows import opportunity_contact_id, opportunity_contact_row, opportunity_row
from loopline.pipeline.models import Opportunity, OpportunityContact, Refund, business_day


class Money:
    """What the facts of many deals need to know of money, asked for once."""

    def __init__(self, given: Iterable[models.Model]) -> None:
        records = list(given)
        deals = [record.pk for record in records if isinstance(record, Opportunity)]
        refunds = Refund.objects.filter(opportunity__in=deals).values_list("opportunity")
        self.refunded: dict[UUID, int] = dict(refunds.annotate(total=Sum("amount_minor")))
        """Deal → minor units given back; deals without refunds are not named."""
        self.rates = RateTable() if deals or any(isinstance(record, CostLine) for record in records) else None


def fact_of(record: models.Model, at: datetime, *, money: Money, is_deleted: bool = False) -> Fact | None:
    """The fact of a record as it stands; None for a record without facts of its own."""
    if isinstance(record, Person):
        return Fact("person_facts", str(record.pk), person_row(record), at, is_deleted)
    if isinstance(record, Company):
        return Fact("company_facts", str(record.pk), company_row(record), at, is_deleted)
    if isinstance(record, Lead):
        return Fact("lead_facts", str(record.pk), lead_row(record), at, is_deleted)
    if isinstance(record, OpportunityContact):
        row_id = opportunity_contact_id(record)
        return Fact("opportunity_contact_facts", row_id, opportunity_contact_row(record), at, is_deleted)
    if isinstance(record, Opportunity):
        refunded = money.refunded.get(record.pk, 0)
        reporting = record.reporting_minor(refunded, business_day(at), money.rates)
        row = opportunity_row(record, refunded_minor=refunded, reporting_minor=reporting)
        return Fact("opportunity_facts", str(record.pk), row, at, is_deleted)
    if isinstance(record, CostLine):
        convert = money.rates.convert if money.rates else ExchangeRate.convert
        return Fact("cost_facts", str(record.pk), cost_row(record, convert), at, is_deleted)
    return None


def restorable(record: models.Model, before: dict[str, list[Any]]) -> tuple[dict[str, object], list[str]]:
    """Fields to set back with their former values, and fields that somebody changed since.

    `before`: field → [value before the import, value after], in JSON form.
    """
    back: dict[str, object] = {}
    later = []
    for name, (former, left) in before.items():
        field = record._meta.get_field(name)
        if _plain(getattr(record, field.attname)) == left:  # type: ignore[union-attr]
            back[field.attname] = former  # type: ignore[union-attr]
        else:
            later.append(name)
    return {name: _typed(record, name, value) for name, value in back.items()}, later


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _typed(record: models.Model, attname: str, value: object) -> object:
    field: Any = next(one for one in record._meta.concrete_fields if one.attname == attname)
    while field.is_relation:
        field = field.target_field
    return None if value is None else field.to_python(value)

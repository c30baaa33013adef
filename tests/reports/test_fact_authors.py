"""Who changed what stands behind a changed figure: by the audit log, for those who may open the record."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.access.visitor_verdicts import set_verdict
from loopline.campaigns.codes import map_code, unmap_code
from loopline.campaigns.costs import CostEntry, add_cost, edit_cost, remove_cost
from loopline.facts.relay import Relay
from loopline.lib.times import utc_now
from loopline.people.merge import merge_people
from loopline.pipeline.actions import edit_opportunity
from loopline.pipeline.closing import refund_opportunity, win_opportunity
from loopline.pipeline.contacts import set_contact
from loopline.pipeline.models import Opportunity
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.sync.models import ImportRun
from tests.make import make_campaign, make_person, make_unit, make_user, signed_in
from tests.pipeline.records import make_opportunity
from tests.sync.house import DEAL_HEAD, DEALS, HEAD, LEADS, take_in

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("North")


def opened(store: DuckDBEngine, cause: str, since: datetime, role: Role = Role.ADMINISTRATOR, **reader: Any) -> str:
    """What the page lists of a cause."""
    Relay(store).relay_all()
    client = signed_in(make_user(role, name="Reader", **reader))
    asked = {"period": "all", "since": since.isoformat(), "cause": cause}
    text = client.get(reverse("report_changes", args=["closed-loop"]), asked).content.decode()
    return text[text.index('id="facts"') : text.index("row by row")]


def test_money_names_who_refunded_it_booked_it_and_corrected_it(unit: BusinessUnit, store: DuckDBEngine) -> None:
    ruth, henrik = (make_user(Role.ADMINISTRATOR, unit=unit, name=name) for name in ("Ruth <i>", "Henrik"))
    sale, other, campaign = make_opportunity(unit), make_opportunity(unit), make_campaign(unit)
    Relay(store).relay_all()
    since = utc_now()
    win_opportunity(sale, by=henrik.actor)
    win_opportunity(other, by=henrik.actor)
    refund_opportunity(sale, 10_00, by=ruth.actor)
    cost = add_cost(campaign, CostEntry(100_00, "EUR", DAY, DAY), by=henrik.actor)
    edit_cost(cost, CostEntry(90_00, "EUR", DAY, DAY), by=ruth.actor)
    refunds, won, costs = (opened(store, cause, since) for cause in ("refunds", "opportunities", "costs"))
    assert "Ruth &lt;i&gt;" in refunds
    assert "refund opportunity" in refunds
    assert "Henrik" not in refunds, "the last change of that sale was the refund"
    assert "Henrik" in won
    assert "Ruth" not in won
    assert ("edit cost" in costs, "Henrik" in costs) == (True, False)
    since = utc_now()
    remove_cost(cost, by=henrik.actor)
    assert "Henrik" in opened(store, "costs", since), "also of a line that is gone"


def test_campaigns_codes_contacts_people_and_verdicts_name_theirs(unit: BusinessUnit, store: DuckDBEngine) -> None:
    mara = make_user(Role.ADMINISTRATOR, unit=unit, name="Mara").actor
    campaign, sale = make_campaign(unit, name="Spring"), make_opportunity(unit)
    person, double = make_person(unit=unit), make_person(unit=unit)
    code = map_code(campaign, "autumn", by=SYSTEM)
    Relay(store).relay_all()
    since = utc_now()
    map_code(campaign, "spring", by=mara)
    unmap_code(code, by=mara)
    set_contact(sale, person, "user", by=mara)
    merge_people(person, double, by=mara)
    set_verdict("v1", "machine", unit, by=mara)
    for cause, verb in {
        "codes": "unmap code", "contacts": "set contact", "people": "merge people",
        "verdicts": "judged visitor by hand",
    }.items():  # fmt: skip
        text = opened(store, cause, since)
        assert "Mara" in text, cause
        assert verb in text, cause


def test_what_the_log_does_not_say_has_no_author(unit: BusinessUnit, store: DuckDBEngine) -> None:
    """An older entry about the same record is not taken for the one of a change without an entry."""
    mara = make_user(Role.ADMINISTRATOR, unit=unit, name="Mara").actor
    sale = make_opportunity(unit)
    since = utc_now() - timedelta(hours=1)
    edit_opportunity(sale, {"amount_minor": 5_00}, by=mara, at=utc_now() - timedelta(minutes=10))
    assert "Mara" in opened(store, "opportunities", since)
    AuditEntry.objects.filter(verb="edit_opportunity").delete()
    assert "Mara" not in opened(store, "opportunities", since)


LEAD = f"{HEAD}L1,2026-01-05,ana@halden.example,Ana Ruiz,Halden,fair\n"
DEAL = f"{DEAL_HEAD}D1,L1,,,10\n"


def test_rows_of_an_import_say_so_and_who_took_them_in(unit: BusinessUnit, store: DuckDBEngine, tmp_path: Path) -> None:
    """An import has one entry in the audit log for all of its rows."""
    mara, henrik = (make_user(Role.ADMINISTRATOR, unit=unit, name=name).actor for name in ("Mara <i>", "Henrik"))
    since = utc_now() - timedelta(hours=1)
    take_in(tmp_path, unit, LEADS + DEALS, by=mara, leads=LEAD, deals=DEAL)
    for cause in ("leads", "people", "companies", "identities", "opportunities", "contacts"):
        assert "Import (Mara &lt;i&gt;)" in opened(store, cause, since), cause
    edit_opportunity(Opportunity.objects.get(), {"amount_minor": 5_00}, by=henrik)
    text = opened(store, "opportunities", since)
    assert ("Henrik" in text, "Import" in text) == (True, False), "the last change is not the import's"
    ImportRun.objects.update(by_name="")
    assert "Import <span" in opened(store, "leads", since)


def test_a_later_change_of_an_imported_record_that_the_log_does_not_say_is_not_the_imports(
    unit: BusinessUnit, store: DuckDBEngine, tmp_path: Path
) -> None:
    """One row is of last winter, and was so when it was taken in; the other one was changed after the import."""
    since, day = utc_now() - timedelta(hours=1), timedelta(days=1)
    take_in(tmp_path, unit, LEADS + DEALS, leads=LEAD, deals=f"{DEAL}D2,L1,2026-02-01,,10\n")
    assert opened(store, "opportunities", since).count("by Import (Loopline)") == 2
    ImportRun.objects.update(started_at=utc_now() - day, progressed_at=utc_now() - day, finished_at=utc_now() - day)
    assert opened(store, "opportunities", since).count("by Import (Loopline)") == 1


def test_who_may_not_open_the_record_is_not_told_who_changed_it(unit: BusinessUnit, store: DuckDBEngine) -> None:
    mara = make_user(Role.ADMINISTRATOR, unit=unit, name="Mara").actor
    since = utc_now() - timedelta(hours=1)
    merge_people(make_person(unit=unit), make_person(unit=unit), by=mara)
    assert "Mara" in opened(store, "people", since, Role.MARKETING, unit=unit)
    assert "Mara" not in opened(store, "people", since, Role.FINANCE, unit=unit)

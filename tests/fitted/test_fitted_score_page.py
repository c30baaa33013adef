"""The page and the command of the fitted score: who may see and fit, and what they say without enough wins."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads.actions import qualify_lead
from loopline.leads.fitted_models import FittedScore
from loopline.leads.fitted_scores import fit_score
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.reports.fitted.run import FitError
from loopline.reports.fitted.training import fitted
from loopline.reports.fitted.verdict import verdict
from loopline.store.duckdb_engine import DuckDBEngine
from tests.fitted.test_training import world
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return fitted(*world(1_200, signal=2.0))


def kept(unit: BusinessUnit, document: dict[str, Any], open_lead: str) -> FittedScore:
    waiting = [{"lead": open_lead, "score": 0.61, "passes": False, "because": ["+ more pages"]}]
    return FittedScore.objects.create(
        unit=unit, number=1, definition=make_definition(unit), document=document | {"open": waiting}, digest="ab" * 32,
        verdict=verdict(document), fitted_by_name="Mara",
    )  # fmt: skip


def test_the_trio(client: Client, store: DuckDBEngine) -> None:
    unit = make_unit()
    make_definition(unit)
    see, fit = reverse("fitted_score"), reverse("fitted_score_fit", args=[unit.pk])
    assert client.get(see).status_code == client.post(fit).status_code == 302
    assert signed_in(make_user(Role.FINANCE)).get(see).status_code == 403
    assert signed_in(make_user(Role.SALES, unit=unit)).post(fit).status_code == 403
    assert signed_in(make_user(Role.MARKETING, unit=make_unit())).post(fit).status_code == 404
    page = signed_in(make_user(Role.MARKETING, unit=unit)).get(see)
    assert (page.status_code, "No score is fitted yet" in page.content.decode()) == (200, True)


def test_the_page_says_the_verdict_and_names_open_leads_that_the_rules_refuse(document: dict[str, Any]) -> None:
    unit = make_unit()
    lead = make_lead(unit, email="ines@halden.example", name="Ines Dahl")
    kept(unit, document, str(lead.pk))
    page = signed_in(make_user(Role.SALES_MANAGER, unit=unit)).get(reverse("fitted_score")).content.decode()
    assert "better than the rules" in page
    assert "A score rejects nobody" in page
    assert "Ines Dahl" in page
    assert "61\u00a0%" in page
    assert 'id="chart-data"' in page
    other = signed_in(make_user(Role.SALES_MANAGER, unit=make_unit())).get(reverse("fitted_score")).content.decode()
    assert "Ines Dahl" not in other
    assert "better than the rules" not in other


def test_below_a_hundred_wins_it_is_refused_with_a_sentence_and_nothing_is_kept(store: DuckDBEngine) -> None:
    unit = make_unit()
    make_definition(unit)
    make_lead(unit)
    Relay(store).relay_all()
    client = signed_in(make_user(Role.MARKETING, unit=unit))
    page = client.post(reverse("fitted_score_fit", args=[unit.pk]), follow=True).content.decode()
    assert "A score is fitted once 100 leads" in page
    assert not FittedScore.objects.exists()


def test_a_fit_is_kept_with_version_digest_and_audit_entry(
    document: dict[str, Any], store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loopline.reports.fitted import run

    unit = make_unit()
    with pytest.raises(FitError, match="No lead definition is in force"):
        fit_score(unit, by=SYSTEM)
    make_definition(unit)
    Relay(store).relay_all()
    monkeypatch.setattr(run, "_learn", lambda folder: (folder / "answer.json").write_text(run.json.dumps(document)))
    at = utc_now() + timedelta(hours=1)
    first, second = fit_score(unit, by=SYSTEM, at=at), fit_score(unit, by=SYSTEM, at=at)
    assert (first.number, second.number, first.digest) == (1, 2, second.digest)
    assert AuditEntry.objects.filter(verb="fit_score").count() == 2


def test_the_page_of_a_lead_shows_the_chance_beside_the_rules_and_never_alone(document: dict[str, Any]) -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit, email="ines@halden.example", name="Ines Dahl")
    score = kept(unit, document, str(lead.pk))
    manager = signed_in(make_user(Role.SALES_MANAGER, unit=unit))
    address = reverse("lead", args=[lead.pk])
    assert "chance of a sale" not in manager.get(address).content.decode(), "it was not judged by the rules yet"
    qualify_lead(lead, by=SYSTEM)
    page = manager.get(address).content.decode()
    for said in (
        "61\u00a0%</b> chance of a sale",
        "it decides nothing",
        "95 % interval",
        "off on average",
        "+ more pages",
    ):
        assert said in page
    assert "long ago" not in page
    FittedScore.objects.filter(pk=score.pk).update(fitted_at=utc_now() - timedelta(days=120))
    assert "That is long ago" in manager.get(address).content.decode()
    other = make_lead(unit, email="otto@halden.example")
    qualify_lead(other, by=SYSTEM)
    assert "chance of a sale" not in manager.get(reverse("lead", args=[other.pk])).content.decode()
    HandOffTerms.objects.update_or_create(unit=unit, defaults={"explore_percent": 5})
    seller = signed_in(make_user(Role.SALES, unit=unit))
    assert "chance of a sale" not in seller.get(address).content.decode(), "salespeople are blind while it explores"
    Lead.objects.filter(pk=lead.pk).update(state="disqualified")
    assert "chance of a sale" not in manager.get(address).content.decode()

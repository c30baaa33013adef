"""A lead definition: drafted, proposed, signed by both sides, in force, superseded; and how it judges."""

from datetime import UTC, datetime, timedelta

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.definition import FIRST_RULES, definition_sentence, evaluate
from loopline.leads.definition_actions import (
    DefinitionStateError,
    draft_definition,
    edit_draft,
    propose_definition,
    put_in_force,
    sign_definition,
    withdraw_definition,
)
from loopline.leads.models import DefinitionVersion
from loopline.rules.errors import RuleError
from loopline.rules.facts import Facts, SentForm
from loopline.rules.measures import EventFilter, Measure, Measuring
from loopline.rules.read import read_rule
from tests.make import make_unit, make_user
from tests.make_leads import BUSINESS_EMAIL, make_definition

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PRICING = Measure(Measuring.COUNT, EventFilter("page", "/pricing"), 30)


def facts(*, email: str | None = "halden.example", pricing: int | None = 2, forms: tuple[str, ...] = ()) -> Facts:
    return Facts(
        at=NOW,
        fields={"person.business_email": email, "company.known": "Halden Foods"},
        consents={"contact": True},
        forms=[SentForm(slug, NOW - timedelta(hours=1)) for slug in forms],
        behaviour=None if pricing is None else {PRICING: pricing},
    )


def test_the_first_definition_reads_as_a_sentence() -> None:
    assert definition_sentence(read_rule(FIRST_RULES)) == (
        "A lead is a person who has a business e-mail address, and agreed to be contacted in general, by e-mail or "
        "by phone or sent the form “demo or contact” in the last 90 days, and works for a known company, and "
        "sent the form “demo” in the last 90 days or viewed /pricing in the last 30 days."
    )


def test_a_person_who_viewed_pricing_and_agreed_to_contact_passes_with_reasons() -> None:
    verdict = evaluate(read_rule(FIRST_RULES), facts())
    assert verdict.is_met
    assert [clause["reason"] for clause in verdict.evidence] == [
        "business e-mail halden.example",
        "agreed to be contacted",
        "company Halden Foods",
        "viewed /pricing twice in the last 30 days",
    ]


def test_behaviour_that_is_not_known_is_neither_zero_nor_yes() -> None:
    verdict = evaluate(read_rule(FIRST_RULES), facts(pricing=None))
    assert not verdict.is_met
    assert verdict.evidence[3]["is_met"] is None
    assert verdict.evidence[3]["reason"] == "behaviour not known yet"
    assert evaluate(read_rule(FIRST_RULES), facts(pricing=None, forms=("ask-for-a-demo",))).is_met


def test_one_clause_that_fails_fails_the_lead() -> None:
    verdict = evaluate(read_rule(FIRST_RULES), facts(email=None))
    assert not verdict.is_met
    assert [clause["is_met"] for clause in verdict.evidence] == [False, True, True, True]


@pytest.mark.django_db
def test_a_version_comes_into_force_after_both_sides_signed_and_supersedes_the_one_before() -> None:
    unit = make_unit()
    old = make_definition(unit)
    marketing, sales = make_user(Role.MARKETING, unit=unit), make_user(Role.SALES_MANAGER, unit=unit)
    version = draft_definition(unit, FIRST_RULES, because="too many students", by=marketing.actor)
    assert (version.number, version.status) == (2, "draft")
    with pytest.raises(DefinitionStateError, match="v2 is draft and cannot be signed"):
        sign_definition(version, "marketing", by=marketing.actor)
    propose_definition(version, by=marketing.actor)
    with pytest.raises(DefinitionStateError, match="cannot be changed"):
        edit_draft(version, BUSINESS_EMAIL, by=marketing.actor)
    sign_definition(version, "marketing", by=marketing.actor)
    with pytest.raises(DefinitionStateError, match="cannot be put in force"):
        put_in_force(version, by=marketing.actor)
    sign_definition(version, "sales", by=sales.actor)
    assert version.status == "agreed"
    put_in_force(version, by=sales.actor)
    old.refresh_from_db()
    assert (old.status, version.status) == ("superseded", "in_force")
    assert version.in_force_from is not None
    fact = OutboxRow.objects.filter(table="definition_facts", row_id=str(version.pk)).order_by("-id").first()
    assert fact is not None
    assert fact.row["status"] == "in_force"
    verbs = list(AuditEntry.objects.filter(object_id=str(version.pk)).values_list("verb", flat=True))
    assert verbs == [
        "draft_definition", "propose_definition", "sign_for_marketing", "sign_for_sales", "put_definition_in_force",
    ]  # fmt: skip


@pytest.mark.django_db
def test_each_side_signs_for_itself() -> None:
    unit = make_unit()
    version = draft_definition(unit, BUSINESS_EMAIL, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    marketing, sales = make_user(Role.MARKETING, unit=unit), make_user(Role.SALES, unit=unit)
    administrator = make_user(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowedError):
        sign_definition(version, "sales", by=marketing.actor)
    with pytest.raises(NotAllowedError):
        sign_definition(version, "sales", by=sales.actor)
    sign_definition(version, "sales", by=administrator.actor)
    with pytest.raises(NotAllowedError, match="A second person has to sign"):
        sign_definition(version, "marketing", by=administrator.actor)


@pytest.mark.django_db
def test_rules_that_are_none_are_refused_and_nothing_is_kept() -> None:
    unit = make_unit()
    with pytest.raises(RuleError, match="There is no field"):
        draft_definition(unit, {"field": "person.shoe_size"}, by=SYSTEM)
    assert not DefinitionVersion.objects.filter(unit=unit).exists()


@pytest.mark.django_db
def test_a_proposal_can_be_withdrawn_but_not_what_is_in_force() -> None:
    unit = make_unit()
    version = draft_definition(unit, BUSINESS_EMAIL, by=SYSTEM)
    withdraw_definition(version, by=SYSTEM)
    assert version.status == "superseded"
    with pytest.raises(DefinitionStateError):
        withdraw_definition(make_definition(unit), by=SYSTEM)


@pytest.mark.django_db
def test_another_units_people_may_not_change_it() -> None:
    version = draft_definition(make_unit(), BUSINESS_EMAIL, by=SYSTEM)
    with pytest.raises(NotAllowedError):
        propose_definition(version, by=make_user(Role.MARKETING, unit=make_unit()).actor)

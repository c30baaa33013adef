"""A lead definition: drafted, proposed, signed by both sides, in force, superseded; and how it judges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.actions import qualify_lead
from loopline.leads.definition import FIRST_RULES, evaluate
from loopline.leads.definition_actions import (
    DefinitionStateError,
    draft_definition,
    edit_draft,
    propose_definition,
    put_in_force,
    restore_definition,
    set_examples,
    sign_definition,
    start_due_definitions,
    withdraw_definition,
)
from loopline.leads.examples import Act, Example, example_json, read_example, try_examples
from loopline.leads.models import DefinitionVersion
from loopline.rules.definition import read_definition
from loopline.rules.errors import RuleError
from loopline.rules.facts import Facts, SentForm
from loopline.rules.measures import EventFilter, Measure, Measuring
from tests.make import make_unit, make_user
from tests.make_leads import BUSINESS_EMAIL, make_definition, make_lead

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
    assert read_definition(FIRST_RULES).sentence == (
        "A lead is a person who has a business e-mail address, and works for a known company, and "
        "either sent the form “demo” in the last 90 days or viewed /pricing in the last 30 days, and "
        "either agreed to be contacted in general, by e-mail or by phone or sent the form “demo or contact” in the "
        "last 90 days."
    )


def test_a_person_who_viewed_pricing_and_agreed_to_contact_passes_with_reasons() -> None:
    verdict = evaluate(read_definition(FIRST_RULES), facts())
    assert verdict.is_met
    assert [clause["reason"] for clause in verdict.evidence] == [
        "business e-mail halden.example",
        "company Halden Foods",
        "viewed /pricing twice in the last 30 days",
        "agreed to be contacted",
    ]
    assert [clause["part"] for clause in verdict.evidence] == ["who", "company", "need", "consent"]


def test_behaviour_that_is_not_known_is_neither_zero_nor_yes() -> None:
    verdict = evaluate(read_definition(FIRST_RULES), facts(pricing=None))
    assert not verdict.is_met
    assert verdict.evidence[2]["is_met"] is None
    assert verdict.evidence[2]["reason"] == "behaviour not known yet"
    assert evaluate(read_definition(FIRST_RULES), facts(pricing=None, forms=("ask-for-a-demo",))).is_met


def test_one_clause_that_fails_fails_the_lead() -> None:
    verdict = evaluate(read_definition(FIRST_RULES), facts(email=None))
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


INTERESTED = {
    "evidence": {"who": {"field": "person.business_email"}, "need": {"score": "interest", "level": "hot"}},
    "never": [{"field": "person.job_title", "contains": ["student"]}],
    "scores": {
        "interest": {
            "levels": {"hot": 30},
            "points": [{"points": 20, "each": {"kind": "page", "path": "/pricing"}, "half_life_days": 7, "up_to": 60}],
        }
    },
}
READER = Example(
    "Head of operations who read the prices",
    True,
    fields={"person.email": "known", "person.business_email": "known", "person.job_title": "Head of operations"},
    did=(Act("page", path="/pricing", days_ago=7, times=4), Act("page", path="/pricing", days_ago=1)),
)
STUDENT = replace(READER, name="Student", passes=False, fields={**READER.fields, "person.job_title": "Student"})


def test_examples_are_judged_like_leads_and_say_why() -> None:
    reader, student = try_examples(read_definition(INTERESTED), [READER, STUDENT], NOW)
    assert reader.is_right
    assert student.is_right
    assert student.why == "job title Student"
    [score] = reader.judgement.scores
    assert score["value"] == pytest.approx(20 * (4 / 2 + 0.5 ** (1 / 7)), abs=1e-5)
    assert score["level"] == "hot"
    assert [read_example(example_json(one)) for one in (READER, STUDENT)] == [READER, STUDENT]


@pytest.mark.django_db
def test_a_version_whose_examples_are_judged_wrongly_cannot_be_proposed() -> None:
    version = draft_definition(make_unit(), INTERESTED, examples=[READER, STUDENT], by=SYSTEM)
    cold = replace(READER, name="Cold", did=())
    set_examples(version, [READER, STUDENT, cold], by=SYSTEM)
    with pytest.raises(DefinitionStateError, match=r"“Cold” must pass .interest 0 of 100 points"):
        propose_definition(version, by=SYSTEM)
    version.refresh_from_db()
    assert version.status == "draft"
    set_examples(version, [READER, STUDENT], by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    with pytest.raises(DefinitionStateError, match="cannot be changed"):
        set_examples(version, [], by=SYSTEM)
    with pytest.raises(DefinitionStateError, match="at most 50 examples"):
        set_examples(version, [READER] * 51, by=SYSTEM)


def agreed(unit: BusinessUnit, rules: object = BUSINESS_EMAIL) -> DefinitionVersion:
    version = draft_definition(unit, rules, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    sign_definition(version, "marketing", by=SYSTEM)
    sign_definition(version, "sales", by=SYSTEM)
    return version


@pytest.mark.django_db
def test_a_version_with_a_later_start_comes_into_force_by_itself() -> None:
    unit = make_unit()
    old, version = make_definition(unit), agreed(unit)
    start = NOW + timedelta(days=3)
    put_in_force(version, starts_at=start, by=SYSTEM, at=NOW)
    assert (version.status, version.starts_later) == ("agreed", True)
    assert start_due_definitions(by=SYSTEM, at=start - timedelta(seconds=1)) == 0
    assert start_due_definitions(by=SYSTEM, at=start) == 1
    old.refresh_from_db()
    version.refresh_from_db()
    assert (old.status, version.status, version.in_force_from) == ("superseded", "in_force", start)
    assert start_due_definitions(by=SYSTEM, at=start) == 0


@pytest.mark.django_db
def test_a_version_that_was_in_force_is_put_back_with_one_click_and_a_withdrawn_one_is_not() -> None:
    unit = make_unit()
    old, new = make_definition(unit), make_definition(unit, INTERESTED)
    old.refresh_from_db()
    restore_definition(old, by=make_user(Role.MARKETING, unit=unit).actor)
    new.refresh_from_db()
    assert (old.status, new.status) == ("in_force", "superseded")
    planned = agreed(unit)
    put_in_force(planned, starts_at=NOW + timedelta(days=9), by=SYSTEM, at=NOW)
    withdraw_definition(planned, by=SYSTEM)
    with pytest.raises(DefinitionStateError, match="was never in force"):
        restore_definition(planned, by=SYSTEM)
    with pytest.raises(NotAllowedError):
        restore_definition(new, by=make_user(Role.MARKETING, unit=make_unit()).actor)


@pytest.mark.django_db
def test_a_judged_lead_keeps_its_scores() -> None:
    unit = make_unit()
    make_definition(
        unit,
        {
            "evidence": {"who": {"field": "person.business_email"}},
            "scores": {"fit": {"points": [{"points": 40, "when": {"field": "company.known"}}], "levels": {"A": 40}}},
        },
    )
    lead = make_lead(unit, email="ines@halden.example", company_name="Halden")
    assert qualify_lead(lead, by=SYSTEM)
    assert [(one["name"], one["value"], one["level"]) for one in lead.scores] == [("fit", 40.0, "A")]

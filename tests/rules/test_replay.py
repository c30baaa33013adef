"""Leads of the past, each judged when it was decided on, by what was known then: the same verdict as then, whatever
was learned since."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loopline.rules.population import Judged, to_sql
from loopline.rules.read import read_rule
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES
from tests.engines import empty_duckdb
from tests.rules.population import FREE, NOW, UNIT, Someone, fact, store
from tests.rules.test_population import EVERY_CONDITION, PEOPLE, conditions_of

AS_OF = NOW + timedelta(days=200)
LEARNED = NOW + timedelta(days=1)
Verdicts = dict[str, tuple[object, ...]]


def leads_of(people: Sequence[Someone], decided_at: datetime = NOW) -> list[dict[str, object]]:
    return [
        fact(
            f"lead-{one.id}", 2, unit_id=UNIT, person_id=one.id, state="handed_over" if one.lead else "new",
            origin="import" if one.lead else "", created_at=NOW - timedelta(days=20), qualified_at=decided_at,
            custom=_custom(one),
        )
        for one in people
    ]  # fmt: skip


def _custom(one: Someone) -> str:
    return json.dumps(one.lead) if one.lead else ""


def replayed(engine: Engine, rule_json: object, as_of: datetime = AS_OF) -> Verdicts:
    query = to_sql(read_rule(rule_json), Judged.LEADS)
    period = (NOW - timedelta(days=30), NOW + timedelta(days=1))
    rows = engine.rows(query.sql, query.replay_params(UNIT, period, as_of, free_mail_domains=FREE))
    return {str(row.pop("lead_id")): tuple(row.values()) for row in rows}


@pytest.fixture
def past(engine: Engine) -> Engine:
    """Every person with a lead that was decided on at NOW."""
    store(engine, PEOPLE, {"lead_facts": leads_of(PEOPLE)})
    return engine


def learn(engine: Engine, name: str, **rows: list[dict[str, object]]) -> None:
    """Something is learned a day after the leads were decided on."""
    stamp = {"recorded_at": LEARNED}
    batch = {name: to_arrow(TABLES[name], [stamp | row for row in found]) for name, found in rows.items()}
    engine.write(Batch(f"later: {name}", batch))


def later_event(identity: str, occurred_at: datetime) -> dict[str, object]:
    return {
        "event_id": f"{identity}-{occurred_at:%d%H}", "unit_id": UNIT, "occurred_at": occurred_at,
        "received_at": occurred_at, "kind": "page", "url_path": "/pricing", "identity": identity, "is_entry": False,
        "consent": 2, "bot_verdict": "human", "properties": '{"form": "demo", "amount": 1000}', "name": "Order",
        "utm_campaign": "spring",
    }  # fmt: skip


def test_a_lead_gets_the_verdicts_its_person_got_at_that_moment(past: Engine) -> None:
    found = replayed(past, EVERY_CONDITION)
    live = {f"lead-{name}": tuple(row.values())[1:] for name, row in conditions_of(past).items()}
    assert found == live


LONGER_AGO = NOW - timedelta(days=3)
VISITED = {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1}
SPRING = {"campaign": ["Autumn fair"]}
LEAKS: dict[str, tuple[object, dict[str, list[dict[str, object]]]]] = {
    "an event of the future": (
        {"count": {"name": "Order"}, "at_least": 4}, {"events": [later_event("visitor:b1", NOW + timedelta(hours=2))]},
    ),
    "an event of the past that came in late": (VISITED, {"events": [later_event("person:nobody", LONGER_AGO)]}),
    "a merge": (
        {"form": ["demo"]},
        {"person_facts": [fact("tom", 2, unit_id=UNIT, canonical_id="ines", country="ES", company_id="company-ines")]},
    ),
    "a browser and an address linked": (
        {"field": "person.business_email"},
        {"identity_facts": [fact("visitor:b3", 2, person_id="ines"), fact("email:n@nobody.no", person_id="nobody")]},
    ),
    "consent given and taken back": (
        {"consent": ["email"]},
        {"consent_facts": [fact("nobody/email", person_id="nobody", purpose="email", is_granted=True),
                           fact("ines/email", 2, person_id="ines", purpose="email", is_granted=False)]},
    ),
    "a code mapped to a campaign": (
        SPRING, {"campaign_code_facts": [fact(f"{UNIT}/spring", unit_id=UNIT, code="spring", campaign_id="fair")]},
    ),
    "a code mapped to none": (
        SPRING, {"campaign_code_facts": [fact(f"{UNIT}/spring", 2, unit_id=UNIT, code="spring", campaign_id="")]},
    ),
    "a campaign renamed": (
        SPRING, {"campaign_facts": [fact("fair", 2, unit_id=UNIT, name="Winter fair")]},
    ),
    "a browser found to be a machine": (
        VISITED | {"at_least": 3}, {"bot_verdict_facts": [fact("b1", verdict="machine:pace")]},
    ),
    "fields filled in later and dated back": (
        {"any": [{"field": "company.industry", "is": ["steel"]}, {"field": "lead.custom.budget", "at_least": 900}]},
        {
            "person_facts": [
                fact("nobody", 2, unit_id=UNIT, canonical_id="nobody", country="NO", job_title="CFO",
                     company_id="company-ines", custom='{"plan": "pro", "seats": 99}') | {"occurred_at": LONGER_AGO},
            ],
            "company_facts": [fact("company-ines", 2, unit_id=UNIT, employees=3, industry="Steel", country="DE")],
            "lead_facts": [fact("lead-nobody", 3, unit_id=UNIT, person_id="nobody", state="converted",
                                origin="import", created_at=NOW - timedelta(days=20), qualified_at=NOW,
                                custom='{"budget": 900}')],
        },
    ),
}  # fmt: skip
"""Worlds in which something is learned after the leads were decided on, each with a rule that would tell."""


def test_nothing_that_was_learned_later_changes_a_single_verdict(past: Engine) -> None:
    before = replayed(past, EVERY_CONDITION)
    deleted = fact("other", 2, unit_id=UNIT, canonical_id="other", company_id="") | {"is_deleted": True}
    learn(past, "a person deleted", person_facts=[deleted])
    for name, (_, rows) in LEAKS.items():
        learn(past, name, **rows)
    assert replayed(past, EVERY_CONDITION) == before


def test_the_same_learned_in_time_does_change_verdicts(tmp_path: Path) -> None:
    """The worlds hold what they claim to hold: the test above can fail."""
    engine = empty_duckdb(tmp_path / "events.duckdb")
    store(engine, PEOPLE, {"lead_facts": leads_of(PEOPLE, decided_at=LEARNED + timedelta(hours=1))})
    for name, (rule, rows) in LEAKS.items():
        before = replayed(engine, rule)
        learn(engine, name, **rows)
        assert replayed(engine, rule) != before, name
    engine.close()


def test_a_lead_that_never_qualified_is_decided_on_after_ninety_days_or_now(engine: Engine) -> None:
    someone = replace(PEOPLE[3], id="quiet", lead={})
    lead = fact("lead-quiet", unit_id=UNIT, person_id="quiet", state="new", created_at=NOW - timedelta(days=20))
    store(engine, [someone], {"lead_facts": [lead]})
    rule = {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30}
    learn(engine, "an event", events=[later_event("person:quiet", NOW + timedelta(hours=2))])
    assert replayed(engine, rule, NOW + timedelta(minutes=1)) == {"lead-quiet": (False, False)}
    assert replayed(engine, rule, NOW + timedelta(days=2)) == {"lead-quiet": (True, True)}
    assert replayed(engine, rule, AS_OF) == {"lead-quiet": (False, False)}, "judged for the last time on day 90"


def test_no_leads_at_all_is_no_rows(engine: Engine) -> None:
    assert replayed(engine, EVERY_CONDITION) == {}

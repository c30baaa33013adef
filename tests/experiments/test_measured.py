"""Who of an experiment reached what, on both engines: hand-computed, with everything that can go wrong in between."""

import pytest

from loopline.reports.experiments.base_rates import base_rates
from loopline.reports.experiments.exposure import Exposure, exposure
from loopline.reports.experiments.lift import HOLDOUT, TREATED, Tally
from loopline.reports.experiments.scope import Scope
from loopline.reports.experiments.tally import people_in_both_arms, sales_without_amount, weekly_tallies
from loopline.store.engine import Engine
from tests.attribution.shelf import LEARNT, Shelf, day

UNTIL = day(29)


def a_scope(experiment: str) -> Scope:
    return Scope(experiment, "north", f"code-{experiment}", f"camp-{experiment}", day(1), UNTIL, LEARNT)


def assign(shelf: Shelf, experiment: str, subject: str, arm: str, at: float = 2) -> None:
    shelf.fact(
        "experiment_assignment_facts", f"{experiment}/{subject}", experiment_id=experiment, unit_id="north",
        subject=subject, arm=arm, assigned_at=day(at),
    )  # fmt: skip


def sold(shelf: Shelf, opportunity: str, lead: str, at: float, minor: int | None, unit_id: str = "north") -> None:
    shelf.fact(
        "opportunity_facts", opportunity, unit_id=unit_id, lead_id=lead, outcome="won", reporting_minor=minor,
        created_at=day(at - 1), closed_at=day(at), refunded_minor=0, currency="EUR", learnt=day(at),
    )  # fmt: skip


@pytest.fixture(scope="module")
def filled(reading_engine: Engine) -> Engine:
    shelf = Shelf(reading_engine)
    for name in ("a", "b", "c", "d", "e", "late"):
        shelf.person(name, f"v-{name}")
    shelf.person("a2", "v-a2", canonical="a")
    for subject, arm in (("v-a", TREATED), ("v-b", TREATED), ("v-c", TREATED), ("v-d", HOLDOUT), ("v-e", HOLDOUT)):
        assign(shelf, "web", f"visitor:{subject}", arm)
    assign(shelf, "web", "visitor:v-a2", HOLDOUT, at=3)  # the same person, found out later
    assign(shelf, "web", "visitor:v-late", TREATED, at=40)  # after what is asked about
    assign(shelf, "other", "visitor:v-b", HOLDOUT)
    shelf.lead("l-a", "a2", day(4), qualified_at=day(5))
    sold(shelf, "o-l-a", "l-a", 12, 500_00)
    shelf.lead("l-a-again", "a", day(6))
    shelf.lead("l-b-before", "b", day(1.5))
    shelf.lead("l-c-after", "c", day(31))
    shelf.lead("l-d", "d", day(10))
    sold(shelf, "o-l-d", "l-d", 30, 900_00)
    shelf.lead("l-e-elsewhere", "e", day(10), unit_id="south")
    for person, company in (("p1", "acme"), ("p2", "acme"), ("p3", "bolt")):
        shelf.fact("person_facts", person, unit_id="north", canonical_id=person, company_id=company)
    for company in ("acme", "bolt"):
        shelf.fact("company_facts", company, unit_id="north", name=company, learnt=day(-40))
    assign(shelf, "firms", "company:acme", TREATED)
    assign(shelf, "firms", "company:bolt", HOLDOUT)
    assign(shelf, "firms", "person:p3", TREATED, at=5)
    shelf.lead("l-p1", "p1", day(4))
    shelf.lead("l-p2", "p2", day(14))
    shelf.campaign("camp-web", "spring")
    shelf.touch("t-before", "visitor:v-a", day(1.2), visitor_id="v-a", utm_campaign="spring")
    shelf.touch("t-a", "visitor:v-a", day(3), visitor_id="v-a", utm_campaign="spring")
    shelf.touch("t-a-more", "visitor:v-a", day(4), visitor_id="v-a", utm_campaign="spring")
    shelf.touch("t-d", "visitor:v-d", day(9), visitor_id="v-d", utm_campaign="spring")
    shelf.touch("t-e-robot", "visitor:v-e", day(9), visitor_id="v-e", utm_campaign="spring", bot_verdict="machine:x")
    for name, arm, visitor in (("b", "treated", "v-b"), ("e", "Holdout", "v-e")):
        shelf.touch(
            f"seen-{name}", f"visitor:{visitor}", day(5), visitor_id=visitor, touch_kind="", name="Experiment Viewed",
            is_entry=False, properties=f'{{"experiment_id": "code-web", "variation_id": "{arm}"}}',
        )  # fmt: skip
    for name in ("w1", "w2"):
        shelf.touch(f"t-{name}", f"visitor:{name}", day(3), visitor_id=name, unit_id="west", learnt=day(3))
        shelf.fact("person_facts", f"p-{name}", unit_id="west", canonical_id=f"p-{name}", learnt=day(3))
        shelf.link(f"visitor:{name}", f"p-{name}", learnt=day(3))
    shelf.fact("lead_facts", "l-w1", unit_id="west", person_id="p-w1", created_at=day(5), learnt=day(5))
    shelf.fact("lead_facts", "l-w2", unit_id="west", person_id="p-w2", created_at=day(12), learnt=day(12))
    assign(shelf, "money", "person:m", TREATED)
    shelf.person("m", "v-m")
    shelf.lead("l-m", "m", day(3))
    shelf.lead("l-m-again", "m", day(15))
    for name, lead, at, minor in (
        ("first", "l-m", 4, 100_00), ("second", "l-m", 12, 200_00), ("again", "l-m-again", 20, 50_00),
        ("too-late", "l-m", 30, 900_00), ("no-rate", "l-m", 5, None),
    ):  # fmt: skip
        sold(shelf, f"o-m-{name}", lead, at, minor)
    shelf.touch("t-x", "visitor:x", day(3), visitor_id="x", unit_id="east", learnt=day(3))
    shelf.fact("person_facts", "p-x", unit_id="east", canonical_id="p-x", learnt=day(3))
    shelf.link("visitor:x", "p-x", learnt=day(3))
    shelf.fact("lead_facts", "l-x", unit_id="east", person_id="p-x", created_at=day(4), learnt=day(4))
    sold(shelf, "o-x-soon", "l-x", 5, 100_00, unit_id="east")
    sold(shelf, "o-x-later", "l-x", 14, 900_00, unit_id="east")
    shelf.campaign("camp-judged", "judged")
    for name, arm, arrived_as, is_judged in (
        ("r1", HOLDOUT, "human", "machine:too_fast"),
        ("r2", TREATED, "machine:x", "human"),
        ("r3", TREATED, "human", ""),
    ):  # fmt: skip
        assign(shelf, "judged", f"visitor:{name}", arm)
        shelf.touch(
            f"t-{name}", f"visitor:{name}", day(3), visitor_id=name, unit_id="judged", utm_campaign="judged",
            bot_verdict=arrived_as, learnt=day(3),
        )  # fmt: skip
        shelf.touch(f"t-{name}-north", f"visitor:{name}", day(3), visitor_id=name, utm_campaign="judged",
                    bot_verdict=arrived_as)  # fmt: skip
        if is_judged:
            shelf.fact("bot_verdict_facts", name, verdict=is_judged, learnt=day(4))
    shelf.store()
    return reading_engine


def last(engine: Engine, experiment: str) -> Tally:
    return weekly_tallies(a_scope(experiment), engine)[-1]


def test_leads_after_the_assignment_count_for_the_arm_each_subject_once(filled: Engine) -> None:
    found = last(filled, "web")
    assert found.subjects == {TREATED: 3, HOLDOUT: 3}
    assert found.reached["lead"] == {TREATED: 1, HOLDOUT: 1}
    assert found.reached["qualified"] == {TREATED: 1, HOLDOUT: 0}
    assert found.reached["opportunity"] == {TREATED: 1, HOLDOUT: 0}
    assert found.reached["won"] == {TREATED: 1, HOLDOUT: 0}
    assert found.revenue == {TREATED: [500_00], HOLDOUT: []}


def test_each_week_says_what_was_known_at_its_end(filled: Engine) -> None:
    weeks = weekly_tallies(a_scope("web"), filled)
    assert [one.reached["lead"][HOLDOUT] for one in weeks] == [0, 1, 1, 1]
    assert [one.reached["won"][TREATED] for one in weeks] == [0, 1, 1, 1]
    assert weeks[0].subjects == {TREATED: 3, HOLDOUT: 3}


def test_each_sale_counts_in_its_own_week_and_none_after_the_end(filled: Engine) -> None:
    weeks = weekly_tallies(a_scope("money"), filled)
    assert [one.revenue[TREATED] for one in weeks] == [[100_00], [300_00], [350_00], [350_00]]
    assert [one.reached["won"][TREATED] for one in weeks] == [1, 1, 1, 1]


def test_a_sale_whose_money_is_not_known_is_told_beside_the_revenue_that_it_is_missing_in(filled: Engine) -> None:
    assert sales_without_amount(a_scope("money"), filled) == 1
    assert sales_without_amount(a_scope("web"), filled) == 0


def test_a_person_in_both_arms_counts_for_the_first_and_is_told(filled: Engine) -> None:
    assert people_in_both_arms(a_scope("web"), filled) == 1
    assert people_in_both_arms(a_scope("other"), filled) == 0


def test_what_anybody_of_a_company_does_counts_for_it(filled: Engine) -> None:
    found = last(filled, "firms")
    assert found.reached["lead"] == {TREATED: 1, HOLDOUT: 0}
    assert people_in_both_arms(a_scope("firms"), filled) == 1


def test_exposure_is_read_from_touchpoints_and_from_what_sites_report(filled: Engine) -> None:
    found = exposure(a_scope("web"), filled)
    assert found.exposed == {TREATED: 2, HOLDOUT: 1}
    [contact] = found.held_out
    assert (contact.subject, contact.event_id, contact.at, contact.what) == ("visitor:v-d", "t-d", day(9), "entry")


def test_who_was_judged_again_counts_as_the_newest_verdict_says(filled: Engine) -> None:
    found = exposure(a_scope("judged"), filled)
    assert found.exposed == {TREATED: 2}
    assert found.held_out == ()
    assert base_rates("visitor", 1, "judged", filled, day(16.5)).subjects == 2


def test_an_experiment_nobody_was_assigned_to_is_empty(filled: Engine) -> None:
    found = last(filled, "nobody")
    assert found.subjects == {TREATED: 0, HOLDOUT: 0}
    assert not any(found.reached["lead"].values())
    assert exposure(a_scope("nobody"), filled) == Exposure()


def test_base_rates_are_the_own_past(filled: Engine) -> None:
    visitors = base_rates("visitor", 1, "west", filled, day(16.5))
    assert visitors.subjects == 2  # both came in the week before last; the second became a lead too late
    assert visitors.rates["lead"] == 0.5
    buyers = base_rates("visitor", 1, "east", filled, day(16.5))
    assert (buyers.revenue_minor, buyers.revenue_square) == (100_00, 100_00**2)  # the second sale came too late
    people = base_rates("person", 1, "west", filled, day(16.5))
    assert people.subjects == 2
    assert people.rates["lead"] == 0.5  # the other one's lead is older than the last week
    assert base_rates("company", 1, "west", filled, day(16.5)).rates == {}

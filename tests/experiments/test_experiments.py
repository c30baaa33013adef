"""Experiments through their pages and their interface: states, access, assignment, lists, what sites ask."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry, BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.costs import CostEntry, add_cost
from loopline.collect.keys import KeyKind, Keys, NewKey
from loopline.experiments.actions import (
    ExperimentPlan,
    conclude_experiment,
    draft_experiment,
    edit_experiment,
    start_experiment,
    stop_experiment,
)
from loopline.experiments.arms import arm_of
from loopline.experiments.assigning import ask_for_arm, enrol
from loopline.experiments.models import Assignment, Experiment
from loopline.experiments.refusal import ExperimentRefusedError
from loopline.experiments.subjects import Asked
from loopline.facts.models import OutboxRow
from loopline.facts.relay import Relay
from loopline.lib.times import utc_now
from loopline.people.actions import record_consent
from loopline.people.identity import link_identity
from loopline.people.merge import merge_people
from loopline.store.current import engine
from loopline.web import collector
from tests.make import make_campaign, make_person, make_unit, make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
HOSTILE = "<script>alert(1)</script>"
TODAY = utc_now().date()


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


@pytest.fixture
def marketer(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    made = Keys(tmp_path)
    monkeypatch.setattr(collector, "keys", lambda: made)
    yield made
    made.close()


def a_draft(unit: BusinessUnit, **plan: object) -> Experiment:
    whole: dict[str, object] = {"name": "Does it work?", "code": "does-it-work", "holdout_percent": 50} | plan
    return draft_experiment(make_campaign(unit), ExperimentPlan(**whole), by=SYSTEM)  # type: ignore[arg-type]


def a_running(unit: BusinessUnit, **plan: object) -> Experiment:
    return start_experiment(a_draft(unit, **plan), by=SYSTEM)


# Assignment


def test_arms_are_held_out_by_the_chance_that_was_set_and_differ_between_experiments() -> None:
    subjects = [f"visitor:{number}" for number in range(4_000)]
    first = [arm_of("00" * 32, one, 20) for one in subjects]
    second = [arm_of("01" * 32, one, 20) for one in subjects]
    assert 0.18 < first.count("holdout") / 4_000 < 0.22
    both = sum(one == other == "holdout" for one, other in zip(first, second, strict=True))
    assert 100 < both < 230  # a fifth of a fifth
    assert first == [arm_of("00" * 32, one, 20) for one in subjects]


def test_whoever_is_asked_about_is_assigned_once_and_keeps_the_arm_through_a_merge(unit: BusinessUnit) -> None:
    experiment = a_running(unit)
    people = [make_person(unit=unit) for _ in range(12)]
    answers = [ask_for_arm(experiment, Asked(email=str(one.email))) for one in people]
    assert {one.arm for one in answers} == {"treated", "holdout"}
    first = people[0]
    other = next(one for one, answer in zip(people, answers, strict=True) if answer.arm != answers[0].arm)
    merge_people(first, other, by=SYSTEM)
    again = ask_for_arm(experiment, Asked(email=str(other.email)))
    assert again.arm == answers[0].arm  # assigned first
    assert Assignment.objects.count() == 12
    assert OutboxRow.objects.filter(table="experiment_assignment_facts").count() == 12


def test_nobody_is_stored_whose_consent_is_missing_or_whom_nobody_knows(unit: BusinessUnit) -> None:
    web = a_running(unit, subject_kind="visitor")
    assert ask_for_arm(web, Asked(visitor="v1", consent=1)).reason == "no_consent"
    mails = a_running(unit, code="mails")
    person = make_person(unit=unit)
    record_consent(person, "tracking", is_granted=False, text="", evidence="preference page", by=SYSTEM)
    assert ask_for_arm(mails, Asked(email=str(person.email))).reason == "no_consent"
    assert ask_for_arm(mails, Asked(email="nobody@halden.example")).reason == "unknown"
    elsewhere = make_person()
    assert ask_for_arm(mails, Asked(email=str(elsewhere.email))).reason == "unknown"
    assert ask_for_arm(mails, Asked(email="no address")).reason == "unknown"
    assert ask_for_arm(mails, Asked(person="no id")).reason == "unknown"
    assert not Assignment.objects.exists()


def test_companies_are_assigned_as_a_whole(unit: BusinessUnit) -> None:
    experiment = a_running(unit, subject_kind="company")
    one, other = make_person("a@bolt.no", unit=unit), make_person("b@bolt.no", unit=unit)
    answers = [ask_for_arm(experiment, Asked(email=str(person.email))) for person in (one, other)]
    assert answers[0] == answers[1] == ask_for_arm(experiment, Asked(domain="bolt.no"))
    assert Assignment.objects.get().subject == f"company:{one.company_id}"


def test_a_long_list_is_looked_up_at_once_and_finds_who_was_merged_or_has_another_address(
    unit: BusinessUnit, django_assert_max_num_queries: Any
) -> None:
    experiment = a_running(unit)
    merged, remaining = make_person(unit=unit), make_person(unit=unit)
    [subject] = [ask_for_arm(experiment, Asked(email=str(merged.email))).subject]
    merge_people(remaining, merged, by=SYSTEM)
    link_identity("email:second@halden.example", make_person("first@halden.example", unit=unit), "manual", SYSTEM)
    others = [str(make_person(f"reader{number}@halden.example", unit=unit).email) for number in range(40)]
    lines = [str(remaining.email), "Second@Halden.example", *others, "nobody@halden.example"]
    with django_assert_max_num_queries(30):
        done = enrol(experiment, lines, by=SYSTEM)
    assert (done.assigned, done.already, done.unknown) == (41, 1, ("nobody@halden.example",))
    assert experiment.assignments.filter(subject=subject).count() == 1


def test_companies_are_enrolled_by_domain_or_by_an_address(unit: BusinessUnit) -> None:
    experiment = a_running(unit, subject_kind="company")
    person = make_person("a@bolt.no", unit=unit)
    done = enrol(experiment, ["Bolt.no", "somebody@bolt.no", "nobody.example"], by=SYSTEM)
    assert (done.assigned, done.unknown) == (1, ("nobody.example",))
    assert Assignment.objects.get().subject == f"company:{person.company_id}"


def test_a_list_is_assigned_and_says_whom_it_left_out(unit: BusinessUnit) -> None:
    experiment = a_running(unit)
    person, refuses = make_person(unit=unit), make_person(unit=unit)
    record_consent(refuses, "tracking", is_granted=False, text="", evidence="preference page", by=SYSTEM)
    lines = [str(person.email), str(refuses.email), "nobody@halden.example", str(person.email).upper()]
    done = enrol(experiment, lines, by=SYSTEM)
    assert (done.assigned, done.already, done.refused, done.unknown) == (1, 0, 1, ("nobody@halden.example",))
    again = enrol(experiment, None, by=SYSTEM)
    assert (again.assigned, again.already, again.refused) == (0, 1, 1)


# States


def test_what_an_experiment_is_stays_once_it_has_started(unit: BusinessUnit) -> None:
    experiment = a_draft(unit)
    edit_experiment(experiment, ExperimentPlan("Better question", "does-it-work"), by=SYSTEM)
    running = start_experiment(experiment, by=SYSTEM)
    assert running.name == "Better question"
    assert running.base["subjects"] == 0
    with pytest.raises(ExperimentRefusedError, match="stays as it is"):
        edit_experiment(running, ExperimentPlan("Another", "another"), by=SYSTEM)
    with pytest.raises(ExperimentRefusedError, match="already"):
        start_experiment(running, by=SYSTEM)
    with pytest.raises(ExperimentRefusedError, match="still counts"):
        start_experiment(draft_experiment(running.campaign, ExperimentPlan("Second", "second"), by=SYSTEM), by=SYSTEM)
    stopped = stop_experiment(running, by=SYSTEM)
    person = make_person(unit=unit)
    assert ask_for_arm(stopped, Asked(email=str(person.email))).reason == "assigns_nobody_now"
    with pytest.raises(ExperimentRefusedError, match="not running"):
        enrol(stopped, None, by=SYSTEM)
    concluded = conclude_experiment(stopped, by=SYSTEM)
    assert concluded.result is not None
    assert concluded.result["verdict"].startswith("Nothing was shown")
    with pytest.raises(ExperimentRefusedError, match="its result stays"):
        conclude_experiment(concluded, by=SYSTEM)
    verbs = list(AuditEntry.objects.filter(object_id=str(experiment.pk)).values_list("verb", flat=True))
    assert verbs == [
        "draft_experiment", "edit_experiment", "start_experiment", "stop_experiment", "conclude_experiment"
    ]  # fmt: skip


def test_nobody_is_assigned_after_the_planned_end_and_before_the_start(unit: BusinessUnit) -> None:
    experiment, person = a_draft(unit, weeks=1), make_person(unit=unit)
    assert ask_for_arm(experiment, Asked(email=str(person.email))).reason == "not_started"
    running = start_experiment(experiment, by=SYSTEM)
    late = utc_now() + timedelta(days=8)
    assert ask_for_arm(running, Asked(email=str(person.email)), at=late).reason == "assigns_nobody_now"


@pytest.mark.parametrize(
    "plan",
    [{"code": "Not a code!"}, {"holdout_percent": 0}, {"weeks": 0}, {"planned_subjects": 1}, {"outcome": "luck"}],
)
def test_a_plan_that_makes_no_sense_is_refused(unit: BusinessUnit, plan: dict[str, object]) -> None:
    with pytest.raises(ExperimentRefusedError):
        a_draft(unit, **plan)
    assert not Experiment.objects.exists()


# Pages


def test_the_pages_are_open_to_those_who_may(unit: BusinessUnit, marketer: User) -> None:
    experiment = a_running(unit, name=HOSTILE)
    sales, other = make_user(Role.SALES, unit=unit), make_user(Role.MARKETING, unit=make_unit())
    seen = ["experiment"]
    pages = ["experiment", "experiment_edit", "experiment_list", "experiment_enrol", "experiment_turn"]
    for name in pages:
        args: list[object] = [experiment.pk]
        args += ["holdout"] if name == "experiment_list" else ["stop"] if name == "experiment_turn" else []
        url, method = reverse(name, args=args), "post" if name in {"experiment_enrol", "experiment_turn"} else "get"
        assert getattr(Client(), method)(url).status_code == 302, name
        assert getattr(signed_in(other), method)(url).status_code == 404, name
        assert getattr(signed_in(sales), method)(url).status_code == (200 if name in seen else 403), name
        answer = getattr(signed_in(marketer), method)(url)
        assert answer.status_code in {200, 302, 422}, name
        assert HOSTILE not in answer.content.decode()


@pytest.mark.parametrize("name", ["experiments", "experiment_new"])
def test_lists_and_editors_open_for_marketing(name: str, unit: BusinessUnit, marketer: User) -> None:
    assert Client().get(reverse(name)).status_code == 302
    assert signed_in(marketer).get(reverse(name)).status_code == 200
    make_campaign(unit)
    assert "New experiment" in signed_in(marketer).get(reverse(name)).content.decode()
    sales = signed_in(make_user(Role.SALES, unit=unit)).get(reverse(name))
    assert sales.status_code == (403 if name == "experiment_new" else 200)


def test_an_experiment_is_drafted_started_and_concluded_on_its_page(unit: BusinessUnit, marketer: User) -> None:
    client, campaign = signed_in(marketer), make_campaign(unit)
    data = {
        "campaign": campaign.pk, "name": "Does the mail work?", "code": "mail-1", "subject_kind": "person",
        "outcome": "lead", "holdout_percent": 30, "planned_subjects": 500, "weeks": 4,
    }  # fmt: skip
    assert client.post(reverse("experiment_new"), data | {"holdout_percent": 95}).status_code == 422
    client.post(reverse("experiment_new"), data)
    experiment = Experiment.objects.get()
    page = client.get(reverse("experiment", args=[experiment.pk])).content.decode()
    assert "This plan can hardly show anything" in page  # nobody was ever seen
    assert "Only who was known before is among them, not who comes anew" in page
    client.post(reverse("experiment_turn", args=[experiment.pk, "start"]))
    person = make_person(unit=unit, name="=1+1")
    done = client.post(
        reverse("experiment_enrol", args=[experiment.pk]), {"names": f"{person.email}\nnobody@x.example"}, follow=True
    )
    assert "1 assigned" in done.content.decode()
    assert "import them first" in done.content.decode()
    arm = Assignment.objects.get().arm
    listed = client.get(reverse("experiment_list", args=[experiment.pk, arm])).content.decode()
    assert str(person.email) in listed
    assert "\n=1+1" not in listed
    assert ",=1+1" not in listed  # a sheet must not run it
    running = client.get(reverse("experiment", args=[experiment.pk])).content.decode()
    assert "too early" in running
    assert "Ask from outside" in running
    refused = client.post(reverse("experiment_edit", args=[experiment.pk]), data)
    assert "stays as it is" in refused.content.decode()
    client.post(reverse("experiment_turn", args=[experiment.pk, "conclude"]))
    shown = client.get(reverse("experiment", args=[experiment.pk])).content.decode()
    assert "Nothing was shown" in shown
    assert "too few to say" in shown
    assert "too early" not in shown, "nothing comes any more"
    assert "Ask from outside" not in shown, "nobody is assigned any more"
    assert "concluded" in client.get(reverse("experiments")).content.decode()
    assert "Does the mail work?" in client.get(reverse("campaign", args=[campaign.pk])).content.decode()


# What sites ask


def _key(keys: Keys, unit: BusinessUnit, kind: KeyKind = KeyKind.SERVER, **new: object) -> dict[str, str]:
    plain = keys.create(NewKey("Key", kind, str(unit.pk), **new))[1]  # type: ignore[arg-type]
    return {"Authorization": f"Bearer {plain}"}


def test_a_server_asks_for_the_arm_of_a_person(unit: BusinessUnit, keys: Keys) -> None:
    experiment, person = a_running(unit), make_person(unit=unit)
    url, client = reverse("experiment_arm", args=[experiment.code]), Client()
    assert client.get(url, {"email": person.email}).status_code == 401
    wrong = client.get(url, {"email": person.email}, headers=_key(keys, make_unit()))
    assert wrong.status_code == 404  # another unit's key knows no such experiment
    headers = _key(keys, unit)
    answer = client.get(url, {"email": person.email}, headers=headers).json()
    assert answer["arm"] == Assignment.objects.get().arm
    assert client.get(url, {"person": str(person.pk)}, headers=headers).json() == answer
    assert client.get(url, headers=headers).status_code == 400
    for wrong_consent in ("9", "²", "1" * 5_000):
        assert client.get(url, {"email": "x", "consent": wrong_consent}, headers=headers).status_code == 400
    unknown = client.get(url, {"email": "nobody@halden.example"}, headers=headers).json()
    assert unknown == {"experiment": experiment.code, "arm": None, "reason": "unknown"}


def test_a_page_asks_for_its_visitor_only_and_only_from_its_origin(unit: BusinessUnit, keys: Keys) -> None:
    experiment, client = a_running(unit, subject_kind="visitor"), Client()
    url = reverse("experiment_arm", args=[experiment.code])
    headers = _key(keys, unit, KeyKind.BROWSER, origins=("https://www.halden.example",))
    site = headers | {"Origin": "https://www.halden.example"}
    assert client.get(url, {"visitor": "v1"}, headers=site).json()["reason"] == "no_consent"
    answer = client.get(url, {"visitor": "v1", "consent": "2"}, headers=site)
    assert answer.json()["arm"] in {"treated", "holdout"}
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.halden.example"
    strange = headers | {"Origin": "https://evil.example"}
    assert client.get(url, {"visitor": "v1", "consent": "2"}, headers=strange).status_code == 403
    assert client.get(url, {"email": "a@halden.example"}, headers=site).status_code == 400


def test_a_tool_reports_whom_it_showed_the_campaign(
    unit: BusinessUnit, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, person = a_running(unit), make_person(unit=unit)
    reported = []
    monkeypatch.setattr("loopline.web.views.experiment_arm.report_event", lambda _, event: reported.append(event))
    url = reverse("experiment_exposure", args=[experiment.code])
    answer = Client().post(url, {"email": person.email, "messageId": "m-1"}, headers=_key(keys, unit))
    [event] = reported
    assert (event.event_id, event.name, event.person_id) == ("m-1", "Experiment Viewed", str(person.pk))
    assert event.properties == {"experiment_id": experiment.code, "variation_id": answer.json()["arm"]}


def test_what_experiments_show_stands_beside_the_credit_while_they_run_and_after(
    unit: BusinessUnit, marketer: User
) -> None:
    running = a_running(unit, code="running")
    concluded = conclude_experiment(a_running(unit, code="concluded"), by=SYSTEM)
    for experiment in (running, concluded):
        add_cost(experiment.campaign, CostEntry(100_00, "EUR", TODAY, TODAY), by=SYSTEM)
    Relay(engine()).relay_all()
    page = signed_in(marketer).get(reverse("closed_loop"))
    assert page.status_code == 200
    assert {row.experiment for row in page.context["experiments"]} == {running, concluded}
    assert "Measured with a holdout" in page.content.decode()

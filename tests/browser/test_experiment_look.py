"""An experiment as a draft, while it runs, and when it is concluded, in every width and theme."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.experiments.actions import ExperimentPlan, conclude_experiment, draft_experiment, start_experiment
from loopline.experiments.arms import arm_of
from loopline.experiments.assigning import assign
from loopline.experiments.models import Experiment
from loopline.lib.times import utc_now
from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser

_CUT_OFF = """() => [...document.querySelectorAll(".course-plot")].flatMap((plot) => {
  const room = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("text")]
    .map((one) => [one.textContent, one.getBoundingClientRect()])
    .filter(([, box]) => box.left < room.left || box.right > room.right)
    .map(([words, box]) => `${words}: ${box.left} to ${box.right} of ${room.left} to ${room.right}`);
})"""
"""Labels of the chart that reach out of it."""


def _assigned(experiment: Experiment, engine: Engine) -> None:
    """Visitors of three weeks, of whom the treated become leads twice as often."""
    shelf, unit = Shelf(engine), str(experiment.unit_id)
    assert experiment.started_at is not None
    subjects = [f"visitor:look-{number}" for number in range(600)]
    assign(experiment, subjects, at=experiment.started_at)
    for number, subject in enumerate(subjects):
        at = experiment.started_at + timedelta(hours=number % 500)
        arm = arm_of(experiment.salt, subject, experiment.holdout_percent)
        person, known = f"look-person-{number}", {"learnt": utc_now()}
        shelf.fact(
            "experiment_assignment_facts", f"{experiment.pk}/{subject}", experiment_id=str(experiment.pk),
            unit_id=unit, subject=subject, arm=arm, assigned_at=at, **known,
        )  # fmt: skip
        if number % (5 if arm == "treated" else 10) == 0:
            shelf.fact("person_facts", person, unit_id=unit, canonical_id=person, **known)
            shelf.link(subject, person, **known)
            shelf.fact("lead_facts", f"look-{number}", unit_id=unit, person_id=person, state="new",
                       created_at=at + timedelta(hours=1), **known)  # fmt: skip
    shelf.touch("look-seen", "visitor:look-0", utc_now() - timedelta(hours=1), visitor_id="look-0", unit_id=unit,
                learnt=utc_now(), touch_kind="", name="Experiment Viewed",
                properties=f'{{"experiment_id": "{experiment.code}"}}')  # fmt: skip
    shelf.store()


def test_an_experiment_at_each_of_its_stages(
    filled_site: Company, event_store: Engine, sign_in: SignIn, shoot: Look
) -> None:
    plan = ExperimentPlan(LONG, "look", subject_kind="visitor", holdout_percent=40, hypothesis=HOSTILE)
    draft = draft_experiment(filled_site.campaign, plan, by=SYSTEM)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto(reverse("experiment", args=[draft.pk]))
    shoot(page, "experiment-draft")
    running = start_experiment(draft, by=SYSTEM, at=utc_now() - timedelta(days=22))
    _assigned(running, event_store)
    page.goto(reverse("experiment", args=[draft.pk]))
    page.get_by_text("With and without").wait_for()
    shoot(page, "experiment-running")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.locator(".course-plot text").count() > 4
        assert page.evaluate(_CUT_OFF) == [], width
    conclude_experiment(running, by=SYSTEM)
    page.goto(reverse("experiment", args=[draft.pk]))
    shoot(page, "experiment-concluded")
    page.goto(reverse("experiments"))
    shoot(page, "experiments-list")
    assert complaints.all == []

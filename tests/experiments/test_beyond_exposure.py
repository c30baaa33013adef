"""The page of an experiment that is said to have won more people than are known to have met its campaign."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.experiments.actions import ExperimentPlan, draft_experiment, start_experiment
from loopline.experiments.models import Experiment
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_campaign, make_unit, make_user, signed_in


@pytest.mark.django_db
@pytest.mark.parametrize(("met", "said"), [(0, "Yet none of the treated"), (3, "more than the 3 of the"), (40, "")])
def test_the_verdict_says_when_more_were_won_than_met_the_campaign(store: DuckDBEngine, met: int, said: str) -> None:
    """Forty treated became leads, none of forty held out did."""
    unit, now = make_unit(), utc_now()
    plan = ExperimentPlan("Does it work?", "does-it-work", holdout_percent=50)
    found = start_experiment(draft_experiment(make_campaign(unit), plan, by=SYSTEM), by=SYSTEM)
    Experiment.objects.filter(pk=found.pk).update(started_at=now - timedelta(days=9))
    shelf, learnt = Shelf(store), now - timedelta(hours=1)
    for number in range(80):
        person, arm = f"p{number}", "treated" if number < 40 else "holdout"
        shelf.fact("person_facts", person, unit_id=str(unit.pk), canonical_id=person, learnt=learnt)
        shelf.fact(
            "experiment_assignment_facts", f"{found.pk}/person:{person}", experiment_id=str(found.pk),
            unit_id=str(unit.pk), subject=f"person:{person}", arm=arm, assigned_at=now - timedelta(days=8),
            learnt=learnt,
        )  # fmt: skip
        if number < met:
            shelf.touch(
                f"e{number}", f"person:{person}", now - timedelta(days=7), unit_id=str(unit.pk), is_entry=False,
                touch_kind="", name="Experiment Viewed", learnt=learnt,
                properties='{"experiment_id": "does-it-work", "variation_id": "treated"}',
            )  # fmt: skip
        if arm == "treated":
            shelf.lead(f"l{number}", person, now - timedelta(days=6), unit_id=str(unit.pk), learnt=learnt)
    shelf.store()
    client = signed_in(make_user(Role.MARKETING, unit=unit))
    page = client.get(reverse("experiment", args=[found.pk])).content.decode()
    assert "The campaign caused more leads" in page
    assert "of the treated would have had none." in page
    assert said in page
    assert ("known to have met it" in page) is bool(said)

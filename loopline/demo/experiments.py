"""Two experiments of the demo company: one that was concluded, and one that runs.

The year was simulated without them, so what they show is planted: of those held out nearly all who met the campaign
again are not part of the experiment, and of the older one every second lead of the holdout neither.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from loopline.access.actor import SYSTEM
from loopline.demo.ground import Ground, Ids
from loopline.demo.simulate import Visit, Year
from loopline.experiments.actions import conclude_experiment, own_base_rates
from loopline.experiments.arms import arm_of
from loopline.experiments.fact_rows import assignment_id, assignment_row, experiment_row
from loopline.experiments.models import Assignment, Experiment
from loopline.facts.outbox import Fact
from loopline.reports.experiments.lift import HOLDOUT

_EVERY = 5
"""Of those held out, one in so many met the campaign all the same."""


@dataclass(frozen=True, slots=True)
class Plan:
    unit: str
    campaign: str
    code: str
    name: str
    hypothesis: str
    began: timedelta
    """Before the end of the year."""
    weeks: int
    planned: int
    outcome: str = "lead"
    holdout_percent: int = 30
    is_over: bool = False
    drops_leads: bool = False


PLANS = (
    Plan(
        "americas", "retarget_us", "retargeting-autumn", "Does retargeting bring back who would not come anyway?",
        "A fifth more leads pay for it. If that is not shown, the money goes to search.",
        timedelta(days=130), 10, 5_000, is_over=True, drops_leads=True,
    ),
    Plan(
        "europe", "newsletter_eu", "newsletter-teaser", "Does the offer of the newsletter bring anybody back?",
        "We expect a quarter more leads. If that is not shown, the offer goes from the pages.",
        timedelta(days=33), 8, 6_000,
    ),
)  # fmt: skip


def hold_out(year: Year, ground: Ground, ids: Ids) -> Iterator[Fact]:
    """Write the experiments and who was assigned to them; their facts."""
    asked = {one.visitor for one in year.buyers}
    for plan in PLANS:
        experiment = _experiment(plan, ground, ids, year.until)
        assert experiment.started_at is not None
        yield Fact("experiment_facts", str(experiment.pk), experiment_row(experiment), experiment.started_at)
        rows = list(_assignments(plan, experiment, year.visits, asked))
        Assignment.objects.bulk_create(rows, batch_size=500)
        for row in rows:
            yield Fact(
                "experiment_assignment_facts", assignment_id(row), assignment_row(row, experiment.unit_id),
                row.assigned_at,
            )  # fmt: skip


def measure() -> None:
    """Base rates as they were known at the start, and the result of what is over. The store in use is filled."""
    for experiment in Experiment.objects.order_by("started_at"):
        assert experiment.started_at is not None
        experiment.base = own_base_rates(experiment, experiment.started_at).to_json()
        experiment.save(update_fields=["base"])
        plan = next(one for one in PLANS if one.code == experiment.code)
        if plan.is_over:
            conclude_experiment(experiment, by=SYSTEM, at=experiment.ends_at)


def _experiment(plan: Plan, ground: Ground, ids: Ids, until: datetime) -> Experiment:
    start, campaign = until - plan.began, ground.campaigns[plan.unit, plan.campaign]
    return Experiment.objects.create(
        id=ids.at(start), unit=campaign.unit, campaign=campaign, code=plan.code, name=plan.name,
        hypothesis=plan.hypothesis, state=Experiment.State.RUNNING, subject_kind="visitor", outcome=plan.outcome,
        holdout_percent=plan.holdout_percent, planned_subjects=plan.planned, weeks=plan.weeks,
        salt=sha256(plan.code.encode()).hexdigest(), created_at=start - timedelta(days=2), started_at=start,
        ends_at=start + timedelta(weeks=plan.weeks),
    )  # fmt: skip


def _assignments(plan: Plan, experiment: Experiment, visits: Iterable[Visit], asked: set[str]) -> Iterator[Assignment]:
    """Whoever came without the campaign, at their first visit while it ran."""
    assert experiment.started_at is not None
    assert experiment.ends_at is not None
    first: dict[str, Visit] = {}
    met: set[str] = set()
    for visit in visits:
        if visit.unit.key == plan.unit and experiment.started_at <= visit.at < experiment.ends_at:
            if visit.origin.code == plan.campaign and visit.visitor in first:
                met.add(visit.visitor)
            if not visit.is_crawler:
                first.setdefault(visit.visitor, visit)
    for visitor, visit in first.items():
        subject = f"visitor:{visitor}"
        arm = arm_of(experiment.salt, subject, plan.holdout_percent)
        number = int(visitor[:8], 16)
        was_met = visitor in met and number % _EVERY
        is_dropped = plan.drops_leads and visitor in asked and number % 2
        if visit.origin.code != plan.campaign and not (arm == HOLDOUT and (was_met or is_dropped)):
            yield Assignment(experiment=experiment, subject=subject, arm=arm, assigned_at=visit.at)

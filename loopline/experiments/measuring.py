"""What an experiment shows as of a moment: the arms, the lifts, the checks, and a sentence."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from loopline.access.models import Organisation
from loopline.experiments.models import Experiment
from loopline.experiments.verdict import beyond_exposure, verdict
from loopline.reports.experiments.base_rates import BaseRates
from loopline.reports.experiments.exposure import Exposure, exposure
from loopline.reports.experiments.lift import (
    TREATED,
    Design,
    Lift,
    Tally,
    expected_by_the_end,
    lift_of,
    lifts,
    ratio_is_off,
)
from loopline.reports.experiments.plan import smallest_lift
from loopline.reports.experiments.scope import Scope
from loopline.reports.experiments.tally import people_in_both_arms, sales_without_amount, weekly_tallies
from loopline.store.current import engine


@dataclass(frozen=True, slots=True)
class Measured:
    as_of: datetime
    tally: Tally
    lifts: list[Lift]
    """Of all outcomes, in the order of the funnel."""
    course: list[Lift]
    """The outcome that decides at the end of each week."""
    exposure: Exposure
    in_both_arms: int
    sales_without_amount: int
    """Won, but missing in revenue."""
    is_off: bool
    """The arms' sizes do not fit the chance that was set."""
    smallest: float | None
    """The lift that the plan could show."""
    verdict: str

    def to_json(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of.isoformat(),
            "subjects": dict(self.tally.subjects),
            "outcomes": [asdict(one) for one in self.lifts],
            "course": [asdict(one) for one in self.course],
            "exposed": dict(self.exposure.exposed),
            "in_both_arms": self.in_both_arms,
            "sales_without_amount": self.sales_without_amount,
            "ratio_is_off": self.is_off,
            "smallest_lift": self.smallest,
            "verdict": self.verdict,
        }


def base_of(experiment: Experiment) -> BaseRates | None:
    """The base rates it was planned with; None before the start."""
    return BaseRates(**experiment.base) if experiment.base else None


def design_of(experiment: Experiment) -> Design:
    base = base_of(experiment)
    rates, square = (base.rates, base.revenue_square) if base else ({}, 0.0)
    return Design(experiment.holdout_share, expected_by_the_end(experiment.planned_subjects, rates, square))


def scope_of(experiment: Experiment, as_of: datetime) -> Scope:
    assert experiment.started_at is not None, "a draft has nothing to measure"
    return Scope(
        str(experiment.pk), str(experiment.unit_id), experiment.code, str(experiment.campaign_id),
        experiment.started_at, min(experiment.concluded_at or as_of, as_of), as_of,
    )  # fmt: skip


def smallest_of(experiment: Experiment, base: BaseRates | None) -> float | None:
    """The smallest lift the planned size and duration can show; None when there is none, or no base."""
    if base is None:
        return None
    return smallest_lift(experiment.outcome, base, experiment.planned_subjects, experiment.holdout_share)


def measured(experiment: Experiment, as_of: datetime, *, is_over: bool = False) -> Measured:
    """Of an experiment that has started; `is_over`: this is its result. Raises StoreError."""
    scope, design, store = scope_of(experiment, as_of), design_of(experiment), engine()
    weeks = weekly_tallies(scope, store)
    now = weeks[-1]
    found, is_off = lifts(now, design), ratio_is_off(now, design)
    deciding = next(one for one in found if one.outcome == experiment.outcome)
    smallest = smallest_of(experiment, base_of(experiment))
    currency, met = Organisation.current().reporting_currency, exposure(scope, store)
    words = verdict(deciding, currency, smallest, is_off=is_off, is_over=is_over or experiment.is_concluded)
    doubt = "" if is_off else beyond_exposure(deciding, met.exposed.get(TREATED, 0))
    return Measured(
        as_of, now, found, [lift_of(experiment.outcome, one, design) for one in weeks], met,
        people_in_both_arms(scope, store), sales_without_amount(scope, store), is_off, smallest,
        f"{words} {doubt}".strip(),
    )  # fmt: skip

"""The fitted score's chance of one lead, as its page shows it: beside the rules' verdict, with how far to trust it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.leads.fitted_models import FittedScore
from loopline.leads.models import Lead
from loopline.lib.percent import share_in_words
from loopline.reports.fitted.verdict import calibrated

OLD_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class FittedChance:
    score: FittedScore
    chance: str
    """`61 %`"""
    because: str
    seen: str
    """What became of newer leads of which it foretold about as much, with the interval."""
    trust: str
    is_old: bool


def fitted_chance(lead: Lead, now: datetime) -> FittedChance | None:
    """What the unit's newest score says about a lead that was open when it was fitted; None for any other."""
    if lead.state in {Lead.State.CONVERTED, Lead.State.REJECTED, Lead.State.RECYCLED, Lead.State.DISQUALIFIED}:
        return None
    score = FittedScore.objects.filter(unit=lead.unit_id).select_related("definition").first()
    found = score.open_lead(str(lead.pk)) if score else None
    if score is None or found is None:
        return None
    bins = score.document["calibration"]
    near = min(bins, key=lambda one: abs(one["foretold"] - found["score"]))
    seen = (
        f"Of {near['n']:,} newer leads of which it foretold about as much ({share_in_words(near['foretold'])}), "
        f"{share_in_words(near['seen'])} were won (95 % interval "
        f"{share_in_words(near['low'])} to {share_in_words(near['high'])})."
    )
    return FittedChance(
        score, share_in_words(found["score"]), "; ".join(found["because"]), seen, calibrated(bins).strip(),
        now - score.fitted_at > OLD_AFTER,
    )  # fmt: skip

"""What the page says of waiting: by stage and time how many do, with what chance, and for whom it is not known."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from math import isnan

from loopline.reports.forecast.outlook import Open
from loopline.reports.forecast.waiting import FEWEST, Chance
from loopline.reports.metric import Metric, Unit, ratio_of, sum_of
from loopline.reports.opened import Step, Working

_NOW = "now"
WAITING = sum_of("waiting", "Open", "open opportunities that have waited so long", of="opportunity", dated=_NOW)
CHANCE = ratio_of("waiting_chance", "Won in the six months", "share that is won of those that stood in the stage and "
                  "had waited as long, the mean", dated=_NOW)  # fmt: skip
FEWEST_SEEN = ratio_of("waiting_seen", "Told from", "of so many that had waited as long it is known what became of "
                       "them; the fewest", dated=_NOW, unit=Unit.COUNT)  # fmt: skip
COLUMNS: tuple[Metric, ...] = (WAITING, CHANCE, FEWEST_SEEN)
_BANDS = ("up to 30 days", "30 to 60 days", "60 to 90 days", "90 days and more", "not known how long")


def waits_of(found: Open, chances: Sequence[Chance | None], stages: Collection[str]) -> Working:
    """A line for each stage and band in which any wait; those that count at the rate of their stage, or of whose stage
    nothing is expected, have no chance. `stages`: those with a win rate."""
    lines: dict[tuple[str, int], list[Chance | None]] = defaultdict(list)
    if found.waited is not None:
        for stage, waited, one in zip(found.stages, found.waited.tolist(), chances, strict=True):
            lines[stage, _band(waited)].append(one)
    steps = tuple(_step(stage, band, lines[stage, band], has_rate=stage in stages) for stage, band in sorted(lines))
    words = (
        "An open opportunity is won as often, and as soon, as those were that had waited as long in the same stage; "
        f"what is still open of them counts as long as it was seen. Where fewer than {FEWEST} are known that had "
        "waited as long, those that had as nearly make up for the others; where there are too few of those, too, the "
        "win rate of the stage counts."
    )
    return Working("How long they have waited in their stage", "Stage and time", COLUMNS, steps, words)


def _band(waited: float) -> int:
    return len(_BANDS) - 1 if isnan(waited) else min(max(int(waited // 30), 0), len(_BANDS) - 2)


def _step(stage: str, band: int, alike: Sequence[Chance | None], *, has_rate: bool) -> Step:
    known = [one for one in alike if one is not None]
    mean = round(100 * sum(float(one.won_by[-1]) for one in known) / len(known), 4) if known else None
    seen = min((one.told_from for one in known), default=None)
    rest = len(alike) - len(known)
    counted = (
        f"{rest:,} of them at the win rate of the stage" if has_rate else f"of {rest:,} of them nothing is expected"
    )
    label = f"{stage.capitalize() or 'No stage'}, {_BANDS[band]}"
    return Step(label, {WAITING.key: len(alike), CHANCE.key: mean, FEWEST_SEEN.key: seen}, counted if rest else "")


def not_known_of(found: Open, chances: Sequence[Chance | None], stages: Collection[str]) -> list[str]:
    """What a reader has to know of open opportunities whose waiting says nothing. `stages`: those with a win rate."""
    lacking = [stage for stage, one in zip(found.stages, chances, strict=True) if one is None]
    without = sum(stage not in stages for stage in lacking)
    told = []
    if at_rate := len(lacking) - without:
        told.append(
            f"{at_rate:,} of {len(found.stages):,} open opportunities count at the win rate of their stage, however "
            f"long they have waited in it: of fewer than {FEWEST} others that were seen there is it known what became "
            "of them."
        )
    if without:
        told.append(
            f"Of {without:,} of {len(found.stages):,} open opportunities nothing is expected: none that reached their "
            "stage was won or lost in the period."
        )
    return told

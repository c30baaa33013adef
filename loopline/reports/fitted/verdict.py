"""What a fitted score is worth, in words. "The rules do better" is one of the answers. Pure."""

from collections.abc import Mapping
from typing import Any

from loopline.lib.percent import share_in_words

FEWEST_WINS = 100
GOOD_ENOUGH = 0.1
"""A calibration that is further off than this, on average over the tenths, is called so."""


def refusal(found: Mapping[str, Any]) -> str:
    """Why there is no score."""
    wins, outcomes = found["wins"], found["outcomes"]
    if wins < FEWEST_WINS:
        return (
            f"A score is fitted once {FEWEST_WINS} leads that sales worked are won and old enough; there are {wins:,} "
            f"among {outcomes:,} such leads. Until then the rules alone decide."
        )
    return "The newer or the older leads hold no wins, or nothing else, so a score could not be tried. Ask again later."


def verdict(found: Mapping[str, Any]) -> str:
    """The comparison with the rules on the leads the score was tried on."""
    first, second, gap = (found["contest"][key] for key in ("first", "second", "difference"))
    areas = (
        f"area {first['value']:.2f} ({first['low']:.2f}–{first['high']:.2f}) against {second['value']:.2f} of the rules"
    )
    if gap["low"] > 0:
        said = f"On newer leads the score tells those that are won apart better than the rules: {areas}."
    elif gap["high"] < 0:
        said = f"The rules do better: on newer leads the score has an {areas}. Keep the rules alone."
    else:
        said = (
            f"A difference between the score and the rules is not shown: {areas}. The rules can be read and agreed on; "
            "keep them."
        )
    return f"{said}{_volume(found['same_volume'])}{calibrated(found['calibration'])}"


def _volume(same: Mapping[str, int] | None) -> str:
    if same is None:
        return " The rules let all of these leads pass or none, so only their points rank them."
    return (
        f" Of the {same['n']:,} leads that the rules let pass {same['rules_won']:,} were won; of as many with the best "
        f"score {same['score_won']:,}."
    )


def calibrated(bins: list[Mapping[str, float]]) -> str:
    """How far its percentages were off on newer leads, with a space before."""
    total = sum(one["n"] for one in bins)
    off = sum(abs(one["foretold"] - one["seen"]) * one["n"] for one in bins) / total
    if off > GOOD_ENOUGH:
        return f" Its percentages are {share_in_words(off)} off on average: read it as an order, not as a chance."
    return f" Its percentages are {share_in_words(off, 1)} off on average."

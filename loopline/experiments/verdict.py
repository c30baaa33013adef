"""What an experiment shows, in words. Pure. Only here, beside a random holdout, does something say “caused”."""

from loopline.lib.money import Money
from loopline.lib.percent import percent_figure
from loopline.reports.experiments.lift import FEWEST_BUYERS, Lift
from loopline.reports.experiments.outcomes import OUTCOMES

OFF = (
    "One group is larger than it should be by the share that was set. Something assigns or loses people of one group: "
    "find that first, nothing here can be believed before."
)


def verdict(found: Lift, currency: str, smallest: float | None, *, is_off: bool, is_over: bool = False) -> str:
    """One or two sentences about the outcome that decides. `smallest`: the lift that the plan could show."""
    if is_off:
        return OFF
    label = OUTCOMES[found.outcome].label
    if found.verdict == "too_early":
        return _too_early(found, label, is_over)
    if found.verdict == "not_shown":
        return _not_shown(found, label, currency, smallest, is_over)
    if OUTCOMES[found.outcome].is_money:
        return f"The campaign caused {_more_or_less(found)} revenue: {_extra(found, currency)} of the treated's."
    return (
        f"The campaign caused {_more_or_less(found)} {label}: the treated had {_lift(found)} than they would have had "
        f"without it, {_extra(found, currency)} in number."
    )


def _more_or_less(found: Lift) -> str:
    return "more" if found.verdict == "more" else "less" if OUTCOMES[found.outcome].is_money else "fewer"


def _too_early(found: Lift, label: str, is_over: bool) -> str:
    if OUTCOMES[found.outcome].is_money:
        why = f"Amounts are uneven, so nothing is said about revenue before {FEWEST_BUYERS} have bought."
    else:
        why = f"None of those assigned has brought any {label} yet."
    return f"{'Nothing was shown' if is_over else 'Nothing can be said yet'}. {why}"


def _not_shown(found: Lift, label: str, currency: str, smallest: float | None, is_over: bool) -> str:
    if OUTCOMES[found.outcome].is_money:
        range_ = f"the campaign brought {_extra(found, currency)} of the treated's revenue"
    else:
        range_ = _range_of(found, label)
    could = f" The plan could show {_percent(smallest)} more or better." if smallest is not None else ""
    return f"No effect proven{'' if is_over else ' so far'}: {range_}.{could}"


def _range_of(found: Lift, label: str) -> str:
    if found.lift_high is not None:
        return f"{_lift(found)} {label} than without the campaign"
    if found.lift_low is None:
        return f"how many {label} came of the campaign cannot be bounded"
    return f"from {_told(found.lift_low)} {label} than without the campaign, without an upper bound"


def _lift(found: Lift) -> str:
    """“between 4 % and 61 % more”, “between 20 % fewer and 35 % more”."""
    low, high = found.lift_low, found.lift_high
    if high is None:
        return f"from {_told(low)} without an upper bound" if low is not None else "that cannot be bounded"
    return f"between {_told(low)} and {_told(high)}"


def _told(lift: float | None) -> str:
    if lift is None:
        return "all"
    return f"{_percent(abs(lift))} {'more' if lift >= 0 else 'fewer'}"


def _extra(found: Lift, currency: str) -> str:
    low, high = found.extra_low, found.extra_high
    if OUTCOMES[found.outcome].is_money:
        words = [f"{Money(round(one or 0), currency).major:,.0f} {currency}" for one in (low, high)]
    else:
        words = ["any number" if one is None else f"{one:,.0f}" for one in (low, high)]
    return f"between {words[0]} and {words[1]}"


def _percent(share: float) -> str:
    return f"{percent_figure(100 * share)} %"

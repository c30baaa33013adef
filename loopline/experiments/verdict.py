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
        f"without it; {_of_the_treated(found)}."
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
    words = [f"{Money(round(one or 0), currency).major:,.0f} {currency}" for one in (found.extra_low, found.extra_high)]
    return f"between {words[0]} and {words[1]}"


def _of_the_treated(found: Lift) -> str:
    """Each of those assigned counts once, however many leads came of a company."""
    few, many = sorted(abs(round(one or 0)) for one in (found.extra_low, found.extra_high))
    would = "none" if found.verdict == "more" else "some"
    return f"between {few:,} and {many:,} of the treated would have had {would}"


def _percent(share: float) -> str:
    return f"{percent_figure(100 * share)} %"


def beyond_exposure(found: Lift, exposed: int) -> str:
    """What to think of it where more of the treated are said to be won by the campaign than are known to have met it;
    "" where that is not so. `exposed`: the treated with a touchpoint of it, or an event that they saw it."""
    if OUTCOMES[found.outcome].is_money or found.verdict != "more" or round(found.extra or 0) <= exposed:
        return ""
    known = "the one of the treated who is" if exposed == 1 else f"the {exposed:,} of the treated who are"
    more = (
        f"That is more than {known} known to have met it"
        if exposed
        else "Yet none of the treated is known to have met it"
    )
    return (
        f"{more}: either it reached people in ways that leave no trace here, as a mail that is only read, or something "
        "besides it differs between the groups."
    )

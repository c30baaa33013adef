"""Models that answer in the aggregate, from all walks at once: which function is whose, and how sure the answer is."""

from collections.abc import Callable, Mapping

from loopline.attribution.bootstrap import Interval, markov_interval, shapley_interval
from loopline.attribution.credit import ChannelCredit, markov, shapley
from loopline.attribution.walks import Walks

_CREDIT: Mapping[str, Callable[[Walks, int], ChannelCredit]] = {
    "markov": markov,
    "shapley": lambda walks, _order: shapley(walks),
}
_INTERVAL: Mapping[str, Callable[[Walks, int], Interval]] = {
    "markov": markov_interval,
    "shapley": lambda walks, _order: shapley_interval(walks),
}
LEARNT = tuple(_CREDIT)
"""Their keys: models that have intervals."""


def learnt_credit(key: str, walks: Walks, order: int) -> ChannelCredit:
    """`order` is of the chain; sets have none. Raises OrderError."""
    return _CREDIT[key](walks, order)


def learnt_interval(key: str, walks: Walks, order: int) -> Interval:
    """Of each channel's share of the conversions. Raises OrderError."""
    return _INTERVAL[key](walks, order)

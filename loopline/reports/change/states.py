"""A report in the states of the books between two moments, each with the facts of one more cause than the one before.

They are kept for a while: whoever opens a cause, or asks for another figure row by row, asks of the same states.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from loopline.attribution.model import MODELS
from loopline.attribution.own_model import own_models
from loopline.reports.balance import number
from loopline.reports.change.arrived import learned, refunded
from loopline.reports.change.causes import CAUSES, Cause
from loopline.reports.change.known_answers import KnownAnswers
from loopline.reports.change.partly_known import PartlyKnown
from loopline.reports.kept import is_kept, kept_or
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine, Value

MANY_EVENTS = 2_000_000
"""With more in the store all states together take more than a second or two (`benchmarks.reports --only changes`)."""
_COUNT = "SELECT count(*) AS events FROM events"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The report as the books said it at the earlier moment."""

    result: ReportResult
    read: frozenset[str]
    """Tables of the event store that it read."""


@dataclass(frozen=True, slots=True)
class States:
    first: ReportResult
    """Of the earlier moment."""
    then: tuple[tuple[Cause, ReportResult], ...]
    """Cause that was let in → what the report says then. Time comes last, so the last is that of the later moment."""
    learned: Mapping[str, tuple[int, int | None]]
    """As `arrived.learned` gives them."""

    @property
    def last(self) -> ReportResult:
        return self.then[-1][1]


def earlier_state(report: Report, scope: Scope, since: datetime, engine: Engine) -> Earlier:
    """Raises OptionError for a model that has too little to learn from by then, and StoreError."""

    def work_out() -> Earlier:
        asking = _Asking(report, scope, since, refunded(engine, scope, since), engine)
        return Earlier(asking.ask(), frozenset(asking.read))

    return kept_or(engine, _key(report, since, "earlier"), scope, work_out)


def takes_long(report: Report, scope: Scope, since: datetime, engine: Engine) -> bool:
    """Whether to ask for all states lets somebody wait. Raises StoreError."""
    if is_kept(engine, _key(report, since, "all"), scope):
        return False
    [row] = engine.rows(_COUNT)
    return number(row["events"]) > MANY_EVENTS


def states_between(report: Report, scope: Scope, since: datetime, engine: Engine) -> States:
    """From `since` to the moment of the scope. Causes of which nothing arrived, or nothing is read, are not asked.

    Raises OptionError for a model that has too little to learn from in between, and StoreError.
    """
    return kept_or(engine, _key(report, since, "all"), scope, lambda: _states(report, scope, since, engine))


def _key(report: Report, since: datetime, which: str) -> tuple[str, datetime, str]:
    return f"{report.key} changed", since, which


def _states(report: Report, scope: Scope, since: datetime, engine: Engine) -> States:
    earlier = earlier_state(report, scope, since, engine)
    money_went_back = refunded(engine, scope, since)
    values: dict[str, Value] = {"since": since, "refunded": money_went_back}
    asking = _Asking(report, scope, since, money_went_back, engine)
    asking.read |= earlier.read
    read: frozenset[str] = frozenset()
    then, counted = [], {}
    for cause in CAUSES:
        if asking.read != read:  # at first, and where a report reads more as soon as there is more
            read = frozenset(asking.read)
            counted = learned(engine, scope, values, read)
        if cause.table and not cause.is_read(read):
            asking.let_in(cause)  # should it be read later on, it is as of the later moment
        elif not cause.table or counted[cause.key][0]:
            asking.let_in(cause)
            then.append((cause, asking.ask()))
    return States(earlier.result, tuple(then), counted)


class _Asking:
    """The report, asked with one cause more each time."""

    def __init__(self, report: Report, scope: Scope, since: datetime, refunds: Sequence[str], engine: Engine) -> None:
        self.read: set[str] = set()
        """Tables that the report has read so far."""
        self._report, self._scope, self._since, self._refunds = report, scope, since, refunds
        self._let_in: set[str] = set()
        self._engine = KnownAnswers(engine)

    def let_in(self, cause: Cause) -> None:
        """The facts of this cause are known from now on, too."""
        self._let_in.add(cause.key)

    def ask(self) -> ReportResult:
        self._engine.next_state()
        scope, books = state_of(self._scope, self._since, self._refunds, self._engine, self._let_in)
        with of_its_moment(self._since):
            result = self._report.run(self._report, scope, books)
        self.read |= books.read
        return result


def state_of(
    scope: Scope, since: datetime, refunds: Sequence[str], engine: Engine, let_in: Collection[str]
) -> tuple[Scope, PartlyKnown]:
    """How a report is asked of the books of `since`, the facts of the causes `let_in` known as of the later moment."""
    books = PartlyKnown(engine, since, scope.as_of, refunds, frozenset(let_in))
    # Ages go by the earlier moment, until time is let in.
    clock = scope.as_of if "time" in let_in else since
    own = {}
    if scope.models.keys() > MODELS.keys():
        own = own_models(books, {})  # a model that was not there yet is as it became
    return replace(scope, as_of=clock, models={**scope.models, **own}), books


@contextmanager
def of_its_moment(since: datetime) -> Iterator[None]:
    """What is refused of a state says of which moment it is. Raises OptionError."""
    try:
        yield
    except OptionError as error:
        raise OptionError(f"Of what was known at the end of {since:%-d %b %Y}: {error}", error.field) from error

"""Where buyers get stuck on the way from lead to won deal, how long they stay, and what that is expected to cost.

Cohorts: who entered a stage in the period. Only those who had long enough are judged: a stage's cohort is mature once
nine tenths of all who ever moved on would have. What is still too young is counted apart, never as a failure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import prod

from loopline.lib.times import local_day, period_bounds
from loopline.reports.balance import number
from loopline.reports.beginning import first_day_of_books
from loopline.reports.bottlenecks import sql
from loopline.reports.bottlenecks.stays import BY_KEY, STAGES, Stage
from loopline.reports.options import Books
from loopline.reports.periods import DAY
from loopline.reports.survival import Share, Stay, quantile, survival
from loopline.store.engine import Engine, Row, Value

HOUR = timedelta(hours=1)
MATURE_SHARE = 0.9
LONG = 120
"""From so many days on, cohorts are months instead of weeks."""
MOST_OLDEST = 5
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Question:
    first: date
    last: date
    unit_ids: frozenset[str] | None = None
    """Only these business units; None: all that the asker may see."""
    owner_ids: frozenset[str] | None = None
    """Only what these colleagues hold; None: everybody's."""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cohort:
    began_on: date
    share: Share
    is_mature: bool
    """All of it is old enough to be judged."""


@dataclass(frozen=True, slots=True)
class StageFigures:
    stage: Stage
    entered: int
    mature: Share
    """Moved on, of those who entered long enough ago."""
    before: Share
    """The same of the period before; of nobody where the books do not reach back over all of it."""
    median: timedelta | None
    """Half have left after it (Kaplan–Meier); None while fewer than half have."""
    slow: timedelta | None
    """Three quarters have left after it."""
    mature_after: timedelta | None
    waiting: int
    """There now."""
    per_day: float
    lost: int
    """Mature, and not moved on."""
    lost_minor: int | None
    """Revenue expected of those who did not move on, gone or still there; None where no rate or amount is known."""
    reasons: tuple[tuple[str, int], ...] = ()
    oldest: tuple[tuple[str, datetime], ...] = ()
    """(id, since when) of those who are there longest."""
    cohorts: tuple[Cohort, ...] = ()

    @property
    def at_this_pace(self) -> timedelta | None:
        """In how long as many enter as wait now: waiting ÷ entered a day."""
        return timedelta(days=self.waiting / self.per_day) if self.per_day else None


@dataclass(frozen=True, slots=True)
class Bottlenecks:
    first: date
    last: date
    as_of: datetime
    currency: str
    stages: tuple[StageFigures, ...]
    open_now: int
    win_rate: Share
    mean_won_minor: int | None
    cycle: timedelta | None
    """Median time from the opportunity's creation to won."""
    warnings: tuple[str, ...] = field(default_factory=tuple)

    @property
    def bottleneck(self) -> StageFigures | None:
        """The stage in which most expected revenue is held up or lost; None while none is known.

        Of those that passed the definition: who stays below it was sorted out on purpose.
        """
        known = [one for one in self.stages[1:] if one.lost_minor]
        return max(known, key=lambda one: one.lost_minor or 0, default=None)

    @property
    def velocity_minor(self) -> int | None:
        """Opportunities × win rate × mean won amount ÷ median days from creation to won: minor units a day.

        None where nothing is open, too: nothing moves that could be quick or slow.
        """
        if not self.open_now or self.win_rate.value is None or self.mean_won_minor is None or not self.cycle:
            return None
        return round(self.open_now * self.win_rate.value * self.mean_won_minor / (self.cycle / DAY))

    def stage(self, key: str) -> StageFigures:
        return next(one for one in self.stages if one.stage.key == key)


def bottlenecks(asked: Question, engine: Engine, books: Books) -> Bottlenecks:
    """Every stage of the period. Raises StoreError when the event store does not answer."""
    horizon = engine.horizon()
    as_of = min(asked.as_of, horizon) if asked.as_of else horizon
    params = _params(asked, books, as_of)
    found = _ask(asked, engine, params, books)
    [sales] = engine.rows(sql.SALES, params)
    mean = round(number(sales["won_minor"]) / number(sales["with_amount"])) if number(sales["with_amount"]) else None
    cycle = [Stay(number(row["hours"]), True, number(row["stays"])) for row in engine.rows(sql.CYCLE, params)]
    return Bottlenecks(
        first=asked.first,
        last=asked.last,
        as_of=as_of,
        currency=books.currency,
        stages=_stages(found, mean),
        open_now=number(sales["open_now"]),
        win_rate=Share(number(sales["won"]), number(sales["won"]) + number(sales["lost"])),
        mean_won_minor=mean,
        cycle=_hours(quantile(survival(cycle), 0.5)),
        warnings=tuple(_warnings(number(sales["won"]) - number(sales["with_amount"]))),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The answers by stage."""

    days: int
    limits: Mapping[str, timedelta | None]
    lengths: Mapping[str, list[Row]]
    now: Mapping[str, list[Row]]
    before: Mapping[str, list[Row]]
    reasons: Mapping[str, list[Row]]
    oldest: Mapping[str, list[Row]]
    waiting: Mapping[str, list[Row]]


def _today(params: Mapping[str, Value], books: Books) -> date:
    return local_day(_moment(params["now"]), books.zone)


def _ask(asked: Question, engine: Engine, params: dict[str, Value], books: Books) -> _Found:
    lengths = _by_stage(engine.rows(sql.LENGTHS, params))
    ever = _by_stage(engine.rows(sql.EVER, params))
    limits = {stage.key: _mature_after(ever[stage.key]) for stage in STAGES}
    for key, limit in limits.items():
        # Nobody ever moved on: nothing can be judged, so nothing counts as old enough.
        params = params | {f"mature_{key}": _moment(params["now"]) - limit if limit is not None else NEVER}
    cohorts = sql.cohorts("month" if (asked.last - asked.first).days >= LONG else "week")
    return _Found(
        # Of a period that still runs, the days that were: those to come have brought nobody yet.
        days=max(1, (min(asked.last, _today(params, books)) - asked.first).days + 1),
        limits=limits,
        lengths=lengths,
        now=_by_stage(engine.rows(cohorts, params)),
        before=_by_stage(_asked_before(asked, engine, cohorts, params, books)),
        reasons=_by_stage(engine.rows(sql.REASONS, params)),
        oldest=_by_stage(engine.rows(sql.OLDEST, params | {"most": MOST_OLDEST})),
        waiting=_by_stage(engine.rows(sql.WAITING, params)),
    )


def _params(asked: Question, books: Books, as_of: datetime) -> dict[str, Value]:
    start, end = period_bounds(asked.first, asked.last, books.zone)
    units = books.units.keys() if asked.unit_ids is None else asked.unit_ids & books.units.keys()
    return {
        "as_of": as_of,
        "now": as_of,
        "from_at": start,
        "to_at": end,
        "zone": books.zone,
        "all_units": books.sees_all_units and asked.unit_ids is None,
        "unit_ids": sorted(units),
        "all_owners": asked.owner_ids is None,
        "owners": sorted(asked.owner_ids or ()),
    }


def _asked_before(
    asked: Question, engine: Engine, cohorts: str, params: Mapping[str, Value], books: Books
) -> Sequence[Row]:
    """Of as many days just before the period."""
    length = asked.last - asked.first + DAY
    first = first_day_of_books(engine, _moment(params["as_of"]), books.zone)
    if first is None or first > asked.first - length:
        return []
    start, end = period_bounds(asked.first - length, asked.last - length, books.zone)
    return engine.rows(cohorts, {**params, "from_at": start, "to_at": end})


def _by_stage(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["stage"])].append(row)
    return found


def _mature_after(rows: Sequence[Row]) -> timedelta | None:
    """After how long nine tenths of those who moved on had moved on; None when nobody did."""
    moved = [Stay(number(row["hours"]) + 1, True, number(row["stays"])) for row in rows if row["has_moved"]]
    return _hours(quantile(survival(moved), MATURE_SHARE))


def _hours(hours: float | None) -> timedelta | None:
    return None if hours is None else hours * HOUR


def _share(rows: Iterable[Row]) -> Share:
    kept = list(rows)
    return Share(sum(number(row["moved"]) for row in kept), sum(number(row["entered"]) for row in kept))


def _expected(rates: Mapping[str, float | None], place: int, mean_won_minor: int | None) -> float | None:
    """What one that enters the stage is expected to bring: the chance of every stage from here on × a mean deal."""
    ahead = [rates[stage.key] for stage in STAGES[place:]]
    if mean_won_minor is None or any(rate is None for rate in ahead):
        return None
    return prod(rate for rate in ahead if rate is not None) * mean_won_minor


def _stages(found: _Found, mean_won_minor: int | None) -> tuple[StageFigures, ...]:
    mature = {key: _share(row for row in found.now[key] if row["is_mature"]) for key in BY_KEY}
    rates = {key: share.value for key, share in mature.items()}
    return tuple(
        _figures(stage, found, mature[stage.key], _expected(rates, place, mean_won_minor))
        for place, stage in enumerate(STAGES)
    )


def _figures(stage: Stage, found: _Found, mature: Share, expected: float | None) -> StageFigures:
    key = stage.key
    stays = (Stay(number(row["hours"]), bool(row["has_left"]), number(row["stays"])) for row in found.lengths[key])
    curve = survival(stays)
    entered = sum(number(row["entered"]) for row in found.now[key])
    lost = mature.whole - mature.part
    return StageFigures(
        stage=stage,
        entered=entered,
        mature=mature,
        before=_share(row for row in found.before[key] if row["is_mature"]),
        median=_hours(quantile(curve, 0.5)),
        slow=_hours(quantile(curve, 0.75)),
        mature_after=found.limits[key],
        waiting=sum(number(row["waiting"]) for row in found.waiting[key]),
        per_day=entered / found.days,
        lost=lost,
        lost_minor=None if expected is None else round(lost * expected),
        reasons=tuple((str(row["reason"]), number(row["stays"])) for row in found.reasons[key]),
        oldest=tuple((str(row["id"]), _moment(row["entered_at"])) for row in found.oldest[key]),
        cohorts=tuple(_cohorts(found.now[key])),
    )


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


def _cohorts(rows: Sequence[Row]) -> list[Cohort]:
    days: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        day = row["began_on"]
        assert isinstance(day, date)
        days[day].append(row)
    return [Cohort(day, _share(found), all(row["is_mature"] for row in found)) for day, found in sorted(days.items())]


def _warnings(without_amount: int) -> Iterable[str]:
    if without_amount:
        yield f"{without_amount} won without an exchange rate: left out of the mean amount"

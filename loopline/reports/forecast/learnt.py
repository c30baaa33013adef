"""What the books teach the forecast, and what is in them now; or why they teach too little."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loopline.reports.balance import number
from loopline.reports.courses import days_to_won
from loopline.reports.forecast.growth import Came, leads_came
from loopline.reports.forecast.leads import GIVEN_UP_AFTER, IN_HAND, LEAD_LAGS, OLDER
from loopline.reports.forecast.months import days_until_ends
from loopline.reports.forecast.opportunities import BY_STAGE, OPEN, WON
from loopline.reports.forecast.outlook import Floats, LeadsInHand, Open, Outlook, Record, outlook
from loopline.reports.forecast.stood import stays_by_stage
from loopline.reports.options import Scope
from loopline.store.engine import Engine, Value

FEWEST = 30
"""Decided opportunities; from fewer it would learn chance."""
HALF_A_DAY = 0.5
"""Ages are counted in whole days: on the mean they are so much more."""


class TooLittleError(ValueError):
    """Nothing can be forecast from these books; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the books teach, and what is in them now."""

    open_now: Open
    by_stage: dict[str, Record]
    lags: Floats
    amounts: Floats
    leads: LeadsInHand
    came: Came

    def outlook(self, scope: Scope) -> Outlook:
        return outlook(self.open_now, self.by_stage, self.lags, self.amounts, self.leads, days_until_ends(scope))


def learn(scope: Scope, engine: Engine) -> Learnt:
    """Raises TooLittleError and StoreError."""
    found = engine.rows(BY_STAGE, scope.params)
    if (decided := _decided(found)) < FEWEST:
        raise TooLittleError(
            f"{decided} decided opportunities in the period; a forecast needs {FEWEST} to learn from. "
            "Choose a longer period, or wait until more are decided."
        )
    values = values_asked(scope, engine)
    won = engine.rows(WON, values)
    if not won:
        raise TooLittleError(
            "Of no sale of the period is it known what it is worth, so nothing says what others will be. Choose a "
            "longer period; where sales have no exchange rate, add it."
        )
    came = leads_came(values, engine)
    return Learnt(
        _open_now(values, engine),
        _records(found),
        _floats(won, "lag"),
        _floats(won, "reporting_minor"),
        _leads_in_hand(values, came, engine),
        came,
    )


def values_asked(scope: Scope, engine: Engine) -> dict[str, Value]:
    """What the forecast's questions are asked with: `$mature_days` is the age at which a lead has had long enough."""
    return {**scope.params, "mature_days": float(days_to_won(scope, engine) or 0)}


def _decided(found: list[dict[str, object]]) -> int:
    """Decided opportunities to learn from: those of the stage that most of them reached."""
    return max((one.won + one.lost for one in _records(found).values()), default=0)


def _records(found: list[dict[str, object]]) -> dict[str, Record]:
    """How those that reached each stage fared, in the order of their names."""
    records: dict[str, Record] = {}
    for stage in sorted({str(row["stage"]) for row in found}):
        counts = {row["outcome"]: number(row["sales"]) for row in found if row["stage"] == stage}
        records[stage] = Record(counts.get("won", 0), counts.get("lost", 0))
    return records


def _open_now(values: Mapping[str, Value], engine: Engine) -> Open:
    found = engine.rows(OPEN, values)
    amounts = [None if row["reporting_minor"] is None else number(row["reporting_minor"]) for row in found]
    stages, waited = [str(row["stage"]) for row in found], _floats(found, "waited") + HALF_A_DAY
    return Open(stages, _floats(found, "age"), amounts, waited, stays_by_stage(values, engine))


def _leads_in_hand(values: Mapping[str, Value], came: Came, engine: Engine) -> LeadsInHand:
    in_hand, lags = engine.rows(IN_HAND, values), engine.rows(LEAD_LAGS, values)
    [older], given_up = engine.rows(OLDER, values), engine.rows(GIVEN_UP_AFTER, values)
    return LeadsInHand(
        np.repeat(_floats(in_hand, "age") + HALF_A_DAY, [number(row["leads"]) for row in in_hand]),
        Record(number(older["won"]), number(older["leads"]) - number(older["won"])),
        _floats(lags, "converted_after"),
        _floats(lags, "won_after"),
        _floats(given_up, "given_up_after"),
        came.lately,
    )


def _floats(rows: list[dict[str, object]], name: str) -> Floats:
    """NaN where the answer says nothing."""
    return np.array([row[name] for row in rows], dtype=np.float64)

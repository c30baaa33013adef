"""When a lead can be judged: after as long as nine tenths of all leads that ever converted had needed."""

from loopline.attribution.state import LEAD_STATE, OPPORTUNITY_STATE, question, visible
from loopline.reports.balance import number
from loopline.reports.options import Scope
from loopline.reports.survival import Stay, quantile, survival
from loopline.store.engine import Engine

MATURE_SHARE = 0.9
ENOUGH = 30
"""Below so many leads that had long enough a source has no rate worth acting on."""

_EVER_CONVERTED = question(
    """
    SELECT CAST(floor(greatest(o.created_us - epoch_us(l.created_at), 0) / 86400000000) AS BIGINT) AS days,
        count(*) AS leads
    FROM lead_state AS l JOIN (
        SELECT lead_id, min(epoch_us(created_at)) AS created_us FROM opportunity_state
        WHERE NOT is_deleted AND lead_id <> '' GROUP BY lead_id
    ) AS o ON o.lead_id = l.id
    WHERE NOT l.is_deleted AND {visible} GROUP BY days
    """.format(visible=visible("l.unit_id")),
    LEAD_STATE,
    OPPORTUNITY_STATE,
)
"""How long it took with all that ever converted: of a recent period only the quick ones have, so it cannot tell."""


def mature_days(scope: Scope, engine: Engine) -> float | None:
    """After how many days nine tenths of all leads that ever converted had; None when none ever did."""
    ever = engine.rows(_EVER_CONVERTED, scope.params)
    return quantile(survival([Stay(number(row["days"]) + 1, True, number(row["leads"])) for row in ever]), MATURE_SHARE)

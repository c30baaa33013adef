"""The credit ledger: every conversion's amount dealt out to the touchpoints of its path, in whole cents.

Largest remainder, as in `lib.money.deal_out`: each touchpoint first gets the whole part of its share; what is left
goes, a cent each, to the largest remainders (compared after rounding to 1e-9), ties to the earlier touchpoint, then to
the smaller event id. Negative amounts mirror positive ones. So each conversion's credits add up to its amount exactly.
"""

from loopline.attribution.conversions import conversion_people
from loopline.attribution.influence import overlapping_credits
from loopline.attribution.model import Deal, Model
from loopline.attribution.paths import AFTER_CONVERSION, LEFT_OUT, MACHINE, OUTSIDE_WINDOW, STANDING, paths, steps
from loopline.attribution.primary import NO_PRIMARY_CAMPAIGN, credits_by_record, without_record
from loopline.attribution.state import KNOWN_IDENTITIES, Part
from loopline.attribution.touchpoints import RowOf, touchpoints_of

WEIGHT_SCALE = 1_000_000_000_000
"""Weights become integers, so that their sum does not depend on the order in which an engine adds them."""

REASONS: dict[str, str] = {
    "outside_window": "touchpoints only outside the lookback window",
    "after_conversion": "touchpoints only after the conversion",
    "left_out": "only touchpoints that this run leaves out, by their kind or as Direct",
    "only_machine": "only machine visits",
    "no_touchpoint": "no touchpoint at all",
    "no_identity": "no identity match: no browser or user id is linked to its people",
    NO_PRIMARY_CAMPAIGN: "no primary campaign recorded",
}
"""Why a conversion is unattributed; the first that fits, in this order. The last is the only one where the record
itself names who gets the credit."""


def credit_ledger(model: Model, row: RowOf, *kinds: str) -> Part:
    """The part `credits`: who gets how much `credit` of each conversion, and for which row of a report."""
    if model.deal is Deal.BY_RECORD:
        return credits_by_record(row, *kinds)
    if model.deal is Deal.OVERLAPPING:
        return overlapping_credits(row, *kinds)
    return _dealt(model, row, *kinds)


def unattributed(model: Model, row: RowOf, *kinds: str) -> Part:
    """The part `unattributed`: conversions that nothing gets credit for, where the row tells reasons each with the
    first of REASONS that fits."""
    return without_record(*kinds) if model.deal is Deal.BY_RECORD else _pathless(row, *kinds)


def _dealt(model: Model, row: RowOf, *kinds: str) -> Part:
    """One row per conversion and touchpoint that has a weight.

    Touchpoints of weight zero are left out before the dealing; they cannot earn.
    """
    whole = "PARTITION BY conversion_no"
    return Part(
        "credits",
        f"""
        SELECT t.conversion_no AS conversion_no, t.person_id AS person_id, t.event_id AS event_id,
            t.touched_us AS touched_us, t.touched_unit_id AS touched_unit_id, {row.key} AS row_key,
            CASE WHEN amount < 0 THEN -1 ELSE 1 END * (base + CASE WHEN place <= left_over THEN 1 ELSE 0 END) AS credit
        FROM (
            SELECT *, abs(amount) - sum(base) OVER ({whole}) AS left_over,
                row_number() OVER ({whole} ORDER BY remainder DESC, touched_us, event_id) AS place
            FROM (
                SELECT *, CAST(floor(exact) AS BIGINT) AS base, round(exact - floor(exact), 9) AS remainder
                FROM (
                    SELECT w.conversion_no AS conversion_no, w.person_id AS person_id, w.event_id AS event_id,
                        w.touched_us AS touched_us, w.touched_unit_id AS touched_unit_id, w.row_key AS row_key,
                        w.days_before AS days_before, c.amount AS amount,
                        abs(c.amount) * CAST(w.weight AS DOUBLE)
                            / sum(w.weight) OVER (PARTITION BY w.conversion_no) AS exact
                    FROM (
                        SELECT *, CAST(floor(({model.weight_sql}) * {WEIGHT_SCALE} + 0.5) AS BIGINT) AS weight
                        FROM paths
                    ) AS w JOIN conversions AS c ON c.conversion_no = w.conversion_no
                    WHERE w.weight > 0
                ) AS shared
            ) AS cut
        ) AS t {row.naming}
        """,
        (paths(row, *kinds),),
    )


def _pathless(row: RowOf, *kinds: str) -> Part:
    if not row.tells_reasons:
        return Part("unattributed", "SELECT conversion_no FROM unearned", (_unearned(row, *kinds),))
    touched = touchpoints_of(conversion_people(*kinds), row)
    return Part(
        "unattributed",
        f"""
        SELECT c.conversion_no AS conversion_no,
            CASE e.standing WHEN {OUTSIDE_WINDOW} THEN 'outside_window' WHEN {AFTER_CONVERSION} THEN 'after_conversion'
                WHEN {LEFT_OUT} THEN 'left_out' WHEN {MACHINE} THEN 'only_machine'
                ELSE CASE WHEN l.conversion_no IS NULL THEN 'no_identity' ELSE 'no_touchpoint' END END AS reason
        FROM unearned AS c
        LEFT JOIN (
            SELECT c.conversion_no AS conversion_no, min({STANDING}) AS standing
            FROM unearned_people AS c JOIN {touched.name} AS t ON t.person_no = c.person_no GROUP BY c.conversion_no
        ) AS e ON e.conversion_no = c.conversion_no
        LEFT JOIN (
            SELECT DISTINCT p.conversion_no AS conversion_no
            FROM unearned_people AS p JOIN known_identities AS k ON k.person_no = p.person_no
            WHERE starts_with(k.identity, 'visitor:') OR starts_with(k.identity, 'user:')
        ) AS l ON l.conversion_no = c.conversion_no
        """,
        (
            _unearned(row, *kinds),
            _unearned_people(row, *kinds),
            touched,
            KNOWN_IDENTITIES,
        ),
    )


def _unearned(row: RowOf, *kinds: str) -> Part:
    return Part(
        "unearned",
        """
        SELECT c.conversion_no AS conversion_no FROM conversions AS c
        LEFT JOIN (SELECT DISTINCT conversion_no FROM steps) AS s ON s.conversion_no = c.conversion_no
        WHERE s.conversion_no IS NULL
        """,
        (conversion_people(*kinds), steps(row, *kinds)),
    )


def _unearned_people(row: RowOf, *kinds: str) -> Part:
    return Part(
        "unearned_people",
        """
        SELECT p.conversion_no AS conversion_no, p.converted_us AS converted_us, p.person_no AS person_no
        FROM conversion_people AS p JOIN unearned AS u ON u.conversion_no = p.conversion_no
        """,
        (_unearned(row, *kinds),),
    )

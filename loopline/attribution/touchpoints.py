"""Touchpoints: events that may earn credit, each with its person, its verdict and the row it counts for."""

from dataclasses import dataclass

from loopline.attribution.state import CODE_STATE, GONE_PEOPLE, KNOWN_IDENTITIES, VERDICT_STATE, Part

_IS_MACHINE = "starts_with(coalesce(v.verdict, e.bot_verdict), 'machine')"
_VERDICTS = "LEFT JOIN verdict_state AS v ON v.id = e.visitor_id AND v.id <> '' AND NOT v.is_deleted"
_CODES = "LEFT JOIN code_state AS c ON c.unit_id = e.unit_id AND c.code = e.utm_campaign AND NOT c.is_deleted"
_WHICH = """e.touch_kind <> '' AND e.recorded_at <= $as_of
            AND e.identity NOT IN (SELECT identity FROM gone_people)"""


@dataclass(frozen=True, slots=True)
class RowOf:
    """Which row of a report a touchpoint counts for."""

    sql: str
    """Text over `e` (the event) and, with codes, `c` (its campaign code); "" where it says nothing."""
    needs_codes: bool = False

    @property
    def join(self) -> str:
        return _CODES if self.needs_codes else ""

    @property
    def reads(self) -> tuple[Part, ...]:
        return (CODE_STATE,) if self.needs_codes else ()


def touchpoints(row: RowOf) -> Part:
    """The part `touchpoints`: who or what touched which row when; `person_id` is NULL for strangers.

    The filter on `touch_kind` comes first and only the columns that are needed are read: one in ten events is one.
    """
    return Part(
        "touchpoints",
        f"""
        SELECT e.event_id AS event_id, epoch_us(e.occurred_at) AS touched_us, e.unit_id AS unit_id,
            e.is_entry AS is_entry, {_IS_MACHINE} AS is_machine,
            coalesce(k.person_id, CASE WHEN starts_with(e.identity, 'person:') THEN substr(e.identity, 8) END)
            AS person_id, {row.sql} AS row_key
        FROM events AS e LEFT JOIN known_identities AS k ON k.identity = e.identity {_VERDICTS} {row.join}
        WHERE {_WHICH}
        """,
        (KNOWN_IDENTITIES, GONE_PEOPLE, VERDICT_STATE, *row.reads),
    )

"""Touchpoints: events that may earn credit, each with its person, its verdict and the row it counts for."""

import re
from dataclasses import dataclass, replace

from loopline.attribution.buyers import BUYER_SEGMENTS
from loopline.attribution.state import (
    CHANNEL,
    CHANNEL_OF_TOUCH_AGAIN,
    CHANNEL_STATE,
    GONE_PEOPLE,
    KNOWN_IDENTITIES,
    MERGED_STATE,
    VERDICT_STATE,
    Part,
    is_machine,
    number_of,
    theirs,
    with_verdict,
)
from loopline.store.uses import ALWAYS

_IS_MACHINE = f"($humans_only AND {is_machine()})"
_IS_OWN, _OWN_PERSON = "starts_with(e.identity, 'person:')", "substr(e.identity, 8)"
_PERSON = f"coalesce(k.person_id, CASE WHEN {_IS_OWN} THEN {_OWN_PERSON} END)"
_CHANNEL_TOO = f"{CHANNEL} AS channel, e.identity_no AS identity_no,"
_OF_EVENT = re.compile(r"\be\.(\w+)")
EARNING_KINDS: dict[str, str] = {
    "entry": "visits", "form": "forms", "email_click": "clicks in mails", "reply": "replies", "call": "calls",
    "meeting": "meetings", "event": "events", "partner": "deliveries of partners",
}  # fmt: skip
"""Kinds of touchpoints that may earn credit, in words. What people say of themselves (`self_reported`) never does: it
stands beside the credit."""
DIRECT = "Direct"
IS_TOUCHED = "touch_kind <> 'self_reported'"
"""SQL text over `touchpoints`: not what people say of themselves. It is there only to tell why nothing was earned."""
_COUNTS = f"e.{IS_TOUCHED} AND ($all_kinds OR e.touch_kind IN (SELECT unnest($touch_kinds)))"
_WHICH = """e.recorded_at <= $as_of
            AND e.identity_no NOT IN (SELECT identity_no FROM gone_people)"""

_CAN_LEAD = (
    "epoch_us(e.occurred_at) < $converted_to_us AND epoch_us(e.occurred_at) >= $converted_from_us - $lookback_us"
)
"""A touchpoint may lie within the window of some conversion that is asked for."""


@dataclass(frozen=True, slots=True)
class RowOf:
    """Which row of a report a touchpoint counts for."""

    sql: str
    """Text over `e` (the event) and, with codes, `c` (the number of what its code counts for), with channels, `j` (its
    channel as it was judged again), with buyers, `b` (the segments of its person); "" where it says nothing."""
    codes: Part | None = None
    """The row is what a code counts for: `row_id` by `unit_id` and `code`. Until it is named it goes by its `row_no`,
    which is quicker to carry than an id."""
    by_buyer: bool = False
    """The row is a segment of buyers."""
    by_channel: bool = False
    """The row is a channel."""
    campaign_sql: str = "''"
    """The row of a campaign, over `p.campaign_id` and `k` (the campaign, NULL where it is not known): for credit that
    goes to a campaign without a touchpoint."""
    carries_channel: bool = False
    """Touchpoints also say their `channel`, whatever their row is, and a number of their identity: strangers have no
    other."""

    ignores_direct: bool = False
    """Touchpoints of the channel Direct earn nothing, as if they were not there."""

    with_strangers: bool = False
    """The question reads the paths of strangers, too."""

    tells_reasons: bool = True
    """Asked for is also why nothing earned a conversion, which touchpoints that can be on no path may tell."""

    def without_reasons(self) -> "RowOf":
        return replace(self, tells_reasons=False)

    @property
    def join(self) -> str:
        """Beside the event: what its code counts for, the segment of its person, its channel as judged again."""
        code = self.codes and f"LEFT JOIN {self.codes.name} AS c ON c.unit_id = e.unit_id AND c.code = e.utm_campaign "
        buyer = f"LEFT JOIN buyer_segments AS b ON b.person_id = {_PERSON} " if self.by_buyer else ""
        return (code or "") + buyer + (CHANNEL_OF_TOUCH_AGAIN if self._knows_channel else "")

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Columns of the event that decide on its row. Touchpoints that agree in them count for the same one, unless
        that is a segment of buyers."""
        return tuple(dict.fromkeys(_OF_EVENT.findall(f"{self.sql} {self.join}")))

    @property
    def counts(self) -> str:
        """Over the event: may it earn credit, by its kind and its channel?"""
        return f"({_COUNTS} AND {CHANNEL} <> '{DIRECT}')" if self.ignores_direct else f"({_COUNTS})"

    @property
    def _knows_channel(self) -> bool:
        return self.by_channel or self.carries_channel or self.ignores_direct

    @property
    def key(self) -> str:
        """The row's key, over `t.row_key` and what `naming` joins."""
        return "coalesce(n.row_id, t.row_key)" if self.codes else "t.row_key"

    @property
    def naming(self) -> str:
        """Beside `t`, something with a `row_key`: what the number stands for."""
        numbers = self.codes and f"(SELECT DISTINCT row_no, row_id FROM {self.codes.name})"
        return f"LEFT JOIN {numbers} AS n ON n.row_no = t.row_key" if numbers else ""

    @property
    def reads(self) -> tuple[Part, ...]:
        buyer = (BUYER_SEGMENTS,) if self.by_buyer else ()
        return ((self.codes,) if self.codes else ()) + buyer + ((CHANNEL_STATE,) if self._knows_channel else ())


_WHO = f"{_PERSON} AS person_id, coalesce(k.person_no, e.own_person_no) AS person_no,"
_PERHAPS_KNOWN = f"LEFT JOIN known_identities AS k ON {theirs()}"


def touchpoints(row: RowOf) -> Part:
    """The part `touchpoints`: who or what touched which row when. Strangers have no `person_id` and `person_no`."""
    return _touched("touchpoints", row, _WHO, _PERHAPS_KNOWN, KNOWN_IDENTITIES)


def unnamed_touchpoints(row: RowOf) -> Part:
    """The part `unnamed_touchpoints`: when each was, and what its row depends on, but neither that row nor whose it is.

    That takes the longest to find, and a million of them may count for a few hundred rows.
    """
    columns = dict.fromkeys(("unit_id", "is_entry", *row.depends_on))
    return Part(
        "unnamed_touchpoints",
        f"""
        SELECT epoch_us(e.occurred_at) AS touched_us, {_IS_MACHINE} AS is_machine,
            {", ".join(f"e.{name} AS {name}" for name in columns)}
        FROM touches AS e {with_verdict()} WHERE {_WHICH}
        """,
        (GONE_PEOPLE, VERDICT_STATE),
    )


def touchpoints_of_known(row: RowOf) -> Part:
    """The part `touchpoints_of_known`: those of strangers are never looked at."""
    linked = _touched("linked", row, _WHO, f"JOIN known_identities AS k ON {theirs()}", KNOWN_IDENTITIES)
    own = _touched("own", row, _WHO, _PERHAPS_KNOWN, when="e.own_person_no IS NOT NULL AND k.person_no IS NULL")
    return Part("touchpoints_of_known", f"{linked.sql} UNION ALL {own.sql}", linked.reads)


def touchpoints_of(people: Part, row: RowOf) -> Part:
    """A part that holds those of `people` at least, which is a part with `person_id` and `person_no`.

    Most events are strangers', so theirs are not carried along unless paths without a person are asked for, too.
    """
    return touchpoints(row) if row.with_strangers else _their_touchpoints(people, row)


def _their_touchpoints(people: Part, row: RowOf) -> Part:
    asked = Part(
        "asked_people",
        f"SELECT person_no, any_value(person_id) AS person_id FROM {people.name} GROUP BY person_no",
        (people,),
    )
    own = "'person:' || p.person_id"
    known = Part(
        "their_identities",
        f"""
        SELECT k.identity_no AS identity_no, k.person_id AS person_id, k.person_no AS person_no, k.from_us AS from_us,
            k.until_us AS until_us
        FROM known_identities AS k JOIN asked_people AS p ON p.person_no = k.person_no
        UNION ALL
        SELECT {number_of(own)} AS identity_no, p.person_id AS person_id, p.person_no AS person_no, {ALWAYS}
        FROM asked_people AS p
        LEFT JOIN (SELECT id FROM merged_state WHERE canonical_id <> id) AS m ON m.id = p.person_id WHERE m.id IS NULL
        """,
        (KNOWN_IDENTITIES, MERGED_STATE, asked),
    )
    person = "k.person_id AS person_id, k.person_no AS person_no,"
    # A filter made of the few numbers is asked of the column itself, before others are read.
    whose = f"JOIN their_identities AS k ON {theirs()}"
    return _touched("their_touchpoints", row, person, whose, known, when="TRUE" if row.tells_reasons else _CAN_LEAD)


def _touched(name: str, row: RowOf, person: str, whose: str, *known: Part, when: str = "TRUE") -> Part:
    return Part(
        name,
        f"""
        SELECT e.event_id AS event_id, epoch_us(e.occurred_at) AS touched_us, e.unit_id AS unit_id,
            e.is_entry AS is_entry, {_IS_MACHINE} AS is_machine, {person}
            e.touch_kind AS touch_kind, {row.counts} AS can_earn,
            {_CHANNEL_TOO if row.carries_channel else ""} {row.sql} AS row_key
        FROM touches AS e {whose} {with_verdict()} {row.join}
        WHERE {_WHICH} AND {when}
        """,
        (*known, GONE_PEOPLE, VERDICT_STATE, *row.reads),
    )

"""The books as of `$as_of`: parts of a question that hold the latest version of each record.

A part is the text of one common table expression. `question()` puts those that a SELECT needs in front of it, each
before the parts that read it.
"""

import re
from dataclasses import dataclass, replace

from loopline.store.library import table_named
from loopline.store.touches import JUDGED_FROM
from loopline.store.uses import ALWAYS, BROWSER_USES, in_range


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    sql: str
    reads: tuple["Part", ...] = ()


def question(select: str, *parts: Part) -> str:
    """`select` with the parts it reads, and the parts those read, each once."""
    ordered: dict[str, Part] = {}
    for part in parts:
        _add(part, ordered)
    return "WITH " + ",\n".join(f"{part.name} AS ({part.sql})" for part in ordered.values()) + "\n" + select


def _add(part: Part, ordered: dict[str, Part]) -> None:
    for needed in part.reads:
        _add(needed, ordered)
    ordered.setdefault(part.name, part)


def as_known_at(part: Part, moment: str, name: str = "") -> Part:
    """The part with another moment in place of `$as_of`, given as SQL text; under another name where one is given."""
    return replace(part, name=name or part.name, sql=_AS_OF.sub(lambda _: moment, part.sql))


_AS_OF = re.compile(r"\$as_of\b")


def latest(table: str, *names: str, where: str = "TRUE") -> str:
    """Latest version as of `$as_of` of each record in `table`: its id, the columns named, and `is_deleted`.

    `where` may read the id only, which is the same in all versions of a record.

    One hash aggregate over the columns that are needed: on half a million versions five times as fast as numbering
    them in a window. `arg_max` passes over NULL, so whether the latest value is NULL is asked beside it.
    """
    columns = {column.name: column for column in table_named(table).columns}
    picks = [
        f"CASE WHEN arg_max({name} IS NULL, version) THEN NULL ELSE arg_max({name}, version) END AS {name}"
        if columns[name].nullable
        else f"arg_max({name}, version) AS {name}"
        for name in (*names, "is_deleted")
    ]
    return f"SELECT id, {', '.join(picks)} FROM {table} WHERE recorded_at <= $as_of AND {where} GROUP BY id"


def number_of(text: str) -> str:
    """SQL text: a 64-bit number of a text that is not NULL, quicker to join and group by than the text.

    That any two of a million people share a number has a chance of one in forty million, so people are told apart by
    it, and so are the identities of events: that one of ten million browsers has the number of one of a million
    known identities has a chance of one in two million. Who makes up an identity to meet another's number would
    have to know that one, and could send it as it is.
    """
    return f"hash({text})"


MERGED_STATE = Part(
    "merged_state",
    """
    SELECT id, arg_max(canonical_id, version) AS canonical_id FROM person_facts
    WHERE recorded_at <= $as_of
        AND id IN (SELECT id FROM person_facts WHERE canonical_id <> id AND recorded_at <= $as_of)
    GROUP BY id
    """,
)
"""People who were ever merged into another, and who they are now. All others are themselves."""
GONE_PEOPLE = Part(
    "gone_people",
    f"""
    SELECT 'person:' || id AS identity, {number_of("'person:' || id")} AS identity_no FROM person_facts
    WHERE recorded_at <= $as_of AND id IN (SELECT id FROM person_facts WHERE is_deleted AND recorded_at <= $as_of)
    GROUP BY id HAVING arg_max(is_deleted, version)
    """,
)
"""Identities of people who were removed, as by undoing an import: what was reported of them counts nowhere."""
IDENTITY_STATE = Part(
    "identity_state",
    """
    SELECT id, arg_max(CASE WHEN is_deleted THEN '' ELSE person_id END, version) AS person_id FROM identity_facts
    WHERE recorded_at <= $as_of AND NOT starts_with(id, 'person:') GROUP BY id
    """,
)
"""Whom each identity is linked to; "" where the link was undone."""
LEAD_STATE = Part("lead_state", latest("lead_facts", "unit_id", "person_id", "created_at", "qualified_at"))
OPPORTUNITY_STATE = Part(
    "opportunity_state",
    latest("opportunity_facts", "unit_id", "lead_id", "outcome", "reporting_minor", "created_at", "closed_at"),
)
CONTACT_STATE = Part("contact_state", latest("opportunity_contact_facts", "opportunity_id", "person_id", "is_primary"))
CODE_STATE = Part("code_state", latest("campaign_code_facts", "unit_id", "code", "campaign_id", "activity_id"))
VERDICT_STATE = Part(
    "verdict_state",
    f"SELECT *, {number_of('id')} AS visitor_no FROM ({latest('bot_verdict_facts', 'verdict')}) AS verdicts",
)
"""Verdicts about visitors, by the id of the visitor and its number."""
CHANNEL_STATE = Part(
    "channel_state",
    f"SELECT *, {number_of(', '.join(JUDGED_FROM))} AS judged_no "
    f"FROM ({latest('channel_facts', *JUDGED_FROM, 'channel')}) AS channels",
)


def channel_again(event: str = "e", state: str = "j") -> str:
    """SQL text beside an event, with the part CHANNEL_STATE: the channel it counts as since it was judged again."""
    same = " AND ".join(f"{state}.{name} = {event}.{name}" for name in JUDGED_FROM)
    return f"LEFT JOIN channel_state AS {state} ON {same} AND NOT {state}.is_deleted"


CHANNEL_AGAIN = channel_again()
CHANNEL_OF_TOUCH_AGAIN = "LEFT JOIN channel_state AS j ON j.judged_no = e.judged_no AND NOT j.is_deleted"
"""The same beside a touchpoint `e`: one number instead of eight texts."""
CHANNEL = "coalesce(j.channel, e.channel)"
"""The channel of `e` beside either of them."""
CAMPAIGN_STATE = Part("campaign_state", latest("campaign_facts", "unit_id", "name", "channel", "owner_id"))


def _rows_of_codes(name: str, row_id: str, *joined: Part, join: str = "") -> Part:
    """Codes with the number of what they count for: a million touchpoints carry a short number instead of a long id.

    Nothing has none, so that touchpoints whose code counts for nothing are of one row with those without a code.
    """
    return Part(
        name,
        f"""
        SELECT d.unit_id AS unit_id, d.code AS code, {row_id} AS row_id,
            CASE WHEN {row_id} = '' THEN '' ELSE CAST(dense_rank() OVER (ORDER BY {row_id}) AS VARCHAR) END AS row_no
        FROM code_state AS d {join} WHERE NOT d.is_deleted AND d.campaign_id <> ''
        """,
        (CODE_STATE, *joined),
    )


CAMPAIGN_ROWS = _rows_of_codes("campaign_rows", "d.campaign_id")
ACTIVITY_ROWS = _rows_of_codes("activity_rows", "coalesce(nullif(d.activity_id, ''), d.campaign_id)")
"""A code that belongs to no activity counts for its campaign as such."""
OWNER_ROWS = _rows_of_codes(
    "owner_rows",
    "coalesce(c.owner_id, '')",
    CAMPAIGN_STATE,
    join="LEFT JOIN campaign_state AS c ON c.id = d.campaign_id",
)
"""Who is responsible for the campaign of a code; "" where nobody is."""
COST_STATE = Part(
    "cost_state",
    latest(
        "cost_facts", "unit_id", "campaign_id", "activity_id", "cost_kind", "reporting_minor", "starts_on", "ends_on"
    ),
)

BROWSER_USE_STATE = Part("browser_uses", BROWSER_USES)
KNOWN_IDENTITIES = Part(
    "known_identities",
    f"""
    SELECT identity, {number_of("identity")} AS identity_no, person_id, {number_of("person_id")} AS person_no,
        from_us, until_us
    FROM (
        SELECT i.id AS identity, coalesce(m.canonical_id, i.person_id) AS person_id, {ALWAYS}
        FROM identity_state AS i LEFT JOIN merged_state AS m ON m.id = i.person_id
        WHERE i.person_id <> ''
        UNION ALL
        SELECT 'person:' || id AS identity, canonical_id AS person_id, {ALWAYS}
        FROM merged_state WHERE canonical_id <> id
        UNION ALL
        SELECT u.identity AS identity, coalesce(m.canonical_id, u.person_id) AS person_id,
            u.from_us AS from_us, u.until_us AS until_us
        FROM browser_uses AS u LEFT JOIN merged_state AS m ON m.id = u.person_id
        WHERE u.person_id <> ''
    ) AS known
    """,
    (IDENTITY_STATE, MERGED_STATE, BROWSER_USE_STATE),
)
"""Identity → the person that remains, each with its number: the one place that says whose an event is.

A shared browser is here once for each of its uses, so that whoever joins events asks for the time as well (`theirs`).
`person:<id>` is here only for the merged; everyone else's says who they are.
"""


def theirs(event: str = "e", known: str = "k") -> str:
    """SQL text of a join's condition: `event` is of the identity `known`, and happened while it holds.

    By number alone: the text would be read of every event.
    """
    return f"{known}.identity_no = {event}.identity_no AND {in_range(event, known)}"


def with_verdict(event: str = "e", verdict: str = "v") -> str:
    """SQL text of a join beside `event`, with the part VERDICT_STATE: the newest verdict on its visitor, if any."""
    same = f"{verdict}.visitor_no = {event}.visitor_no"
    return f"LEFT JOIN verdict_state AS {verdict} ON {same} AND {verdict}.id <> '' AND NOT {verdict}.is_deleted"


def is_machine(event: str = "e", verdict: str = "v") -> str:
    """SQL text beside `with_verdict`: a machine made the event, by the newest verdict, else by that on arrival.

    Each text is looked at by itself: of the millions that repeat the engine then looks at each once.
    """
    by_verdict, on_arrival = f"{verdict}.verdict", f"{event}.bot_verdict"
    return f"coalesce(starts_with({by_verdict}, 'machine'), starts_with({on_arrival}, 'machine'))"


VISIBLE = "($all_units OR {unit} IN (SELECT unnest($unit_ids)))"
"""Only rows of the business units the asker may see; `{unit}` is the column."""


def visible(unit: str) -> str:
    return VISIBLE.format(unit=unit)

"""The shapes of answers, for the OpenAPI document. Answers are written as reports and files write them; the tests read
each back through these shapes, which hold nothing else than what is said here.
"""

from datetime import date
from typing import Any

from ninja import Field, Schema
from pydantic import AwareDatetime

Figure = int | float | None
"""Money in minor units of the reporting currency. null is unknown or undefined; it is never 0."""
Moment = AwareDatetime
"""As RFC 3339, in UTC."""
Day = date
"""A calendar day in the organisation's time zone."""


class Shape(Schema):
    """A field that Python cannot name (`from`) has an alias; the router of its shape says `by_alias`, so that the
    document names it as answers do."""

    model_config = {"extra": "forbid"}


class Problem(Shape):
    error: str = Field(description="What happened, and what to do.")
    code: str = Field(description="A word for programs; it stays the same.")
    field: str | None = Field(None, description="The option or part of the address it is about.")
    wait_s: int | None = Field(None, description="Seconds to wait, where too much was asked at once.")


PROBLEMS = {frozenset({400, 401, 403, 404, 405, 422, 429, 500, 503}): Problem}


class Column(Shape):
    key: str
    label: str
    short: str
    unit: str = Field(description="count, percent, hours, “EUR minor units”, or “EUR” for a decimal such as 12.50.")
    formula: str
    date_basis: str = Field(description="Which date decides, by the clock of the report (period, for a metric itself).")
    grain: str = Field(description="What is counted.")
    adds_up: str
    is_less_better: bool


class MetricAnswer(Column):
    date_basis_cohort: str = Field(description="Which date decides on the cohort clock.")
    parts: list[str] = Field(description="Metrics that a ratio is made of.")
    is_neutral: bool
    reports: list[str] = Field(description="Keys of the reports that have it as a column.")
    sql: list[str] = Field(description="Where the SQL of those reports is told.")


class MetricList(Shape):
    metrics: list[MetricAnswer]


class TokenAnswer(Shape):
    name: str
    person: str
    role: str
    units: dict[str, str] = Field(description="Business units it sees: id → name.")
    currency: str = Field(description="The reporting currency.")
    currency_digits: int = Field(description="Digits of its minor units: 2 where 12345 means 123.45.")
    time_zone: str = Field(description="Of the organisation: it decides what a day is.")
    scopes: list[str]
    expires_at: Moment


class Option(Shape):
    name: str
    about: str
    usual: str
    choices: dict[str, str] = Field(description="Value → what it means; empty where it is a day, a number or a name.")


class ReportAbout(Shape):
    key: str
    label: str
    question: str
    summary: str
    group: str
    options: list[Option]
    metrics: list[str] = Field(description="Keys of its columns.")
    opens: list[str] = Field(description="Keys of the metrics whose figures open (`/behind`).")
    formats: list[str]
    page: str = Field(description="Its page, below the address of this installation.")


class ReportList(Shape):
    reports: list[ReportAbout]


class Run(Shape):
    id: str | None = Field(description="Of a frozen run.")
    digest: str = Field(description="SHA-256 over the figures in one canonical order; the same figures have the same.")
    as_of: Moment = Field(description="What the books said then.")
    options: dict[str, str] = Field(description="Send these to get the very same figures again.")
    is_whole: bool | None = Field(None, description="Of a frozen run: its figures still have that digest.")
    frozen_at: Moment | None = None
    frozen_by: str | None = None
    note: str | None = None


class Before(Shape):
    from_: Day = Field(alias="from")
    to: Day
    rows: list[dict[str, Any]]
    totals: dict[str, Any]


class SqlAnswer(Shape):
    report: str
    sql: str = Field(description="Statements of DuckDB, each with the module of Loopline that reads its answer.")


class ReportAnswer(Shape):
    report: str
    title: str
    question: str
    by: str
    as_of: Moment
    model: str
    clock: str
    from_: Day = Field(alias="from")
    to: Day
    lookback_days: int | None
    conversion: str | None = None
    people: str | None = None
    touch_kinds: list[str] | None = None
    direct: str | None = None
    humans_only: bool | None = None
    half_life_days: float | None = Field(None, description="Of the model time_decay.")
    order: int | None = Field(None, description="Of the Markov chain.")
    currency: str
    head: str = Field(description="What a row is.")
    columns: list[Column]
    rows: list[dict[str, Any]] = Field(description="`key`, `label`, notes, and a figure per column by its key.")
    totals: dict[str, Any]
    has_total: bool
    over_time: dict[str, Any] | None = Field(None, description="What the points in `over_time` of each row are.")
    balance: dict[str, Any] | None
    check: dict[str, Any] | None
    warnings: list[str]
    unusual: list[dict[str, Any]] = Field([], description="Records behind it that are not as they should be, by kind.")
    machine_sessions_left_out: int
    ripe_percent: float | None = Field(
        None, description="On the cohort clock: how much of the revenue to be expected has had time to be won."
    )
    is_young: bool = Field(False, description="Too early to judge what touchpoints of the period bring.")
    run: Run
    before: Before | None = Field(None, description="With compare=before: the period just before, where there is one.")


class WeeklyAnswer(Shape):
    report: str
    title: str
    from_: Day = Field(alias="from")
    to: Day
    as_of: Moment
    model: str
    currency: str
    by: str
    holds: bool = Field(description="The lines add up to the books.")
    warnings: list[str]
    rows: list[dict[str, Any]] = Field(
        description="A line a week and channel (and unit): spend_minor, touches, leads, revenue_minor."
    )


class RangeTold(Shape):
    value: float = Field(description="On the curve that fits best.")
    low: float
    high: float


class ProposalRow(Shape):
    key: str
    label: str
    now_minor: int = Field(description="Spent a week now: the mean of the last 13 whole weeks.")
    low_minor: int = Field(description="Least that it may be given: within the bound, never below any week seen.")
    high_minor: int = Field(description="Most that it may be given: within the bound, never above any week seen.")
    proposed_minor: int
    change: RangeTold = Field(description="Outcome a week with the proposal less that with the spend of now (95 %).")
    odd_week: int | None = Field(description="It hangs on one odd week, so many before the last; look at it first.")


class RowRefused(Shape):
    key: str
    label: str
    why: str


class AskedAgain(Shape):
    options: dict[str, str] = Field(description="Send these to get the very same figures again.")


class ProposalAnswer(Shape):
    report: str
    title: str
    as_of: Moment
    from_: Day = Field(alias="from")
    to: Day
    model: str
    by: str
    currency: str
    outcome: str = Field(description="What the curves tell of, such as leads.")
    outcome_unit: str = Field(description="Of every change: count, or “EUR minor units” for won revenue.")
    within_percent: int
    total_minor: int
    now_minor: int = Field(description="Spent a week now on the rows below, all together.")
    left_over_minor: int = Field(
        description="Of the total what finds no place within the bounds; negative: what they ask for beyond it. With "
        "`proposed_minor` of all rows it adds up to the total."
    )
    change: RangeTold | None = Field(
        description="Of all rows together, their errors taken as independent; null where no row teaches anything."
    )
    rows: list[ProposalRow] = Field(description="What is spent on them may be changed. A curve is an association.")
    refused: list[RowRefused] = Field(description="Rows whose weeks teach nothing, and why.")
    run: AskedAgain


class RunAbout(Shape):
    id: str
    report: str
    title: str
    note: str
    digest: str
    as_of: Moment
    options: dict[str, str]
    frozen_at: Moment
    frozen_by: str


class RunList(Shape):
    runs: list[RunAbout]
    next_cursor: str | None


class TouchBehind(Shape):
    event_id: str
    at: Moment
    channel: str
    code: str
    landing_path: str
    person_id: str | None
    credit: Figure


class RecordBehind(Shape):
    kind: str = Field(description="lead, opportunity, person, company, campaign, cost, or strangers (all together).")
    id: str
    name: str = Field(description="As far as you may see it.")
    page: str | None
    at: Moment | Day | None
    adds: Figure = Field(description="What it adds to the figure.")
    amount: Figure = None
    reason: str | None = Field(None, description="Why nothing earned it, for the unattributed.")
    touches: list[TouchBehind] | None = Field(
        None, description="What earned it; of more than a hundred those that earned most."
    )
    touch_count: int | None = Field(None, description="How many touchpoints earned it.")


class WorkingLine(Shape):
    label: str
    note: str
    values: dict[str, Figure]
    opens: dict[str, dict[str, str]] = Field(description="Column → options that open its figure in turn.")


class WorkingBehind(Shape):
    title: str
    head: str = Field(description="What a line is.")
    words: str = Field(description="How the figure comes from them.")
    columns: list[Column]
    lines: list[WorkingLine]


class BehindAnswer(Shape):
    report: str
    row: str
    metric: Column
    as_of: Moment
    total: Figure = Field(description="The figure, told once more from all records behind it.")
    count: int = Field(description="How many records there are.")
    parts: list[str] = Field(description="Of a ratio: the metrics to open instead.")
    workings: list[WorkingBehind] = Field(description="Tables that a figure which is no sum was worked out from.")
    hides_names: bool = Field(description="Names are left out, because you may not see people.")
    records: list[RecordBehind]
    next_cursor: str | None


class ChangesAnswer(Shape):
    report: str
    title: str
    since: Moment
    as_of: Moment
    from_: Day = Field(alias="from")
    to: Day
    model: str
    clock: str
    currency: str
    by: str
    head: str
    columns: list[Column] = Field(description="The figures of which the totals are split.")
    before: dict[str, Figure]
    after: dict[str, Figure]
    change: dict[str, Figure]
    causes: list[dict[str, Any]] = Field(description="What arrived, in order; their changes add up to the change.")
    not_split: dict[str, dict[str, Figure]] = Field(description="Figures told from others: before and after only.")
    metric: Column = Field(description="The figure that `rows` tell.")
    rows: list[dict[str, Any]]


class FactTold(Shape):
    id: str | None = Field(description="Of the record, where you may open it.")
    name: str = Field(description="As far as you may see it.")
    page: str | None
    learned_at: str
    before: dict[str, Any] | None = Field(description="What was known; null where nothing was.")
    after: dict[str, Any] | None = Field(description="What is known now; null where it no longer counts.")
    before_words: str
    after_words: str
    changed_by: str | None = Field(description="Who, or which import, made the change, where you may open the record.")
    changed_at: str | None = Field(description="When, by the audit log; of an import when it began.")


class RecordChanged(RecordBehind):
    adds: Figure = Field(description="What it adds to the figure now; null where nothing any more.")
    before: Figure = Field(description="What it added before the cause was known; null where nothing.")
    change: Figure


class RecordsChanged(Shape):
    metric: Column
    row: str
    change: Figure = Field(description="The sum over all of them: what the cause changed in the figure.")
    count: int = Field(description="How many records changed; the hundred that changed most are listed.")
    hides_names: bool = Field(description="Names are left out, because you may not see people.")
    records: list[RecordChanged]


class CauseAnswer(Shape):
    report: str
    cause: str
    label: str
    about: str
    since: str
    as_of: str
    has_more: bool = Field(description="More were learned; these are the last.")
    needs_all_units: bool = Field(description="Such facts carry no business unit, and you do not see all units.")
    facts: list[FactTold]
    changed: RecordsChanged | None = Field(
        description="With `metric`: the records that it changed there; null where the figure is not told by records."
    )


class UnusualRecord(Shape):
    kind: str
    id: str
    name: str
    page: str | None
    at: str | None
    amount: Figure
    currency: str


class UnusualAnswer(Shape):
    report: str
    kind: str
    as_of: str
    count: int = Field(description="How many records there are; 0 once they are put right.")
    amounts_minor: dict[str, int] = Field(description="Currency → minor units, all records together.")
    text: str = Field(description="What it means, and what to do.")
    records: list[UnusualRecord]

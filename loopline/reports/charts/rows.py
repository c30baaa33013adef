"""Charts of any report: bars by row, and a line over rows that follow each other in time."""

from collections.abc import Iterable, Mapping
from functools import cache

from loopline.lib.money import Money
from loopline.reports.charts.specs import NAMES_WIDE, Chart, Spec, finished
from loopline.reports.metric import Metric, Unit
from loopline.reports.result import ReportResult, Row

MOST_BARS = 12
_SHORT = "format(datum.value, '~s')"
_EACH, _ALL = "Each month", "All months"


def bars(result: ReportResult, key: str) -> Chart:
    """One bar a row from zero: the largest rows by `key`, in the order of the table."""
    metric = _metric(result, key)
    spec = _bars_spec(metric.label, min(_shown(result), MOST_BARS))
    return {"spec": spec, "rows": _rows(result, metric, MOST_BARS), "title": _title(metric, result)}


def line(result: ReportResult, key: str) -> Chart:
    """A line over the rows; where they are immature it is pale and dashed: it may still rise."""
    metric = _metric(result, key)
    return {"spec": _line_spec(metric.label), "rows": _rows(result, metric, len(result.rows)),
            "title": _title(metric, result)}  # fmt: skip


def _title(metric: Metric, result: ReportResult) -> str:
    unit = {Unit.MONEY: f", {result.currency}", Unit.PERCENT: ", %", Unit.HOURS: ", hours"}.get(metric.unit, "")
    return f"{metric.label}{unit}"


def _metric(result: ReportResult, key: str) -> Metric:
    return next(metric for metric in result.metrics if metric.key == key)


def _shown(result: ReportResult) -> int:
    return sum(1 for _ in _values(result.rows))


def _values(rows: Iterable[Row]) -> Iterable[Row]:
    return (row for row in rows if not row.is_rest)


def _rows(result: ReportResult, metric: Metric, most: int) -> list[dict[str, object]]:
    shown = list(_values(result.rows))[:most]
    return [
        {
            "row": row.label,
            "place": place,
            "value": _plain(row.values[metric.key], metric, result.currency),
            "mature": not row.young_note,
        }
        for place, row in enumerate(shown)
    ]


def _plain(value: int | float | None, metric: Metric, currency: str) -> float | None:
    if value is None or metric.unit is not Unit.MONEY:
        return value
    return float(Money(int(value), currency).major)


@cache
def _bars_spec(title: str, count: int) -> Spec:
    import altair as alt  # 50 MB and most of a second, needed only where a chart is drawn

    names = alt.Axis(title=None, labelLimit=alt.ExprRef(NAMES_WIDE), ticks=False)
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(cornerRadiusEnd=2, color="token:accent")
        .encode(
            y=alt.Y("row:N", sort=alt.SortField("place"), axis=names),
            x=alt.X("value:Q", axis=alt.Axis(title=None, tickCount=4, labelExpr=_SHORT)),
            opacity=alt.condition("datum.mature", alt.value(1), alt.value(0.45)),
            tooltip=[alt.Tooltip("row:N", title="Row"), alt.Tooltip("value:Q", title=title, format=",.1f")],
        )
    )
    return finished(chart.properties(width="container", height=max(96, 26 * count)))


@cache
def _line_spec(title: str) -> Spec:
    import altair as alt

    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X("row:N", sort=alt.SortField("place"),
                axis=alt.Axis(title=None, labelAngle=0, labelOverlap="parity", labelSeparation=12)),
        y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=4, labelExpr=_SHORT), scale=alt.Scale(zero=True)),
    )  # fmt: skip
    points = base.mark_point(filled=True, size=36, color="token:accent", opacity=1).encode(
        opacity=alt.condition("datum.mature", alt.value(1), alt.value(0.35)),
        tooltip=[alt.Tooltip("row:N", title="Row"), alt.Tooltip("value:Q", title=title, format=",.1f")],
    )
    unsure = base.mark_line(strokeWidth=2, color="token:accent", opacity=0.35, strokeDash=[4, 4])
    sure = base.transform_filter("datum.mature").mark_line(strokeWidth=2, color="token:accent")
    return finished(alt.layer(unsure, sure, points).properties(width="container", height=220))


def curves(result: ReportResult, ages: Mapping[str, int]) -> Chart:
    """A line a month over the ages its metrics stand for, quiet, and the line of all of them in the accent."""
    rows = [
        {"row": row.label, "age": age, "value": row.values[key], "what": _ALL if row is result.totals else _EACH}
        for row in [*_values(result.rows), result.totals]
        for key, age in ages.items()
        if row.values[key] is not None
    ]
    last = max((age for age in ages.values()), default=0)
    return {"spec": _curves_spec(last), "rows": rows, "title": "Share that was won, by age in days, %"}


def _dots(size: int) -> dict[str, object]:
    return {"size": size, "filled": True}


@cache
def _curves_spec(last: int) -> Spec:
    import altair as alt

    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X("age:Q", axis=alt.Axis(title=None, tickCount=6), scale=alt.Scale(domain=[0, last], nice=False)),
        y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=4)),
        detail="row:N",
        color=alt.Color(
            "what:N",
            scale=alt.Scale(domain=[_ALL, _EACH], range=["token:accent", "token:cost-line"]),
            legend=alt.Legend(orient="top", title=None, symbolType="stroke", symbolStrokeWidth=3, symbolSize=300),
        ),
        tooltip=[
            alt.Tooltip("row:N", title="Leads of"),
            alt.Tooltip("age:Q", title="Days"),
            alt.Tooltip("value:Q", title="Won, %", format=".1f"),
        ],
    )
    quiet = base.transform_filter(f"datum.what == '{_EACH}'").mark_line(strokeWidth=1.25, point=_dots(14))
    loud = base.transform_filter(f"datum.what == '{_ALL}'").mark_line(strokeWidth=2.5, point=_dots(30))
    return finished(alt.layer(quiet, loud).properties(width="container", height=240))


def ranges(result: ReportResult, key: str, low: str, high: str) -> Chart:
    """A point a row with its range, from zero: what is expected, and between what it may lie."""
    metric = _metric(result, key)
    rows = [
        {
            "row": row.label,
            "place": place,
            **{
                name: _plain(row.values[one], metric, result.currency)
                for name, one in (("value", key), ("low", low), ("high", high))
            },
        }
        for place, row in enumerate(_values(result.rows))
    ]
    return {"spec": _ranges_spec(), "rows": rows, "title": _title(metric, result)}


@cache
def _ranges_spec() -> Spec:
    import altair as alt

    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X("row:N", sort=alt.SortField("place"), axis=alt.Axis(title=None, labelAngle=0, labelOverlap="parity")),
        tooltip=[
            alt.Tooltip("row:N", title="Month"),
            alt.Tooltip("value:Q", title="Expected", format=",.0f"),
            alt.Tooltip("low:Q", title="At least", format=",.0f"),
            alt.Tooltip("high:Q", title="At most", format=",.0f"),
        ],
    )
    y = alt.Y("low:Q", axis=alt.Axis(title=None, tickCount=4, labelExpr=_SHORT), scale=alt.Scale(zero=True))
    span = base.mark_bar(size=26, color="token:accent", opacity=0.22).encode(y=y, y2="high:Q")
    point = base.mark_tick(thickness=3, size=26, color="token:accent", orient="horizontal").encode(y="value:Q")
    return finished(alt.layer(span, point).properties(width="container", height=220))

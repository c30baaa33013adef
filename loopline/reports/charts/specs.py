"""Charts of the reports: Vega-Lite specifications made by Vega-Altair, without data and without colours.

Data goes beside the specification under the name `rows`. Colours are names of design tokens (`token:accent`), which
the page puts in for the theme in use. Bars begin at zero; lines are labelled at their end instead of in a legend.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from loopline.lib.money import Money
from loopline.reports.charts.end_labels import APART_PX, apart, round_ends
from loopline.reports.over_time.series import Point
from loopline.reports.result import Row

Spec = dict[str, Any]
Chart = dict[str, Any]
"""{"spec", "rows"} as JSON; a chart of the library also has a "title"."""

REVENUE, COST = "Revenue", "Cost"
_WHAT, _COLOURS = [REVENUE, COST], ["token:accent", "token:cost-line"]
HIGH = 220
"""Pixels of the chart over time, of which its names need some each."""
MOST_BARS = 10
NAMES_WIDE = "containerSize()[0] > 0 ? min(320, 0.4 * containerSize()[0]) : 160"
"""So many pixels the names beside bars may take: two fifths of the chart, so that there is room for the bars."""
_SHORT = "format(datum.value, '~s')"
"""0, 20k, 1.5M: each label by itself, so that zero is not 0k."""


def _major(amount_minor: float, currency: str) -> float:
    return float(Money(int(amount_minor), currency).major)


def over_time_chart(points: Sequence[Point], currency: str) -> Chart:
    """Two lines: closed revenue and cost per slice of the period. A slice of unknown cost has no point, so the line has
    a gap there; its name stands beside the last point that is known."""
    rows: list[dict[str, Any]] = [
        {"at": point.period.label, "place": place, "what": what,
         "amount": None if amount is None else _major(amount, currency)}
        for place, point in enumerate(points)
        for what, amount in ((REVENUE, point.revenue_minor), (COST, point.cost_minor))
    ]  # fmt: skip
    known = [row for row in rows if row["amount"] is not None]
    low, high = round_ends([row["amount"] for row in known])
    ends = list({row["what"]: row for row in known}.values())
    places = apart([row["amount"] for row in ends], low, high, APART_PX * (high - low) / HIGH)
    for row, place in zip(ends, places, strict=True):
        row["name_at"] = place
    axis = [{"name": "low", "value": low}, {"name": "high", "value": high}]
    return {"spec": _over_time_spec() | {"params": axis}, "rows": rows}


def by_row_chart(rows: Iterable[Row], currency: str) -> Chart:
    """Two bars a row: revenue and cost of the largest rows. What is not known has no bar."""
    shown = [row for row in rows if not row.is_rest][:MOST_BARS]
    bars = [
        {"row": row.label, "place": place, "what": what, "value": None if amount is None else _major(amount, currency)}
        for place, row in enumerate(shown)
        for what, key in ((REVENUE, "revenue_minor"), (COST, "cost_minor"))
        for amount in (row.values.get(key),)
    ]
    return {"spec": _by_row_spec(len(shown)), "rows": bars, "title": f"Revenue and cost, {currency}"}


@cache
def _over_time_spec() -> Spec:
    import altair as alt  # 50 MB and most of a second, needed only where a chart is drawn

    colour = alt.Color("what:N", scale=alt.Scale(domain=_WHAT, range=_COLOURS), legend=None)
    scale = alt.Scale(domainMin=alt.ExprRef("low"), domainMax=alt.ExprRef("high"), nice=False)
    axis = alt.Axis(title=None, tickCount=4, labelExpr=_SHORT)
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X(
            "at:N",
            sort=alt.SortField("place"),
            axis=alt.Axis(title=None, labelAngle=0, labelOverlap="parity", labelSeparation=12),
        ),
        y=alt.Y("amount:Q", axis=axis, scale=scale),
        color=colour,
    )
    lines = base.mark_line(strokeWidth=2, point={"size": 24, "filled": True}).encode(
        tooltip=[
            alt.Tooltip("at:N", title="Time"),
            alt.Tooltip("what:N", title="Figure"),
            alt.Tooltip("amount:Q", title="Amount", format=",.2f"),
        ]
    )
    labels = (
        base.transform_filter("isValid(datum.name_at)")
        .mark_text(align="left", dx=8, fontSize=12, clip=False)
        .encode(text="what:N", y=alt.Y("name_at:Q", axis=axis, scale=scale))
    )
    return finished(alt.layer(lines, labels).properties(width="container", height=HIGH))


@cache
def _by_row_spec(count: int) -> Spec:
    import altair as alt

    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y(
                "row:N",
                sort=alt.SortField("place"),
                axis=alt.Axis(title=None, labelLimit=alt.ExprRef(NAMES_WIDE), ticks=False),
            ),
            yOffset=alt.YOffset("what:N", sort=[COST, REVENUE]),
            x=alt.X("value:Q", axis=alt.Axis(title=None, tickCount=4, labelExpr=_SHORT)),
            color=alt.Color(
                "what:N", scale=alt.Scale(domain=_WHAT, range=_COLOURS), legend=alt.Legend(orient="top", title=None)
            ),
            tooltip=[
                alt.Tooltip("row:N", title="Row"),
                alt.Tooltip("what:N", title="Figure"),
                alt.Tooltip("value:Q", title="Amount", format=",.2f"),
            ],
        )
    )
    return finished(bars.properties(width="container", height=max(120, 28 * count)))


def finished(chart: Any) -> Spec:
    """The specification with the look of all charts: no frame, hairlines, colours by their token."""
    spec: Spec = chart.to_dict()
    spec["config"] = {
        "background": None,
        "font": "Inter, system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": "token:quiet", "gridColor": "token:line", "domainColor": "token:line", "domain": False,
            "ticks": False, "labelFontSize": 12, "labelPadding": 8, "titleColor": "token:quiet",
            "titleFontWeight": 400,
        },
        "axisX": {"grid": False} if "layer" in spec else {},
        "axisY": {} if "layer" in spec else {"grid": False, "labelColor": "token:text"},
        "legend": {"labelColor": "token:muted", "labelFontSize": 12, "symbolType": "square"},
    }  # fmt: skip
    return spec

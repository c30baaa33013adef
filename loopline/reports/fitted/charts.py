"""The two charts of a fitted score: what it foretold against what came, and its lift by tenths."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from loopline.reports.charts.specs import Chart, Spec, finished

_HEIGHT = 240


def fitted_charts(document: Mapping[str, Any]) -> dict[str, Chart]:
    """Chart by its name, as the page draws them."""
    return {"calibration": _calibration(document["calibration"]), "lift": _lift(document["deciles"])}


def _calibration(bins: Sequence[Mapping[str, float]]) -> Chart:
    rows = [{key: one[key] for key in ("foretold", "seen", "low", "high", "n")} for one in bins]
    return {"spec": _calibration_spec(), "rows": rows}


def _lift(deciles: Sequence[Mapping[str, float]]) -> Chart:
    return {"spec": _lift_spec(), "rows": [{key: one[key] for key in ("place", "lift", "won", "n")} for one in deciles]}


@cache
def _calibration_spec() -> Spec:
    import altair as alt  # 50 MB and most of a second, needed only where a chart is drawn

    base = alt.Chart(alt.NamedData("rows"))
    scale = alt.Scale(domainMin=0, nice=True)
    x = alt.X("foretold:Q", scale=scale, axis=alt.Axis(title="foretold", format=".0%", tickCount=5))
    y = alt.Y("seen:Q", scale=scale, axis=alt.Axis(title="won", format=".0%", tickCount=5))
    tooltip = [
        alt.Tooltip("foretold:Q", title="Foretold", format=".1%"),
        alt.Tooltip("seen:Q", title="Won", format=".1%"),
        alt.Tooltip("n:Q", title="Leads"),
    ]
    just_so = base.mark_line(strokeDash=[4, 4], strokeWidth=1, aria=False).encode(
        x=x, y=alt.Y("foretold:Q"), color=alt.value("token:quiet")
    )
    spread = base.mark_rule(aria=False).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=alt.value("token:accent"))
    points = base.mark_circle(size=56, opacity=1).encode(x=x, y=y, color=alt.value("token:accent"), tooltip=tooltip)
    return finished(alt.layer(just_so, spread, points).properties(width="container", height=_HEIGHT))


@cache
def _lift_spec() -> Spec:
    import altair as alt

    base = alt.Chart(alt.NamedData("rows"))
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("place:O", axis=alt.Axis(title="tenth of the leads, the best first", labelAngle=0)),
        y=alt.Y("lift:Q", axis=alt.Axis(title="times the mean", tickCount=4)),
        color=alt.value("token:accent"),
        tooltip=[
            alt.Tooltip("place:O", title="Tenth"),
            alt.Tooltip("lift:Q", title="Times the mean", format=".2f"),
            alt.Tooltip("won:Q", title="Won"),
            alt.Tooltip("n:Q", title="Leads"),
        ],
    )
    mean = base.mark_rule(strokeDash=[4, 4], aria=False).encode(y=alt.datum(1), color=alt.value("token:quiet"))
    return finished(alt.layer(bars, mean).properties(width="container", height=_HEIGHT))

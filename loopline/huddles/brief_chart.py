"""The cohort chart of the brief as a picture, in the same look as the page, on white."""

from collections.abc import Mapping
from datetime import date
from typing import Any


def cohort_spec(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Bars by month: entered in grey, moved on in the accent before it; the young ones are paler."""
    import altair as alt  # 50 MB and most of a second, needed only where a chart is drawn

    rows = [
        {"month": date.fromisoformat(one["on"]).strftime("%b %y"), "place": place, "entered": one["entered"],
         "moved": one["moved"], "mature": bool(one["is_mature"])}
        for place, one in enumerate(stage["cohorts"])
    ]  # fmt: skip
    month = alt.X("month:N", sort=alt.SortField("place"), axis=alt.Axis(title=None, labelAngle=0, ticks=False))
    bars = alt.Chart(alt.InlineData(values=rows)).encode(
        x=month, opacity=alt.condition("datum.mature", alt.value(1), alt.value(0.45))
    )
    whole = bars.mark_bar(color="#c8cad0").encode(y=alt.Y("entered:Q", axis=alt.Axis(title=None, tickCount=4)))
    part = bars.mark_bar(color="#2a59e5").encode(y="moved:Q")
    drawn = alt.layer(whole, part).properties(
        width=520, height=160, title=f"{stage['label']}: entered, and moved on to {stage['moves_on']} (blue)"
    )
    spec: dict[str, Any] = drawn.to_dict()
    return spec


def cohort_picture(known: Mapping[str, Any]) -> bytes:
    """PNG of the bottleneck's cohorts; empty where there is none."""
    stage = next((one for one in known.get("stages", ()) if one["key"] == known.get("worst")), None)
    if stage is None or not stage["cohorts"]:
        return b""
    import vl_convert

    picture: bytes = vl_convert.vegalite_to_png(cohort_spec(stage), scale=2)
    return picture

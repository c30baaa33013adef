"""A figure of one row over the period as small columns, as SVG; its label says in words what the columns show."""

from collections.abc import Sequence

from django.utils.html import format_html

from loopline.lib.amounts import money_whole_text
from loopline.lib.percent import percent_figure
from loopline.reports.metric import Number, Unit
from loopline.reports.over_time.slices import MOST
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.result import ReportResult

HEIGHT = 20


def sparks_drawn(found: Sparks | None, result: ReportResult) -> dict[str, str]:
    """Row → its chart; "" for a row that has nothing in any slice. Empty where the report shows none."""
    if found is None:
        return {}
    return {row.key: _svg(found.of(row.key), found, result.currency) for row in result.rows}


def _svg(points: Sequence[Number] | None, found: Sparks, currency: str) -> str:
    if not points or not any(points):
        return ""
    told = [value for value in points if value is not None]
    top, bottom = max(0, *told), min(0, *told)
    width = max(len(points), MOST // 2)  # a few columns stay narrow

    def down(value: float) -> float:
        return HEIGHT * (top - value) / (top - bottom)

    columns = " ".join(
        f"M{place + 0.12:.2f} {down(0):.2f}V{down(value):.2f}h.76V{down(0):.2f}z"
        for place, value in enumerate(points) if value
    )  # fmt: skip
    words = _words(points, found, currency)
    kind = "is-revenue" if found.metric.unit is Unit.MONEY else "is-count"
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<title>{}</title><path class="{}" d="{}"/><path class="is-zero" d="M0 {}H{}"/></svg>',
        width, HEIGHT, words, words, kind, columns, f"{down(0):.2f}", len(points),
    )  # fmt: skip


def _words(points: Sequence[Number], found: Sparks, currency: str) -> str:
    def said(value: float) -> str:
        if found.metric.unit is Unit.PERCENT:
            return f"{percent_figure(value)}\u00a0%"
        return money_whole_text(round(value), currency) if found.metric.unit is Unit.MONEY else f"{value:,}"

    told = {place: value for place, value in enumerate(points) if value is not None}
    most, last = max(told, key=lambda place: told[place]), max(told)
    periods = found.periods
    return (
        f"{found.metric.label} by {found.step} since {periods[0].label}: most from {periods[most].label} with "
        f"{said(told[most])}, {said(told[last])} from {periods[last].label}"
    )

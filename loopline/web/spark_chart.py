"""Revenue of one row over the period as small columns, as SVG; its label says in words what the columns show."""

from collections.abc import Sequence

from django.utils.html import format_html

from loopline.reports.periods import Period
from loopline.reports.sparks import MOST, Sparks
from loopline.web.wording import money_whole_text

HEIGHT = 20


def sparks_drawn(found: Sparks, rows: Sequence[str], currency: str) -> dict[str, str]:
    """Row → its chart; "" for a row that earned nothing in any slice."""
    return {row: _svg(found.of(row), found, currency) for row in rows}


def _svg(points: Sequence[int], found: Sparks, currency: str) -> str:
    if not any(points):
        return ""
    top, bottom = max(0, *points), min(0, *points)
    width = max(len(points), MOST // 2)  # a few columns stay narrow

    def down(value: int) -> float:
        return HEIGHT * (top - value) / (top - bottom)

    columns = " ".join(
        f"M{place + 0.12:.2f} {down(0):.2f}V{down(value):.2f}h.76V{down(0):.2f}z"
        for place, value in enumerate(points) if value
    )  # fmt: skip
    words = _words(points, found.periods, found.step, currency)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<title>{}</title><path class="is-revenue" d="{}"/><path class="is-zero" d="M0 {}H{}"/></svg>',
        width, HEIGHT, words, words, columns, f"{down(0):.2f}", len(points),
    )  # fmt: skip


def _words(points: Sequence[int], periods: Sequence[Period], step: str, currency: str) -> str:
    most = max(range(len(points)), key=lambda place: points[place])
    return (
        f"Revenue by {step} since {periods[0].label}: most from {periods[most].label} with "
        f"{money_whole_text(points[most], currency)}, {money_whole_text(points[-1], currency)} from {periods[-1].label}"
    )

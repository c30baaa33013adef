"""What an experiment showed at the end of each week, as SVG: the estimate between its bounds, over no difference."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join

from loopline.lib.amounts import MINUS
from loopline.reports.experiments.lift import Lift

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 220, 108, 50, 16, 32
"""Left and right there is room for labels as large as phones need them."""
MOST = 3.0
"""Lifts above three times more are cut, so that the first weeks do not flatten the rest."""


def course_svg(course: Sequence[Lift], *, is_money: bool) -> str:
    """Empty when there was nothing to draw in any week."""
    points = [_bounds(one, is_money) for one in course]
    drawn = [(week, *one) for week, one in enumerate(points) if one is not None]
    if not drawn:
        return ""
    scale = max(max(abs(low), abs(high)) for _, low, _, high in drawn) if is_money else 1.0
    cut = 1.0 if is_money else MOST

    def cut_to(value: float) -> float:
        return min(max(value / (scale or 1.0), -1.0), cut)

    shown = [(week, cut_to(low), cut_to(middle), cut_to(high)) for week, low, middle, high in drawn]
    top, weeks = max(0.2, *(high for *_, high in shown)), max(len(course), 2)
    bottom = min(-0.2, *(low for _, low, *_ in shown))

    def across(week: int) -> str:
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * (week + 1) / weeks:.1f}"

    def down(value: float) -> str:
        return f"{TOP + (HEIGHT - TOP - BOTTOM) * (top - value) / (top - bottom):.1f}"

    band = [f"{across(week)},{down(high)}" for week, _, _, high in shown]
    band += [f"{across(week)},{down(low)}" for week, low, _, _ in reversed(shown)]
    line = " ".join(f"{across(week)},{down(middle)}" for week, _, middle, _ in shown)
    grid = format_html_join(
        "",
        '<line class="is-grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
        '<text x="{3}" y="{2}" dy="0.35em" text-anchor="end">{4}</text>',
        ((LEFT, WIDTH - RIGHT, down(tick), LEFT - 6, _tick(tick, is_money)) for tick in _ticks(bottom, top)),
    )
    dots = format_html_join(
        "", '<circle class="is-dot" cx="{}" cy="{}" r="2.5"/>',
        ((across(week), down(middle)) for week, _, middle, _ in shown),
    )  # fmt: skip
    names = format_html_join(
        "", '<text x="{}" y="{}" text-anchor="middle">week {}</text>',
        ((across(week), HEIGHT - 8, week + 1) for week in sorted({drawn[0][0], len(course) - 1})),
    )  # fmt: skip
    return format_html(
        '<svg class="course-plot" viewBox="0 0 {} {}" aria-hidden="true"><polygon class="is-band" points="{}"/>{}'
        '<line class="is-nothing" x1="{}" x2="{}" y1="{}" y2="{}"/><polyline class="is-line" points="{}"/>{}{}</svg>',
        WIDTH, HEIGHT, " ".join(band), grid, LEFT, WIDTH - RIGHT, down(0), down(0), line, dots, names,
    )  # fmt: skip


def _bounds(found: Lift, is_money: bool) -> tuple[float, float, float] | None:
    """Low, estimate, high; a bound without end is drawn at the edge."""
    if is_money:
        if found.extra is None or found.extra_low is None or found.extra_high is None:
            return None
        return found.extra_low, found.extra, found.extra_high
    if found.lift_low is None:
        return None
    high = MOST if found.lift_high is None else found.lift_high
    return found.lift_low, high if found.lift is None else found.lift, high


def _ticks(bottom: float, top: float) -> list[float]:
    step = next(one for one in (0.1, 0.25, 0.5, 1.0) if (top - bottom) / one <= 5)
    first = int(bottom / step) - 1
    return [place * step for place in range(first, int(top / step) + 2) if bottom <= place * step <= top]


def _tick(value: float, is_money: bool) -> str:
    if is_money:
        return "0" if value == 0 else ""
    return f"{round(100 * value):+} %".replace("-", MINUS) if value else "0"

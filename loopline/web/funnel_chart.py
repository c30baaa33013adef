"""A funnel plot as SVG: people as points over the number of their leads, between the limits of chance."""

from collections.abc import Callable, Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loopline.huddles.funnel import ALARM, WARN, Funnel, Limits, limits

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 320, 44, 54, 10
STEPS = 60
"""So many corners a limit has at most."""


def funnel_svg(found: Funnel) -> str:
    """Empty when there is nobody to show."""
    if found.target is None or not found.placed:
        return ""
    most = max(round(found.largest * 1.1), 10)

    def across(leads: float) -> str:
        return f"{LEFT + (WIDTH - LEFT - 10) * leads / most:.1f}"

    points = format_html_join(
        "",
        '<g><title>{0}: {1} of {2}</title><circle class="{3}" cx="{4}" cy="{5}" r="6"/></g>',
        (
            (
                one.point.name, one.point.part, one.point.whole,
                "is-quiet" if one.verdict == "as others" else "is-marked", across(one.point.whole), _down(one.share),
            )
            for one in found.placed
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="funnel-plot" viewBox="0 0 {} {}" aria-hidden="true">{}{}<line class="is-target" x1="{}" x2="{}" '
        'y1="{}" y2="{}"/>{}{}</svg>',
        WIDTH, HEIGHT, _axes(most, across), _curves(found.target, most, across), LEFT, WIDTH - 10,
        _down(found.target), _down(found.target), points,
        format_html('<text class="is-name" x="{}" y="{}">leads answered</text>', WIDTH // 2, HEIGHT - 2),
    )  # fmt: skip


def _down(share: float) -> str:
    return f"{TOP + (HEIGHT - TOP - BOTTOM) * (1 - share):.1f}"


def _axes(most: int, across: Callable[[float], str]) -> SafeString:
    shares = format_html_join(
        "",
        '<line class="is-grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text x="{3}" y="{2}" dy="4" '
        'text-anchor="end">{4} %</text>',
        ((LEFT, WIDTH - 10, _down(share / 100), LEFT - 6, share) for share in (0, 25, 50, 75, 100)),
    )
    leads = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((across(count), HEIGHT - BOTTOM + 24, f"{count:,}") for count in (0, most // 2, most)),
    )
    return shares + leads


def _curves(target: float, most: int, across: Callable[[float], str]) -> SafeString:
    def line(coverage: float, edge: Callable[[Limits], float]) -> Iterator[str]:
        for count in range(1, most + 1, max(1, most // STEPS)):
            yield f"{across(count)},{_down(edge(limits(count, target, coverage)))}"

    drawn = [
        (name, " ".join(line(coverage, edge)))
        for name, coverage in (("is-warn", WARN), ("is-alarm", ALARM))
        for edge in (lambda one: one.low, lambda one: one.high)
    ]
    return format_html_join("", '<polyline class="{}" points="{}"/>', drawn)

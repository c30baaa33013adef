"""A response curve as SVG: outcome over spend of a week, its range, and where we are; grey where nothing was seen."""

import math
from collections.abc import Callable

from django.utils.html import format_html, format_html_join

from loopline.lib.amounts import money_whole_text
from loopline.reports.response.curve import Response
from loopline.web.wording import figure_text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 200, 52, 14, 10, 30
POINTS = 25


def response_svg(found: Response, currency: str, *, is_money: bool, proposed: float | None = None) -> str:
    """The curve through what comes at the spend of now. Grey beyond the lowest and highest week."""
    steps = [found.least + (found.most - found.least) * place / (POINTS - 1) for place in range(POINTS)]
    ranges = [found.change(found.now, one) for one in steps]
    lows = [max(found.outcome_now + one.low, 0.0) for one in ranges]
    middles = [max(found.outcome_now + one.value, 0.0) for one in ranges]
    highs = [max(found.outcome_now + one.high, 0.0) for one in ranges]
    right, top = found.most * 1.12, max(*middles, min(max(highs), 3 * max(*middles, 1e-9)), 1e-9) * 1.05

    def across(spend: float) -> str:
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * spend / right:.1f}"

    def down(outcome: float) -> str:
        return f"{TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(outcome, top) / top):.1f}"

    band = [f"{across(x)},{down(y)}" for x, y in zip(steps, highs, strict=True)]
    band += [f"{across(x)},{down(y)}" for x, y in zip(reversed(steps), reversed(lows), strict=True)]
    line = " ".join(f"{across(x)},{down(y)}" for x, y in zip(steps, middles, strict=True))
    return format_html(
        '<svg class="response-plot" viewBox="0 0 {} {}" aria-hidden="true">{}{}<polygon class="is-band" points="{}"/>'
        '<polyline class="is-line" points="{}"/>{}{}</svg>',
        WIDTH, HEIGHT, _unknown(found, right, across), _grid(top, down, currency, is_money), " ".join(band), line,
        _marks(found, proposed, across, down), _names(found, across, currency),
    )  # fmt: skip


def _unknown(found: Response, right: float, across: Callable[[float], str]) -> str:
    """What was never spent in a week: grey."""
    parts = ((0.0, found.least), (found.most, right))
    return format_html_join(
        "", '<rect class="is-unknown" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (across(begin), TOP, f"{float(across(end)) - float(across(begin)):.1f}", HEIGHT - TOP - BOTTOM)
            for begin, end in parts
        ),
    )  # fmt: skip


def _grid(top: float, down: Callable[[float], str], currency: str, is_money: bool) -> str:
    return format_html_join(
        "",
        '<line class="is-grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
        '<text x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
        ((LEFT, WIDTH - RIGHT, down(level), LEFT - 6, _told(level, currency, is_money)) for level in _levels(top)),
    )


def _levels(top: float) -> list[float]:
    """Round numbers from nothing up to below the top, some three to five of them."""
    size = 10 ** math.floor(math.log10(top / 2))
    step = next(size * part for part in (1, 2, 5, 10) if top / (size * part) < 5)
    return [step * place for place in range(int(top / step) + 1)]


def _told(outcome: float, currency: str, is_money: bool) -> str:
    return money_whole_text(round(outcome), currency) if is_money else figure_text(round(outcome, 1))


def _marks(
    found: Response, proposed: float | None, across: Callable[[float], str], down: Callable[[float], str]
) -> str:
    spots = [("is-now", "now", found.now)]
    if proposed is not None and abs(proposed - found.now) > 0.005 * found.now:
        spots.append(("is-proposed", "proposed", proposed))
    return format_html_join(
        "",
        '<circle class="{0}" cx="{1}" cy="{2}" r="4.5"/>'
        '<text x="{1}" y="{2}" dy="{4}" text-anchor="middle">{3}</text>',
        ((name, across(at), down(found.outcome_now + found.change(found.now, at).value), word, dy)
         for (name, word, at), dy in zip(spots, (18, -9), strict=False)),
    )  # fmt: skip


def _names(found: Response, across: Callable[[float], str], currency: str) -> str:
    return format_html_join(
        "", '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((across(at), HEIGHT - 10, money_whole_text(round(at), currency)) for at in (found.least, found.most)),
    )  # fmt: skip

"""What each model gives to each row, as marks on one scale, so that one sees where models disagree and by how much.

Marks stand at percentages of the width, so a strip is as wide as its place while its marks stay as large as they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loopline.attribution.own_model import is_own
from loopline.reports.charts.pictures import COLOURS, WIDTH
from loopline.reports.library.model_comparison import APART, PREFIX
from loopline.reports.result import ReportResult

MOST_ROWS = 12
HEIGHT, NAMES_WIDE, KEY_HIGH = 30, 160, 26
"""Of a row; of the names beside the strips and of the line of signs above them, in the picture for mails."""
LONGEST_NAME = 22
_EDGE = 2.0
"""Percent of the width that stay free at both ends, so that no mark is cut."""
_SIGNS = {"first_touch": "is-first", "last_touch": "is-last", "linear": "is-even"}
_OTHER, _OWN = "is-other", "is-own"
_SHAPES = {
    _OTHER: '<circle class="is-other" r="3"/>',
    "is-first": '<circle class="is-first" r="5"/>',
    "is-last": '<rect class="is-last" x="-4.5" y="-4.5" width="9" height="9"/>',
    "is-even": '<circle class="is-even" r="5"/>',
    _OWN: '<path class="is-own" d="M0 -6.5L6.5 0L0 6.5L-6.5 0z"/>',
}
"""Each tells itself apart by its shape, not by its colour alone; what is drawn later lies above."""
_STYLE = (
    f"text{{font:12px sans-serif;fill:{COLOURS['text']}}} .is-quiet{{fill:{COLOURS['quiet']}}} "
    f".is-span{{stroke:{COLOURS['line']};stroke-width:6}} .is-other{{fill:{COLOURS['cost-line']}}} "
    f".is-first{{fill:#ffffff;stroke:{COLOURS['text']};stroke-width:1.75}} .is-last{{fill:{COLOURS['text']}}} "
    f".is-even,.is-own{{fill:{COLOURS['accent']}}}"
)


@dataclass(frozen=True, slots=True)
class Given:
    """What models give to one row."""

    name: str
    amounts: Mapping[str, float]
    """By the key of the model; without those whose rows overlap."""


@dataclass(frozen=True, slots=True)
class Strip:
    name: str
    svg: SafeString


@dataclass(frozen=True, slots=True)
class ModelChart:
    strips: Sequence[Strip]
    signs: Sequence[tuple[str, SafeString]]
    """What each sign stands for: words, and the sign."""
    least: str
    most: str
    """Both ends of the scale, in words."""


def model_chart(rows: Sequence[Given], labels: Mapping[str, str], words: Callable[[float], str]) -> ModelChart | None:
    """The first rows, in their order; `labels` of the models by key. None where no two models share out anything."""
    shown = [one for one in rows if any(one.amounts.values())][:MOST_ROWS]
    if not shown or len(labels) < 2:
        return None
    amounts = [amount for one in shown for amount in one.amounts.values()]
    low, high = min(0.0, *amounts), max(0.0, *amounts)

    def across(amount: float) -> str:
        return f"{_EDGE + (100 - 2 * _EDGE) * (amount - low) / (high - low):.2f}%"

    return ModelChart(
        strips=[Strip(one.name, _strip(one, labels, words, across)) for one in shown],
        signs=list(_signs(labels)),
        least=words(low),
        most=words(high),
    )


def _sign(key: str) -> str:
    return _OWN if is_own(key) else _SIGNS.get(key, _OTHER)


def _signs(labels: Mapping[str, str]) -> Iterator[tuple[str, SafeString]]:
    for sign, shape in sorted(_SHAPES.items(), key=lambda one: one[0] == _OTHER):
        named = [label for key, label in labels.items() if _sign(key) == sign]
        if named:
            several = f"{len(named)} others" if sign == _OTHER else f"{len(named)} of our own"
            yield named[0] if len(named) == 1 else several, SafeString(shape)


def _strip(
    given: Given, labels: Mapping[str, str], words: Callable[[float], str], across: Callable[[float], str]
) -> SafeString:
    amounts = given.amounts
    least, most = min(amounts, key=lambda key: amounts[key]), max(amounts, key=lambda key: amounts[key])
    told = f"{given.name}: {words(amounts[least])} by {labels[least]} to {words(amounts[most])} by {labels[most]}"
    order = sorted(amounts, key=lambda key: list(_SHAPES).index(_sign(key)))
    marks = format_html_join(
        "",
        '<svg x="{}" y="50%" overflow="visible"><title>{}: {}</title>{}</svg>',
        ((across(amounts[key]), labels[key], words(amounts[key]), SafeString(_SHAPES[_sign(key)])) for key in order),
    )
    return format_html(
        '<svg class="model-strip" width="100%" height="{}" role="img" aria-label="{}">'
        '<line class="is-span" x1="{}" x2="{}" y1="50%" y2="50%"/>{}</svg>',
        HEIGHT, told, across(amounts[least]), across(amounts[most]), marks,
    )  # fmt: skip


def model_png(chart: ModelChart) -> bytes:
    """The same as a picture for mails, twice as fine as it is shown, in the colours of the light theme."""
    import vl_convert  # a JavaScript engine of a hundred megabytes, only where a picture is drawn

    high = KEY_HIGH + HEIGHT * len(chart.strips) + 22
    wide = WIDTH - NAMES_WIDE
    signs = format_html_join(
        "",
        '<svg x="{}" y="10" overflow="visible">{}<text x="11" y="4">{}</text></svg>',
        (
            (8 + place * WIDTH // len(chart.signs), shape, _short(label, LONGEST_NAME * 3 // len(chart.signs)))
            for place, (label, shape) in enumerate(chart.signs)
        ),
    )
    rows = format_html_join(
        "",
        '<svg y="{}" width="{}" height="{}"><text x="0" y="19">{}</text><svg x="{}" width="{}" height="{}">{}</svg>'
        "</svg>",
        (
            (KEY_HIGH + HEIGHT * place, WIDTH, HEIGHT, _short(one.name), NAMES_WIDE, wide, HEIGHT, one.svg)
            for place, one in enumerate(chart.strips)
        ),
    )
    drawn = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}"><style>{2}</style>'
        '<rect width="100%" height="100%" fill="#ffffff"/>{3}{4}<text class="is-quiet" x="{5}" y="{6}">{7}</text>'
        '<text class="is-quiet" x="{0}" y="{6}" text-anchor="end">{8}</text></svg>',
        WIDTH, high, SafeString(_STYLE), signs, rows, NAMES_WIDE, high - 6, chart.least, chart.most,
    )  # fmt: skip
    picture: bytes = vl_convert.svg_to_png(str(drawn), scale=2)
    return picture


def _short(name: str, most: int = LONGEST_NAME) -> str:
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def comparison_chart(result: ReportResult, words: Callable[[float], str]) -> ModelChart | None:
    """Of the report that compares models; what is no value of its dimension is left to the table."""
    labels = {metric.key.removeprefix(PREFIX): metric.short for metric in result.metrics if metric.key != APART.key}
    return model_chart(
        [
            Given(row.label, {key: float(row.values[f"{PREFIX}{key}"] or 0) for key in labels})
            for row in result.rows
            if not row.is_rest
        ],
        labels,
        words,
    )

"""The ways of buyers as SVG: channels turn by turn from left to right, as thick as the sales that came through."""

from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loopline.reports.charts.flows import Flow, Flows, Stop
from loopline.reports.charts.pictures import COLOURS

COLUMN, MOST_COLUMN, WIDTH = 150, 400, 960
"""Width from turn to turn: at least, at most; and of all turns where that leaves the choice."""
BAR, GAP, TOP, HEIGHT = 10, 22, 16, 260
"""Width of a stop; the least space between stops; where they begin; height of all sales."""
LONGEST_NAME = 19
_STYLE = (
    f"text{{font:12px sans-serif;fill:{COLOURS['text']}}} tspan{{fill:{COLOURS['quiet']}}} "
    f"rect{{fill:{COLOURS['accent']}}} .is-flow{{fill:{COLOURS['accent']};opacity:.25}} .is-paper{{fill:#ffffff}}"
)
_PAPER = '<rect class="is-paper" width="100%" height="100%"/>'


@dataclass(frozen=True, slots=True)
class _Place:
    x: float
    y: float
    height: float


def flow_svg(found: Flows, wide: int = WIDTH) -> str:
    """Empty where nothing leads to anything. `wide`: pixels for all turns, where they leave the choice."""
    if not found.flows:
        return ""
    per_sale = HEIGHT / found.won
    turns = found.stops[-1].turn
    column = min(MOST_COLUMN, max(COLUMN, (wide - COLUMN) // turns))
    places, deepest = _places(found.stops, per_sale, column)
    width = turns * column + COLUMN
    return format_html(
        '<svg class="flow-chart" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}{}</svg>',
        width, round(deepest + 8), width, round(deepest + 8),
        "The commonest paths to a sale, turn by turn; the same figures are in the table below",
        _bands(found.flows, places, per_sale), _bars(found.stops, places),
    )  # fmt: skip


def flow_png(found: Flows) -> bytes:
    """The same as a picture for mails, twice as fine as it is shown, in the colours of the light theme."""
    import vl_convert  # a JavaScript engine of a hundred megabytes, only where a picture is drawn

    drawn = flow_svg(found).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    head = drawn.index(">") + 1
    picture: bytes = vl_convert.svg_to_png(f"{drawn[:head]}<style>{_STYLE}</style>{_PAPER}{drawn[head:]}", scale=2)
    return picture


def _places(stops: list[Stop], per_sale: float, column: int) -> tuple[dict[Stop, _Place], float]:
    """Stops of a turn stand below each other, each with room for its name; and how deep the deepest turn reaches."""
    places: dict[Stop, _Place] = {}
    down: dict[int, float] = {}
    for stop in stops:
        y = down.get(stop.turn, TOP)
        places[stop] = _Place(stop.turn * column + 2, y, max(stop.won * per_sale, 2))
        down[stop.turn] = y + places[stop].height + GAP
    return places, max(down.values()) - GAP


def _bands(flows: list[Flow], places: dict[Stop, _Place], per_sale: float) -> SafeString:
    """Bands leave and arrive in the order of the stops at their other end, so that few of them cross."""
    left = _edges(flows, places, per_sale, leaving=True)
    right = _edges(flows, places, per_sale, leaving=False)
    return format_html_join(
        "",
        '<path class="is-flow" d="{}"><title>{} › {}: {} won</title></path>',
        (
            (_band(places[flow.source].x + BAR, left[flow], places[flow.target].x, right[flow], flow.won * per_sale),
             flow.source.name, flow.target.name, f"{flow.won:,}")
            for flow in flows
        ),
    )  # fmt: skip


def _edges(flows: list[Flow], places: dict[Stop, _Place], per_sale: float, *, leaving: bool) -> dict[Flow, float]:
    """Where the upper edge of each band meets its stop."""

    def here(flow: Flow) -> Stop:
        return flow.source if leaving else flow.target

    def there(flow: Flow) -> _Place:
        return places[flow.target if leaving else flow.source]

    used: dict[Stop, float] = {}
    edges = {}
    for flow in sorted(flows, key=lambda one: (there(one).y, there(one).x)):
        stop = here(flow)
        edges[flow] = places[stop].y + used.get(stop, 0.0)
        used[stop] = used.get(stop, 0.0) + flow.won * per_sale
    return edges


def _band(x1: float, y1: float, x2: float, y2: float, thick: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}v{thick:.1f}"
        f"C{middle:.1f},{y2 + thick:.1f} {middle:.1f},{y1 + thick:.1f} {x1:.1f},{y1 + thick:.1f}z"
    )


def _bars(stops: list[Stop], places: dict[Stop, _Place]) -> SafeString:
    return format_html_join(
        "",
        '<g><title>{0}: {1} won</title><rect x="{2}" y="{3}" width="{4}" height="{5}"/>'
        '<text x="{2}" y="{6}">{7} <tspan>{1}</tspan></text></g>',
        (
            (stop.name, f"{stop.won:,}", f"{place.x:.1f}", f"{place.y:.1f}", BAR, f"{place.height:.1f}",
             f"{place.y - 4:.1f}", _name(stop.name))
            for stop, place in ((stop, places[stop]) for stop in stops)
        ),
    )  # fmt: skip


def _name(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"

"""A report's chart as a picture for mails: the same specification as the page's, in the colours of the light theme."""

from typing import Any

from loopline.reports.charts.specs import Chart

COLOURS = {
    "accent": "#2a59e5", "cost-line": "#8b8e96", "quiet": "#6b6e75", "muted": "#55585e", "text": "#17181a",
    "line": "#e7e5e0",
}  # fmt: skip
"""Of the tokens that charts name, as `tokens.css` has them for light."""
WIDTH = 560


def png_of(chart: Chart) -> bytes:
    """PNG, twice as fine as it is shown (560 px wide), on white."""
    import vl_convert  # a JavaScript engine of a hundred megabytes, only where a picture is drawn

    picture: bytes = vl_convert.vegalite_to_png(_whole(chart), scale=2)
    return picture


def svg_of(chart: Chart) -> str:
    """The same as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_whole(chart)))


def _whole(chart: Chart) -> dict[str, Any]:
    """The specification with its data and its colours, by itself."""
    about = {"datasets": {"rows": chart["rows"]}, "width": WIDTH, "background": "#ffffff"}
    coloured: dict[str, Any] = _coloured(chart["spec"])
    return coloured | about


def _coloured(value: Any) -> Any:
    if isinstance(value, str):
        return COLOURS[value.removeprefix("token:")] if value.startswith("token:") else value
    if isinstance(value, list):
        return [_coloured(one) for one in value]
    if isinstance(value, dict):
        return {key: _coloured(one) for key, one in value.items()}
    return value

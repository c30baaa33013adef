"""Credit by channel as people and programs read it: a table, CSV, JSON; of one model or of several side by side."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from loopline.attribution.disagreement import apart
from loopline.attribution.file_answers import Answer, Answers, channels_of
from loopline.attribution.model import Deal
from loopline.lib.percent import percent_figure
from loopline.lib.sheets import safe_cell
from loopline.reports.files.write import UNDEFINED, aligned

COLUMNS = ("channel", "conversions", "value", "removal_effect")
INTERVAL = ("conversions_low", "conversions_high", "rank")
FIGURES = ("conversions", "value")


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """What earns most first."""
    credit, interval = answer.credit, answer.interval
    rows = [
        {
            "channel": channel,
            "conversions": float(credit.conversions[place]),
            "value": float(credit.value[place]) if answer.has_value else None,
            "removal_effect": None if credit.removal_effect is None else float(credit.removal_effect[place]),
        }
        for place, channel in enumerate(answer.channels)
    ]
    if interval is not None:
        total, ranks = answer.conversions, interval.ranks()
        for place, row in enumerate(rows):
            bounds = float(interval.low[place] * total), float(interval.high[place] * total)
            row |= dict(zip(INTERVAL, (*bounds, ranks[place]), strict=True))
    return sorted(rows, key=lambda row: (-float(row["conversions"]), str(row["channel"])))


def print_json(answers: Answers) -> None:
    """One model: `model`, `order`, `rows`. Several: the same of each under `models`. More windows: under `windows`."""
    first = answers.first
    told: dict[str, Any] = _told(first[0]) if len(first) == 1 else {"models": [_told(one) for one in first]}
    if len(first) > 1:
        told["disagreements"] = answers.disagreements()
    if answers.left_out:
        told["left_out"] = answers.left_out
    if len(answers.by_window) + len(answers.empty) > 1:
        told["windows"] = [
            {"lookback_days": window} | _told(one) for window, found in answers.by_window.items() for one in found
        ]
        told["empty_windows"] = answers.empty
    print(json.dumps(told, ensure_ascii=False, indent=1))


def _told(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"model": answer.model.key, "order": answer.order, "rows": rows_of(answer)}
    if answer.unattributed:
        value = answer.unattributed_value if answer.has_value else None
        told["unattributed"] = {"conversions": answer.unattributed, "value": value}
    if answer.model.overlaps:
        told["overlaps"] = True
    return told


def print_csv(answers: Answers, *, with_intervals: bool) -> None:
    """A line a channel; of several models or windows a line each, with the name of the model or the window in front."""
    columns = [*COLUMNS, *(INTERVAL if with_intervals else ())]
    ahead = [*(["model"] if len(answers.first) > 1 else []), *(["lookback_days"] if len(answers.by_window) > 1 else [])]
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    write([*ahead, *columns])
    for answer in (one for found in answers.by_window.values() for one in found):
        about = {"model": answer.model.key, "lookback_days": _cell(answer.lookback_days)}
        for row in rows_of(answer):
            cells = {name: _cell(row.get(name)) for name in columns} | {"channel": safe_cell(row["channel"])}
            write([*(about[name] for name in ahead), *cells.values()])


def _cell(figure: object) -> object:
    return "" if figure is None else figure


def print_tables(answers: Answers, *, with_intervals: bool) -> None:
    """One model: all its figures. Several: a table of conversions and one of value; then those with intervals each for
    itself. Under them how much the window matters, where several were asked for."""
    first = answers.first
    if len(first) == 1:
        _print(_one(first[0]))
    else:
        _print_apart([(figure, _side_by_side(first, figure)) for figure in FIGURES if _says(first, figure)])
        for answer in first if with_intervals else ():
            if answer.interval is not None:
                print(f"\n{answer.model.label}")
                _print(_one(answer))
    if len(answers.by_window) + len(answers.empty) > 1:
        for answer in first:
            print(f"\n{answer.model.label} by lookback window")
            _print_apart(
                [(figure, _by_window(answers, answer, figure)) for figure in FIGURES if _says([answer], figure)]
            )


Cells = list[list[str]]


def _says(answers: Sequence[Answer], figure: str) -> bool:
    """Files without values say nothing of them."""
    return figure == "conversions" or any(one.has_value for one in answers)


def _print_apart(tables: Sequence[tuple[str, Cells]]) -> None:
    for place, (figure, cells) in enumerate(tables):
        cells[0][0] = f"{figure.capitalize()} of"
        if place:
            print()
        _print(cells)


def _one(answer: Answer) -> Cells:
    rows, is_markov = rows_of(answer), answer.credit.removal_effect is not None
    more = [*(["Removal effect"] if is_markov else []), *(["Between", "Rank"] if answer.interval else [])]
    told = [name for name in FIGURES if _says([answer], name)]
    cells = [["Channel", *(name.capitalize() for name in told), *more]]
    for row in rows:
        effect = [f"{row['removal_effect']:.4f}"] if is_markov else []
        if answer.interval:
            effect += [f"{row['conversions_low']:,.2f} and {row['conversions_high']:,.2f}", str(row["rank"] or "open")]
        cells.append([row["channel"], *(f"{row[name]:,.2f}" for name in told), *effect])
    if not answer.model.overlaps:
        totals = [f"{sum(row[name] for row in rows):,.2f}" for name in told]
        cells.append(["Total", *totals, *[""] * len(more)])
    return cells


def _figures(answer: Answer, figure: str) -> Mapping[str, float]:
    return answer.by_channel(answer.credit.conversions if figure == "conversions" else answer.credit.value)


def _side_by_side(answers: Sequence[Answer], figure: str) -> Cells:
    """A column a model; how far apart those lie that share out the same whole."""
    given = [_figures(one, figure) for one in answers]
    fair = [one.model.deal is Deal.BY_WEIGHT for one in answers]
    cells = [["", *(one.model.label for one in answers), "Difference"]]
    for channel in channels_of(answers):
        amounts = [figures.get(channel, 0.0) for figures in given]
        far = apart([amount for amount, is_fair in zip(amounts, fair, strict=True) if is_fair])
        cells.append([channel, *(f"{amount:,.2f}" for amount in amounts), _percent(far)])
    totals = [
        UNDEFINED if one.model.overlaps else f"{sum(figures.values()):,.2f}"
        for one, figures in zip(answers, given, strict=True)
    ]
    return [*cells, ["Total", *totals, ""]]


def _by_window(answers: Answers, of: Answer, figure: str) -> Cells:
    """A column a window; what has no touchpoint in it is unattributed there."""
    windows = sorted([*answers.by_window, *answers.empty], key=lambda days: (days is None, days or 0))
    found = [
        next((one for one in answers.by_window.get(window, ()) if one.model.key == of.model.key), None)
        for window in windows
    ]
    given = [None if one is None else _figures(one, figure) for one in found]
    without = [None if one is None else _unattributed(one, figure) for one in found]
    heads = ["No window" if window is None else f"{window} days" for window in windows]
    return [
        ["", *heads, "Difference"],
        *(
            _window_line(channel, [None if figures is None else figures.get(channel, 0.0) for figures in given])
            for channel in channels_of([one for one in found if one is not None])
        ),
        _window_line("Unattributed", without),
    ]


def _unattributed(answer: Answer, figure: str) -> float:
    return answer.unattributed if figure == "conversions" else answer.unattributed_value


def _window_line(name: str, amounts: Sequence[float | None]) -> list[str]:
    far = apart([amount for amount in amounts if amount is not None])
    return [name, *(UNDEFINED if amount is None else f"{amount:,.2f}" for amount in amounts), _percent(far)]


def _percent(figure: float | None) -> str:
    return UNDEFINED if figure is None else f"{percent_figure(figure)} %"


def _print(cells: Cells) -> None:
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    for row in cells:
        print(aligned(row, widths).rstrip())

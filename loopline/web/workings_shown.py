"""The workings of a figure as a page shows them: each line with the addresses of what is behind its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import Metric, Number
from loopline.reports.opened import Opened, Working
from loopline.reports.option_words import said_and_read
from loopline.web.report_pages import behind_of


@dataclass(frozen=True, slots=True)
class Cell:
    metric: Metric
    value: Number
    address: str
    """Of what is behind it; "" where nothing is."""


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    note: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Shown:
    working: Working
    lines: list[Line]


def workings_shown(opened: Opened, report: str, query: Mapping[str, str]) -> list[Shown]:
    """`query`: the options of the page, which hold for what is behind as well unless a line says otherwise."""
    return [
        Shown(
            working,
            [
                Line(step.label, step.note, [
                    Cell(metric, value := step.values.get(metric.key),
                         "" if value is None else _address(step.leads.get(metric.key, {}), report, query))
                    for metric in working.columns
                ])
                for step in working.steps
            ],
        )
        for working in opened.workings
    ]  # fmt: skip


def _address(leads: Mapping[str, str], report: str, query: Mapping[str, str]) -> str:
    if not leads:
        return ""
    key = leads.get("report", report)
    words = said_and_read(REPORTS[key], query) | dict(leads)
    told = {name: word for name, word in words.items() if word and name not in ("report", "compare")}
    return f"{behind_of(key)}?{urlencode(told)}"

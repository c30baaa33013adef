"""A report as a mail: key figures, chart and the largest rows in HTML, the whole table as CSV and XLSX beside it.

Written by hand in the few tags that every mail program shows; whatever people typed is escaped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from loopline.access.mail import Attachment
from loopline.lib.amounts import MINUS, major_text, money_whole_text
from loopline.lib.percent import percent_figure
from loopline.reporting.flow_chart import flow_png
from loopline.reporting.model_chart import comparison_chart, model_png
from loopline.reports.asked_words import asked_words, days_words
from loopline.reports.charts.flows import flows_of
from loopline.reports.charts.pictures import png_of
from loopline.reports.files.export import FORMS
from loopline.reports.files.write import UNDEFINED, table_lines
from loopline.reports.library.paths import ARROW
from loopline.reports.metric import Metric, Number, Unit
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row

MOST_ROWS = 20
MOST_COLUMNS = 5
LONGEST_NAME = 80
CHART = "chart"
ATTACHED = ("csv", "xlsx")
Exported = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def letter_of(name: str, result: ReportResult, report: Report, address: str, file: Exported) -> Letter:
    """The mail about this result; `address` is where the page is, `file` gives the whole table in a form of FORMS."""
    called = slugify(f"{result.title}-{result.first}-{result.last}")
    attachments = [Attachment(f"{called}.{form}", FORMS[form], file(form)) for form in ATTACHED]
    picture = _picture(result, report)
    if picture:
        attachments.insert(0, Attachment("chart.png", "image/png", picture, cid=CHART))
    text = "\n".join([name, "", *table_lines(result.to_json()), "", address, ""])
    return Letter(_subject(name, result), text, _html(name, result, report, address, bool(picture)), tuple(attachments))


def _subject(name: str, result: ReportResult) -> str:
    """Its name, and which report it is where the name does not say it already."""
    return result.title if name.casefold() in result.title.casefold() else f"{name}: {result.title}"


def _picture(result: ReportResult, report: Report) -> bytes | None:
    """What the page draws: the flow of the commonest ways, or the report's chart; None where there is neither."""
    if report.key == "paths" and result.by == "path":
        flows = flows_of(result.rows, ARROW)
        return flow_png(flows) if flows.flows else None
    if report.key == "model-comparison":
        money = next((metric for metric in result.metrics if metric.unit is Unit.MONEY), None)
        chart = money and comparison_chart(result, lambda amount: figure_in_words(amount, money, result.currency))
        return model_png(chart) if chart else None
    return png_of(report.chart(result)) if report.chart and len(result.rows) > 1 else None


def _caption(result: ReportResult, report: Report) -> str:
    """What the chart shows, as the page says above it."""
    if report.key in ("paths", "model-comparison") or report.chart is None:
        return "The commonest paths" if report.key == "paths" and result.by == "path" else report.question
    return str(report.chart(result)["title"])


_STYLE = """
@media (prefers-color-scheme: dark) {
body { background:#131416 !important; color:#e9e8e5 !important } .card { background:#1a1b1e !important }
.quiet { color:#a2a5ac !important } .mind { color:#e3ac63 !important } .good { color:#63c78f !important }
.bad { color:#ff9186 !important } a { color:#8fadff !important } th, td { border-color:#36383d !important }
}
@media (max-width: 480px) { .card { padding:16px !important } .more { display:none !important } }
"""
"""What a mail program that knows it does in the dark and on a phone; the others read what stands at each part."""
ON_PHONES = 3
"""So many columns fit beside the name."""
_CELL = "padding:5px 10px 5px 0;border-bottom:1px solid #e7e5e0;"
_HEAD = _CELL + "color:#6b6e75;font-size:12px;font-weight:400;"
_QUIET = "color:#6b6e75;font-size:13px;"


def _html(name: str, result: ReportResult, report: Report, address: str, has_chart: bool) -> str:
    shown = (
        '<p class="quiet" style="{}margin-bottom:4px;">{}</p><p style="margin-top:0;">'
        '<img src="cid:{}" width="560" alt="{}" style="max-width:100%;height:auto;border-radius:6px;"></p>'
    )
    picture = format_html(shown, _QUIET, _caption(result, report), CHART, result.title) if has_chart else ""
    return str(
        format_html(
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            '<meta name="color-scheme" content="light dark"><title>{0}</title><style>{10}</style></head>'
            '<body style="margin:0;background:#fbfaf8;color:#17181a;font:14px/20px system-ui,sans-serif;">'
            '<div class="card" style="max-width:640px;margin:0 auto;padding:24px;background:#ffffff;">'
            '<h1 style="font-size:20px;margin:0;">{0}</h1>'
            '<p class="quiet" style="{1}">{2}. {3}, as of {4} UTC.</p>'
            "{5}{6}{7}{8}"
            '<p style="margin-top:24px;"><a href="{9}">Open it</a>. The whole table is attached.</p>{11}'
            "</div></body></html>",
            name, _QUIET, result.title, days_words(str(result.first), str(result.last)),
            f"{result.as_of:%-d %b %Y %H:%M}",
            _proof(result), _minds(result, address), picture, _table(result, report, _columns(result, report)), address,
            SafeString(_STYLE), _asked(result, report),
        )
    )  # fmt: skip


def _asked(result: ReportResult, report: Report) -> SafeString:
    """The options beside the period; nothing of a report that has none."""
    asked = [(label, words) for label, words in asked_words(result.to_json(), report) if label != "Period"]
    lines = format_html_join("", "{}: {}<br>", asked)
    return format_html('<p class="quiet" style="{}">{}</p>', _QUIET, lines) if asked else SafeString("")


_MIND = '<p class="mind" style="color:#8a4f00;font-size:13px;">{} <a href="{}">{}</a></p>'


def _minds(result: ReportResult, address: str) -> SafeString:
    """What to be careful about; unusual records open beside the report's own page."""
    page, _, query = address.partition("?")
    beside = f"{page.partition('/reports/')[0]}/reports/unusual/{result.report}"
    opens = [(one.sentence, f"{beside}/{one.key}/" + (f"?{query}" if query else ""), "Show") for one in result.unusual]
    others = ((words, "", "") for words in result.warnings)
    return format_html_join("", _MIND, opens) + format_html_join(
        "", _MIND.replace(' <a href="{}">{}</a>', "{}{}"), others
    )


def _columns(result: ReportResult, report: Report) -> list[Metric]:
    by_key = {metric.key: metric for metric in result.metrics}
    return [by_key[key] for key in report.leading if key in by_key][:MOST_COLUMNS] or result.metrics[-MOST_COLUMNS:]


def _proof(result: ReportResult) -> SafeString:
    one = result.balance or result.check
    if one is None:
        return SafeString("")
    good, bad = ("Balanced", "Does not balance") if result.balance else ("Adds up", "Does not add up")
    tone, colour, words = ("good", "#10693d", good) if one.holds else ("bad", "#b02318", bad)
    return format_html('<p class="{}" style="color:{};font-size:13px;">{}</p>', tone, colour, words)


def _table(result: ReportResult, report: Report, columns: Sequence[Metric]) -> SafeString:
    head = format_html_join(
        "", '<th class="{}" align="right" style="{}">{}</th>',
        ((f"quiet {_kind(place)}", _HEAD, one.short) for place, one in enumerate(columns)),
    )  # fmt: skip
    rows = [*result.rows[:MOST_ROWS], *([result.totals] if result.has_total else [])]
    told = [(row, [report.told_in(row.key, one) for one in columns]) for row in rows]
    body = format_html_join(
        "", "<tr>{}</tr>", ((_line(row, columns, result.currency, row is result.totals),) for row, columns in told)
    )
    left = len(result.rows) - MOST_ROWS
    rest = (
        format_html('<p class="quiet" style="{}">{} more rows are in the file.</p>', _QUIET, left) if left > 0 else ""
    )
    return format_html(
        '<table width="100%" style="border-collapse:collapse;">'
        '<tr><th class="quiet" align="left" style="{}">{}</th>{}</tr>{}</table>{}{}',
        _HEAD, result.head, head, body, _cost_notes(rows), rest,
    )  # fmt: skip


def _cost_notes(rows: Sequence[Row]) -> SafeString:
    """Why the cost of a row with a star is incomplete, as the table of text in the same mail says it."""
    notes = format_html_join("", "* {}: {}<br>", ((row.label, row.cost_note) for row in rows if row.cost_note))
    return format_html('<p class="mind" style="color:#8a4f00;font-size:13px;">{}</p>', notes) if notes else notes


def _line(row: Row, columns: Sequence[Metric], currency: str, is_total: bool) -> SafeString:
    is_quiet = bool(row.young_note or row.is_rest) and not is_total
    tone = "quiet" if is_quiet else ""
    style = _CELL + ("font-weight:600;" if is_total else "color:#6b6e75;" if is_quiet else "")
    said = " *" if row.cost_note else ""
    said += " (too early to judge)" if row.young_note else ""
    cells = format_html_join(
        "", '<td class="{}" align="right" style="{}white-space:nowrap;">{}</td>',
        ((f"{tone} {_kind(place)}", style, figure_in_words(row.values[one.key], one, currency))
         for place, one in enumerate(columns)),
    )  # fmt: skip
    name = row.label if len(row.label) <= LONGEST_NAME else f"{row.label[: LONGEST_NAME - 1].rstrip()}…"
    return format_html(
        '<td class="{}" style="{}overflow-wrap:anywhere;min-width:110px;">{}{}</td>{}', tone, style, name, said, cells
    )


def _kind(place: int) -> str:
    return "more" if place >= ON_PHONES else ""


def figure_in_words(value: Number, metric: Metric, currency: str) -> str:
    """`€1,235`, `53 %`, `1,396`, `21.2 h`; — where it is not known."""
    if value is None:
        return UNDEFINED
    match metric.unit:
        case Unit.MONEY:
            return money_whole_text(int(value), currency)
        case Unit.AMOUNT:
            return major_text(value, currency)
        case Unit.PERCENT:
            return f"{percent_figure(value)} %".replace("-", MINUS)
        case Unit.HOURS:
            return f"{value:,.1f} h"
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.1f}").replace("-", MINUS)

"""The options of `loopline report`: what there is to type, what does not go together, and what is sent on."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.reports.catalogue import REPORTS
from loopline.reports.files.export import FORMS
from loopline.reports.keepable import KEEPABLE
from loopline.reports.option_words import names_read
from loopline.reports.options import DIRECTS, HUMANS
from loopline.reports.unread import not_read
from loopline.reports.weekly.figures import KEY as WEEKLY

BINARY = ("xlsx", "parquet")
_SENT = (
    "from", "to", "as_of", "model", "clock", "by", "unit", "lookback", "half_life", "order", "conversion", "people",
    "kinds", "direct", "humans", "changed_since", "frozen", "against", "metric", "cause", "row", "windows", "sql",
)  # fmt: skip


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help=f"which report: {', '.join([*REPORTS, WEEKLY])}")
    parser.add_argument("--from", metavar="D", help="first day, such as 2026-01-01 (default: the first of the books)")
    parser.add_argument("--to", metavar="D", help="last day, included (default: the last of the books)")
    parser.add_argument("--as-of", metavar="T", help="what the books said then, a day or a moment (default: now)")
    parser.add_argument(
        "--changed-since", metavar="T", help="instead: what changed since then, split into what arrived in between"
    )
    parser.add_argument("--model", metavar="M", help="attribution model, such as linear (default) or first_touch")
    parser.add_argument("--clock", choices=["period", "cohort"], help="by closing date (default) or by touchpoint date")
    parser.add_argument("--by", metavar="DIMENSION", help="campaign (default), channel, landing_page, business_unit, …")
    parser.add_argument("--unit", metavar="UNIT", help="only this business unit, by name or id (default: all)")
    parser.add_argument("--lookback", metavar="DAYS", help="days before the conversion, or none (default 90)")
    parser.add_argument("--half-life", metavar="DAYS", help="of time_decay (default 7)")
    parser.add_argument("--conversion", metavar="C", help="only lead, qualified, opportunity or won (default: all)")
    parser.add_argument("--people", choices=list(PEOPLE), help="whose touchpoints may earn (default contacts)")
    parser.add_argument("--kinds", metavar="K,K", help=f"touchpoints that may earn, of {','.join(EARNING_KINDS)}")
    parser.add_argument("--direct", choices=list(DIRECTS), help="does the channel Direct earn? (default count)")
    parser.add_argument("--humans", choices=list(HUMANS), help="whether machines may earn too (default only)")
    parser.add_argument("--order", metavar="K", help="of the Markov chain: 1 (default), 2 or 3")
    parser.add_argument(
        "--frozen",
        metavar="ID",
        help="a frozen run, as it was; beside --against and --as-of other options do not matter",
    )
    parser.add_argument("--series", action="store_true", help="what the rows show over time, a line each and period")
    parser.add_argument(
        "--windows", action="store_const", const="yes", help="instead: how much the lookback window matters"
    )
    parser.add_argument(
        "--sql", action="store_const", const="yes", help="instead: what it asks the event store, as SQL with its values"
    )
    parser.add_argument(
        "--against",
        metavar="ID",
        help="with --frozen: what changed between it and this other run, or now (as of --as-of)",
    )
    parser.add_argument("--metric", metavar="M", help="of what changed: row by row in this figure")
    parser.add_argument(
        "--cause", metavar="C", help="of what changed: the records that this cause changed, and its facts"
    )
    parser.add_argument(
        "--row", metavar="ROW", help="with --cause: in this row, by its name or key (default: the total)"
    )
    parser.add_argument("--format", choices=["table", *FORMS], default="table")
    parser.add_argument("--output", metavar="FILE", help="write there instead of printing; XLSX and Parquet need it")


def refusal(given: Namespace) -> str:
    """Why these options do not go together, and what to do; "" where they do."""
    return next(_refusals(given), "")


def _refusals(given: Namespace) -> Iterator[str]:
    no_table = given.key == WEEKLY or given.changed_since
    if given.format in BINARY and not given.output:
        yield f"{given.format} is no text to print: add --output report.{given.format}"
    if given.series and (no_table or given.against):
        yield "--series is of reports with rows: the weekly table and what changed have none"
    if given.windows and (no_table or given.frozen or given.series):
        yield "--windows is of a report as it is now: leave out --series, --changed-since, --frozen"
    changes = given.changed_since or given.against
    if (given.metric is not None or given.cause is not None) and not changes:
        yield "--metric and --cause are of what changed: add --changed-since T, or --frozen ID --against now"
    if given.row is not None and not given.cause:
        yield "--row says in which row a cause is opened: add --cause C"
    if changes and given.format in BINARY:
        yield "what changed is written as table, csv or json"
    if given.sql and (given.series or given.changed_since or given.frozen or given.windows or given.format != "table"):
        yield "--sql is what a report asks, as SQL: leave out --series, --windows, --changed-since, --frozen, --format"
    yield from _changing_nothing(given)
    if given.against and not given.frozen:
        yield "--against says what to compare a frozen run with: add --frozen ID"
    if given.frozen and given.changed_since:
        yield "--frozen has a moment of its own to compare with: leave out --changed-since, or say --against now"


def _changing_nothing(given: Namespace) -> Iterator[str]:
    """Options that this report does not read. A frozen run is as it was, whatever else is said."""
    report = KEEPABLE.get(given.key)
    if report and not given.frozen:
        for name, lacks in not_read(words_sent(given), names_read(report)).items():
            yield f"--{name.replace('_', '-')} changes nothing: “{report.label}” has no {lacks}; leave it out"


def words_sent(given: Namespace) -> dict[str, str]:
    """What was typed, by the names that the server takes."""
    return {name: str(value) for name in _SENT if (value := getattr(given, name)) is not None}

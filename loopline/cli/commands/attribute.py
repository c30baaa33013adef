"""`loopline attribute`: attribution of a file of paths or touchpoints, without any database."""

import csv
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from loopline.attribution.cents import cents_by_channel
from loopline.attribution.credit import ChannelCredit, influenced, markov, shapley
from loopline.attribution.files import FileError, FileOfWalks, read_walks
from loopline.attribution.model import MODELS, Deal, Model
from loopline.attribution.tables import Paths, read_tables
from loopline.attribution.walks import Walks
from loopline.attribution.weigh import Moments, Weighing, missing, weighed
from loopline.cli.command import DONE, Command, CommandError


@dataclass(frozen=True, slots=True)
class FileOfTables:
    """Two tables of rows; values are whole cents."""

    paths: Paths

    @property
    def walks(self) -> Walks:
        return self.paths.walks

    @property
    def moments(self) -> Moments:
        return self.paths.moments

    @property
    def unattributed(self) -> int:
        return self.paths.unattributed

    @property
    def unattributed_value(self) -> int:
        return self.paths.unattributed_minor


COLUMNS = ("channel", "conversions", "value", "removal_effect")
_TOLD = {
    "days_before": "touched_at and converted_at: give a file of touchpoints",
    "lead_position": "lead_created_at",
    "opportunity_position": "opportunity_created_at",
    "touch_kind": "kinds of touchpoints, which only an installation of Loopline knows",
}


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="CSV or Parquet: path and total_conversions (and "
        "total_conversion_value, total_null), or path_id, touched_at, channel, converted_at, value",
    )
    parser.add_argument(
        "--conversions",
        metavar="FILE",
        type=Path,
        help="the conversions, where FILE holds touchpoints (person_id, touched_at, channel): person_id, converted_at, "
        "amount_minor in whole cents, lead_created_at, opportunity_created_at",
    )
    parser.add_argument(
        "--identities",
        metavar="FILE",
        type=Path,
        help="whose touchpoints are whose: identity, person_id. FILE then has an identity instead of a person_id",
    )
    parser.add_argument("--model", metavar="M", default="markov", help=f"one of {', '.join(MODELS)} (default markov)")
    parser.add_argument(
        "--order",
        metavar="K",
        type=int,
        default=1,
        choices=[1, 2, 3],
        help="order of the Markov chain: 1 (default), 2 or 3",
    )
    parser.add_argument(
        "--lookback", metavar="DAYS", type=int, help="of touchpoints: days before the conversion (default: all)"
    )
    parser.add_argument("--half-life", metavar="DAYS", type=float, default=7.0, help="of time_decay (default 7)")
    parser.add_argument("--format", choices=["table", "csv", "json"], default="table")  # fmt: skip


def _run(given: Namespace) -> int:
    model = MODELS.get(given.model)
    if model is None:
        raise CommandError(f"there is no model “{given.model}”. Choose one of: {', '.join(MODELS)}.")
    if given.lookback is not None and given.lookback < 1:
        raise CommandError("the lookback window is at least one day; leave it out for none.")
    if given.half_life <= 0:
        raise CommandError("the half-life is more than zero days.")
    try:
        with _telling(f"Reading {given.file.name}"):
            file = _read(given, model)
        with _telling(f"Working out {model.label}"):
            credit = _credit(model, file, given)
    except FileError as error:
        raise CommandError(str(error)) from error
    _print(model, file, _rows(file, credit), given)
    if file.unattributed:
        print(f"{file.unattributed:,.0f} conversions have no touchpoint before them and are unattributed.",
              file=sys.stderr)  # fmt: skip
    if model.overlaps:
        print("Influenced rows overlap: they must not be added up.", file=sys.stderr)
    return DONE


def _read(given: Namespace, model: Model) -> FileOfWalks | FileOfTables:
    """One file of paths or touchpoints, or tables of rows."""
    if given.conversions is None:
        if given.identities is not None:
            raise CommandError("--identities goes with --conversions: paths have their touchpoints already.")
        return read_walks(given.file, given.lookback)
    paths = read_tables(
        given.file,
        given.conversions,
        given.lookback,
        identities=given.identities,
        with_everyone=model.key == "markov",
    )
    if not len(paths.walks):
        raise FileError("No touchpoint lies before a conversion of its person. Look at the ids and the moments.")
    return FileOfTables(paths)


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """What goes on, where somebody looks on; nothing in a pipe."""
    with Console(stderr=True).status(what):
        yield


def _credit(model: Model, file: FileOfWalks | FileOfTables, given: Namespace) -> ChannelCredit:
    if model.key == "markov":
        return markov(file.walks, given.order)
    if model.key == "shapley":
        return shapley(file.walks)
    if model.deal is Deal.OVERLAPPING:
        return influenced(file.walks)
    if model.deal is Deal.BY_RECORD:
        raise CommandError(f"{model.label} needs opportunities with a campaign, which a file of paths does not hold.")
    if lacks := missing(model, file.moments):
        raise CommandError(f"{model.label} needs {' and '.join(_TOLD[name] for name in lacks)}.")
    credit = weighed(file.walks, model, file.moments, given.half_life)
    if isinstance(file, FileOfTables):
        # Whole cents, as the ledger deals them.
        cents = cents_by_channel(file.paths, Weighing([model], given.half_life))[model.key]
        return ChannelCredit(credit.conversions, cents.astype(np.float64))
    return credit


def _rows(file: FileOfWalks | FileOfTables, credit: ChannelCredit) -> list[dict[str, Any]]:
    rows = [
        {
            "channel": channel,
            "conversions": float(credit.conversions[place]),
            "value": float(credit.value[place]),
            "removal_effect": None if credit.removal_effect is None else float(credit.removal_effect[place]),
        }
        for place, channel in enumerate(file.walks.channels)
    ]
    return sorted(rows, key=lambda row: (-float(row["conversions"]), str(row["channel"])))


def _print(model: Model, file: FileOfWalks | FileOfTables, rows: list[dict[str, Any]], given: Namespace) -> None:
    if given.format == "json":
        answer = {
            "model": model.key,
            "order": given.order if model.key == "markov" else None,
            "rows": rows,
            "unattributed": {"conversions": file.unattributed, "value": file.unattributed_value},
            "overlaps": model.overlaps,
        }
        print(json.dumps(answer, ensure_ascii=False, indent=1))
    elif given.format == "csv":
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(COLUMNS)
        for row in rows:
            write(["" if row[name] is None else row[name] for name in COLUMNS])
    else:
        _print_table(rows, model)


def _print_table(rows: list[dict[str, Any]], model: Model) -> None:
    cells = [["Channel", "Conversions", "Value", *(["Removal effect"] if model.key == "markov" else [])]]
    for row in rows:
        effect = [f"{row['removal_effect']:.4f}"] if model.key == "markov" else []
        cells.append([row["channel"], f"{row['conversions']:,.2f}", f"{row['value']:,.2f}", *effect])
    if not model.overlaps:
        totals = [f"{sum(row[name] for row in rows):,.2f}" for name in ("conversions", "value")]
        cells.append(["Total", *totals, *([""] if model.key == "markov" else [])])
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    for name, *figures in cells:
        aligned = (figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True))
        print("  ".join([name.ljust(widths[0]), *aligned]).rstrip())


COMMAND = Command(
    key="attribute",
    summary="Attribute a file of paths or touchpoints, without any database",
    example="loopline attribute paths.csv --model markov --order 2 --format json",
    run=_run,
    configure=_configure,
)

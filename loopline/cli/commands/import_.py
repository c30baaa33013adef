"""`loopline import`: leads, deals and ads from CSV files, with a preview, a verdict a row, and undo; access logs."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from loopline.cli.access_log import WORD, import_access_log
from loopline.cli.command import DONE, FAILED, Command, CommandError
from loopline.cli.prepare import set_up_again

if TYPE_CHECKING:
    from loopline.access.models import BusinessUnit
    from loopline.sync.importing import Import
    from loopline.sync.models import ImportRun
    from loopline.sync.preview import FilePreview
    from loopline.sync.verdicts import Tally

_SHOWN_PROBLEMS = 10


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="CSV files; or access-log and log files")
    parser.add_argument("--mapping", metavar="FILE", help="TOML file that says which column is what (docs/import.md)")
    parser.add_argument("--unit", metavar="KEY", help="business unit, where there are several")
    parser.add_argument("--preview", action="store_true", help="show the first rows and what would become of them")
    parser.add_argument("--undo", metavar="RUN", help="take back an import, by its id or `last`")
    parser.add_argument("--site", metavar="HOST", help="access logs: the site they are of (docs/access-logs.md)")
    parser.add_argument("--zone", metavar="ZONE", help="access logs: time zone, only where their times have no offset")


def _run(given: Namespace) -> int:
    if given.files[:1] == [WORD] and not given.mapping and not given.undo:
        config = set_up_again()
        return import_access_log(given, config, _unit(given.unit or ""), Console())
    if bool(given.undo) == bool(given.mapping):
        raise CommandError("give either --mapping FILE to import, or --undo RUN. See `loopline import --help`.")
    config = set_up_again()
    console = Console()
    if given.undo:
        return _undo(given.undo, console)
    asked = _asked(given, config.data)
    return _preview(asked, console) if given.preview else _import(asked, console)


def _asked(given: Namespace, data: Path) -> "Import":
    from loopline.sync.importing import Import
    from loopline.sync.mapping import MappingError, read_mapping
    from loopline.sync.shape import FileRefusedError
    from loopline.sync.sources import find_sources

    path = Path(given.mapping)
    try:
        mapping = read_mapping(path.read_text(encoding="utf-8-sig"))
        files = [(Path(one), Path(one).name) for one in given.files]
        sources = find_sources(mapping, files, beside=path.parent)
    except OSError as error:
        raise CommandError(f"the mapping {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"the mapping {path} is not UTF-8; save it as UTF-8") from error
    except (MappingError, FileRefusedError) as error:
        raise CommandError(str(error)) from error
    return Import(mapping, sources, _unit(given.unit or mapping.unit), data)


def _unit(key: str) -> "BusinessUnit":
    from loopline.access.models import BusinessUnit

    units = {unit.key: unit for unit in BusinessUnit.objects.all()}
    if not units:
        raise CommandError("there is no business unit yet. Run `loopline setup` first.")
    if not key and len(units) == 1:
        return next(iter(units.values()))
    if key not in units:
        said = f"there is no business unit “{key}”" if key else "there are several business units"
        raise CommandError(f"{said}; name one with --unit: {', '.join(units)}")
    return units[key]


def _import(asked: "Import", console: Console) -> int:
    from loopline.access.actor import SYSTEM
    from loopline.sync.importing import ImportStoppedError, run_import, verdict_path
    from loopline.sync.mapping import MappingError

    for source in asked.sources:
        console.print(f"{source.name}: {source.shape.sentence}", markup=False, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("0 rows", total=1.0)

            def show(share: float, tally: "Tally") -> None:
                bar.update(task, completed=share, description=tally.sentence)

            run = run_import(asked, by=SYSTEM, progress=show)
    except MappingError as error:
        raise CommandError(str(error)) from error
    except ImportStoppedError as error:
        raise CommandError(str(error)) from error
    _tell(run, verdict_path(asked.folder, run), console)
    return DONE


def _tell(run: "ImportRun", verdicts: Path, console: Console) -> None:
    from loopline.sync.verdicts import Tally, problems_in

    tally = Tally()
    tally.counts.update(run.counts)
    lines = [tally.sentence, *run.notices]
    problems = problems_in(verdicts, _SHOWN_PROBLEMS)
    lines += [f"  {one['file']} line {one['line']}: {one['verdict']}: {one['why']}" for one in problems]
    lines += [f"Verdict of each row: {verdicts}", f"To take it back: loopline import --undo {run.pk}"]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _preview(asked: "Import", console: Console) -> int:
    from loopline.access.actor import SYSTEM
    from loopline.sync.mapping import MappingError
    from loopline.sync.preview import preview

    try:
        files = preview(asked, by=SYSTEM)
    except MappingError as error:
        raise CommandError(str(error)) from error
    for file in files:
        console.print(f"{file.name} ({file.kind.value}): {file.shape}", markup=False, highlight=False)
        console.print(_table(file))
    console.print("Nothing was written. Without --preview the whole import runs.", highlight=False)
    return DONE


def _table(file: "FilePreview") -> Table:
    from rich.text import Text

    table = Table("line", "verdict", *file.fields)
    for row in file.rows:
        verdict = row.verdict.answer.value + (f": {row.verdict.why}" if row.verdict.why else "")
        cells = [row.values.get(name, "") for name in file.fields]
        table.add_row(*[Text(cell) for cell in (str(row.verdict.line), verdict, *cells)])
    return table


def _undo(key: str, console: Console) -> int:
    from uuid import UUID

    from loopline.access.actor import SYSTEM
    from loopline.sync.models import ImportRun
    from loopline.sync.undo import UndoRefusedError, undo_import

    runs = ImportRun.objects.select_related("unit")
    try:
        run = runs.filter(undone_at__isnull=True).first() if key == "last" else runs.filter(pk=UUID(key)).first()
    except ValueError:
        run = None
    if run is None:
        raise CommandError(f"there is no import “{key}” to take back; `--undo last` takes the newest")
    try:
        undone = undo_import(run, by=SYSTEM)
    except UndoRefusedError as error:
        raise CommandError(str(error)) from error
    told = f"{run}: {undone.removed:,} records removed, {undone.restored:,} set back, {undone.kept:,} kept"
    console.print(told, markup=False, highlight=False)
    for reason, count in undone.reasons.items():
        console.print(f"  {count:,} kept: {reason}", markup=False, highlight=False)
    return FAILED if undone.kept and not undone.removed and not undone.restored else DONE


COMMAND = Command(
    key="import",
    summary="take leads, deals and cost of ads in from CSV files, page views from access logs; preview, verdicts, undo",
    example="loopline import leads.csv --mapping leads.toml --preview",
    run=_run,
    configure=_configure,
)

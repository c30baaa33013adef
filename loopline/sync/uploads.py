"""Files that were sent to the import page, kept until their import is done."""

import logging
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Thread

from django.db import connections

from loopline.access.actor import Actor
from loopline.lib.times import utc_now
from loopline.sync.importing import Import, ImportStoppedError, row_mapper, run_import
from loopline.sync.mapping import MappingError, read_mapping
from loopline.sync.models import ImportRun
from loopline.sync.sources import find_sources

MOST_FILES = 10
log = logging.getLogger(__name__)


def folder_of(data: Path, run: ImportRun) -> Path:
    return data / "imports" / str(run.pk)


def keep(data: Path, run: ImportRun, files: Sequence[tuple[str, Iterable[bytes]]]) -> None:
    """Write files (name, pieces) beside each other. Their names are shown and never used as paths."""
    folder = folder_of(data, run)
    folder.mkdir(parents=True, exist_ok=True)
    for place, (name, pieces) in enumerate(files):
        with (folder / f"{place}-{_safe(name)}").open("wb") as file:
            file.writelines(pieces)


def kept(data: Path, run: ImportRun) -> list[tuple[Path, str]]:
    """(path, name as it was sent) of the files of a run."""
    folder = folder_of(data, run)
    return [(path, path.name.partition("-")[2]) for path in sorted(folder.iterdir())] if folder.is_dir() else []


def forget(data: Path, run: ImportRun) -> None:
    shutil.rmtree(folder_of(data, run), ignore_errors=True)


def asked(data: Path, run: ImportRun) -> Import:
    """The import of a draft. Raises MappingError and FileRefusedError."""
    mapping = read_mapping(run.mapping)
    return Import(mapping, find_sources(mapping, kept(data, run)), run.unit, data)


def run_beside(data: Path, run: ImportRun, *, by: Actor) -> Thread:
    """Take the files of a draft in while its page can be looked at. Raises MappingError and FileRefusedError."""
    files = asked(data, run)
    for source in files.sources:
        row_mapper(source, run.unit, utc_now())  # columns that are not there are refused before it begins
    waiting = ImportRun.objects.filter(pk=run.pk).exclude(status=ImportRun.Status.DONE)
    if not waiting.filter(status=run.status).update(status=ImportRun.Status.RUNNING, progressed_at=utc_now()):
        raise MappingError("This import was started already.")
    thread = Thread(target=_run, args=(files, run, by), name=f"import {run.pk}", daemon=True)
    thread.start()
    return thread


def _run(files: Import, run: ImportRun, by: Actor) -> None:
    try:
        run_import(files, by=by, run=run)
        forget(files.folder, run)
    except ImportStoppedError:
        # The record of the run says so, which is where its page reads it.
        log.exception("An import stopped")
    finally:
        connections.close_all()


def _safe(name: str) -> str:
    base = "".join(one for one in Path(name.replace("\\", "/")).name if one.isprintable() and one not in '<>:"|?*')
    return base[-100:] or "file.csv"

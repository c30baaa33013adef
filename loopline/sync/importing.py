"""An import from its first to its last row. Records are written chunk by chunk, each chunk all or nothing; facts go
through the outbox and touchpoints through the inbox, so it works beside a running server and without one.

Taking the same files in again changes nothing, so an import that was stopped is simply run again.
"""

import gc
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import cast

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Permission, Role
from loopline.lib.times import utc_now
from loopline.sync.ads import take_ads
from loopline.sync.chunks import Chunk, chunks
from loopline.sync.deals import take_deals
from loopline.sync.fields import FileKind
from loopline.sync.job import Job
from loopline.sync.leads import take_leads
from loopline.sync.mapping import Mapping
from loopline.sync.models import ImportRun, WaitingEvents
from loopline.sync.readers import Reading
from loopline.sync.rows import AdRow, DealRow, LeadRow, RowMapper
from loopline.sync.sources import Source
from loopline.sync.touches import InboxFullError, send, send_everything
from loopline.sync.verdicts import Tally, Verdict, VerdictFile

Progress = Callable[[float, Tally], None]
"""Called after each chunk with the share that is done (0 to 1) and what came of it so far."""


class ImportStoppedError(RuntimeError):
    """The import stopped half-way; the message says what is in and what to do."""


@dataclass(frozen=True, slots=True)
class Import:
    """What to take in, for which business unit, and where state lives."""

    mapping: Mapping
    sources: Sequence[Source]
    unit: BusinessUnit
    folder: Path
    """LOOPLINE_DATA"""

    @property
    def kinds(self) -> set[FileKind]:
        return {source.mapping.kind for source in self.sources}


def run_import(
    asked: Import, *, by: Actor, progress: Progress = lambda _share, _tally: None, run: ImportRun | None = None
) -> ImportRun:
    """Take the files in. Returns the finished run, with its counts; its verdicts are in `verdict_path`.

    `run`: a draft to go on with (the page), else a new one. Raises NotAllowedError, MappingError (columns that are
    not there) before anything is written, and ImportStoppedError.
    """
    require_import(by, asked.unit, asked.kinds)
    mappers = [row_mapper(source, asked.unit, utc_now()) for source in asked.sources]
    run = _begun(run or ImportRun(unit=asked.unit), asked, by)
    tally = Tally()
    with _told_when_stopped(run, tally), rare_collections(), rare_checkpoints():
        send_everything(asked.folder)
        with _verdict_file(asked.folder, run) as file:
            before, total = 0, sum(source.size for source in asked.sources) or 1
            for source, mapper in zip(asked.sources, mappers, strict=True):
                job = Job(run, asked.unit, asked.mapping.system, by, utc_now(), f"import {source.name}"[:200])
                for chunk in chunks(source, mapper):
                    share = min(1.0, (before + chunk.bytes_read) / total)
                    verdicts = _take(job, chunk, source.mapping.kind, share, tally)
                    file.add(source.name, verdicts)
                    send(asked.folder, job.touches)
                    job.clear()
                    progress(share, tally)
                before += source.size
                run.notices = sorted({*run.notices, *job.notices})
    return _finished(run, tally, by)


def require_import(by: Actor, unit: BusinessUnit, kinds: Collection[FileKind] = ()) -> None:
    """Raises NotAllowedError. Files of ads hold costs, which not everybody who imports may book."""
    by.require(Permission.IMPORT)
    if FileKind.ADS in kinds:
        by.require(Permission.EDIT_COSTS)
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit.name}. Ask an administrator for access to that unit.")


def row_mapper(source: Source, unit: BusinessUnit, now: datetime) -> RowMapper:
    """Raises MappingError for columns that are not there."""
    everyone = User.objects.filter(Q(units=unit) | Q(role=Role.ADMINISTRATOR), is_active=True).distinct()
    reading = Reading(
        zone=Organisation.current().time_zone,
        now=now,
        decimal=source.mapping.decimal,
        dates=source.mapping.dates,
        owners={user.email.lower(): user for user in everyone},
    )
    return RowMapper(source.mapping, source.shape.header, reading, currency=unit.currency)


def take(job: Job, chunk: Chunk, kind: FileKind) -> list[Verdict]:
    """What the rows of a chunk do, put into `job`; refused rows beside the others, in the order of the file."""
    match kind:
        case FileKind.LEADS:
            verdicts = take_leads(job, cast(list[LeadRow], chunk.rows))
        case FileKind.DEALS:
            verdicts = take_deals(job, cast(list[DealRow], chunk.rows))
        case FileKind.ADS:
            verdicts = take_ads(job, cast(list[AdRow], chunk.rows))
    return sorted([*verdicts, *chunk.refused], key=attrgetter("line"))


def verdict_path(folder: Path, run: ImportRun) -> Path:
    return folder / "imports" / f"{run.pk}.verdicts.csv"


def _take(job: Job, chunk: Chunk, kind: FileKind, share: float, tally: Tally) -> list[Verdict]:
    """One chunk, all or nothing, with how far the run has come. Its touchpoints still have to be sent."""
    with transaction.atomic():
        # Nobody else adds a person between our look and our write.
        take_turn()
        verdicts = take(job, chunk, kind)
        # The chunk before this one was sent, or the run would have stopped. Each commit waits for the disk, so that is
        # written down here and not by itself; a crash before that sends the chunk twice, which changes nothing.
        WaitingEvents.objects.filter(run=job.run).delete()
        job.write()
        counted = tally.copy()
        counted.add(verdicts)
        _save_progress(job.run, share, counted)
    tally.add(verdicts)
    return verdicts


def _begun(run: ImportRun, asked: Import, by: Actor) -> ImportRun:
    run.status = ImportRun.Status.RUNNING
    run.file_name = " + ".join(source.name for source in asked.sources)[:300]
    run.files = [_told_of(source) for source in asked.sources]
    run.mapping = asked.mapping.text
    run.by_name = by.name
    run.started_at = utc_now()
    run.problem, run.notices = "", []
    with transaction.atomic():
        take_turn()
        run.save()
        audit(by, "start_import", run, files=run.files)
    return run


def _told_of(source: Source) -> dict[str, str]:
    digest = hashlib.sha256()
    with source.path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    kind = str(source.mapping.kind)
    return {"name": source.name, "kind": kind, "digest": digest.hexdigest(), "shape": source.shape.sentence}


def _save_progress(run: ImportRun, share: float, tally: Tally) -> None:
    run.percent, run.counts, run.progressed_at = int(share * 100), dict(tally.counts), utc_now()
    run.save(update_fields=["percent", "counts", "progressed_at"])


def _finished(run: ImportRun, tally: Tally, by: Actor) -> ImportRun:
    run.status, run.finished_at, run.percent = ImportRun.Status.DONE, utc_now(), 100
    with transaction.atomic():
        take_turn()
        WaitingEvents.objects.filter(run=run).delete()
        run.save(update_fields=["status", "finished_at", "percent", "notices"])
        audit(by, "finish_import", run, counts=dict(tally.counts))
    return run


@contextmanager
def rare_collections() -> Iterator[None]:
    """Rows make many objects and no circles to speak of: looking for circles all the time costs a fifth of the run."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def rare_checkpoints() -> Iterator[None]:
    """Lets SQLite's log grow to 64 MB before it is carried into the file: pages that each chunk writes again, as those
    of the indexes, are then carried over once and not each time.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        [(before,)] = cursor.execute("PRAGMA wal_autocheckpoint").fetchall()
        cursor.execute("PRAGMA wal_autocheckpoint = 16000").fetchall()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {int(before)}").fetchall()


@contextmanager
def _verdict_file(folder: Path, run: ImportRun) -> Iterator[VerdictFile]:
    path = verdict_path(folder, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        yield VerdictFile(file)


@contextmanager
def _told_when_stopped(run: ImportRun, tally: Tally) -> Iterator[None]:
    """Whatever stops it, the run says so: what is in stays in, and running it again goes on where it stopped."""
    try:
        yield
    except BaseException as error:
        run.status, run.finished_at, run.problem = ImportRun.Status.FAILED, utc_now(), _reason(error, tally)
        run.save(update_fields=["status", "finished_at", "problem"])
        if isinstance(error, IntegrityError | InboxFullError | OSError):
            raise ImportStoppedError(run.problem) from error
        raise


def _reason(error: BaseException, tally: Tally) -> str:
    if isinstance(error, IntegrityError):
        reason = "somebody else added the same records at the same time"
    elif isinstance(error, KeyboardInterrupt):
        reason = "it was interrupted"
    else:
        reason = str(error) or type(error).__name__
    return f"The import stopped: {reason}. Taken in so far: {tally.sentence}. Run it again; what is in is not doubled."

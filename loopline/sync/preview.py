"""What an import would do, without doing it: the first rows of each file are taken in for real and rolled back."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.lib.money import Money
from loopline.lib.times import utc_now
from loopline.reports.metric import whole
from loopline.sync.chunks import Chunk, mapped
from loopline.sync.fields import FileKind
from loopline.sync.importing import Import, require_import, row_mapper, take
from loopline.sync.job import Job
from loopline.sync.models import ImportRun
from loopline.sync.reading import SourceRow, read_rows
from loopline.sync.rows import AdRow, DealRow, Row, RowMapper
from loopline.sync.sources import Source
from loopline.sync.verdicts import Answer, Verdict

ROWS = 20
_HIDDEN = {"line", "digest", "warnings", "amount_minor", "currency", "claimed_micro", "claimed_minor"}


@dataclass(frozen=True, slots=True)
class PreviewRow:
    verdict: Verdict
    values: dict[str, str]
    """field → value, as it was understood; empty for a refused row."""


@dataclass(frozen=True, slots=True)
class FilePreview:
    name: str
    kind: FileKind
    shape: str
    rows: list[PreviewRow]
    is_whole: bool
    """Whether these are all rows of the file."""

    @property
    def refused(self) -> int:
        return sum(row.verdict.answer is Answer.REFUSED for row in self.rows)

    @property
    def fields(self) -> list[str]:
        """The fields that any of the rows fills, in their order."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))


def preview(asked: Import, *, by: Actor, rows: int = ROWS) -> list[FilePreview]:
    """The first rows of each file with what would become of them. Raises what `run_import` raises; writes nothing."""
    require_import(by, asked.unit, asked.kinds)
    mappers = [row_mapper(source, asked.unit, utc_now()) for source in asked.sources]
    pairs = list(zip(asked.sources, mappers, strict=True))
    read = [list(islice(read_rows(source.path, source.shape), rows + 1)) for source in asked.sources]
    samples = [_chunk(mapper, some[:rows]) for mapper, some in zip(mappers, read, strict=True)]
    wanted = {row.lead for chunk in samples for row in chunk.rows if isinstance(row, DealRow) and row.lead}
    zone = ZoneInfo(Organisation.current().time_zone)
    found: list[FilePreview] = []
    with transaction.atomic():
        run = ImportRun.objects.create(unit=asked.unit, file_name="preview", by_name=by.name, mapping="")
        for (source, mapper), sample, some in zip(pairs, samples, read, strict=True):
            job = Job(run, asked.unit, asked.mapping.system, by, utc_now(), f"import {source.name}"[:200])
            if source.mapping.kind is FileKind.LEADS and wanted:
                _take_leads_of(job, source, mapper, wanted - sample.ids)
            values = {row.line: _values(row, zone) for row in sample.rows}
            verdicts = take(job, sample, source.mapping.kind)
            job.write()
            shown = [PreviewRow(one, values.get(one.line, {})) for one in verdicts]
            is_whole = len(some) <= rows
            found.append(FilePreview(source.name, source.mapping.kind, source.shape.sentence, shown, is_whole))
        transaction.set_rollback(True)
    return found


def _chunk(mapper: RowMapper, read: Sequence[SourceRow]) -> Chunk:
    """Rows of one chunk; of rows with the same id only the first."""
    chunk = Chunk()
    for one in read:
        row = mapped(mapper, one.line, one.values, one.problem)
        if isinstance(row, Verdict):
            chunk.refused.append(row)
        elif row.external_id not in chunk.ids:
            chunk.rows.append(row)
            chunk.ids.add(row.external_id)
    return chunk


def _take_leads_of(job: Job, source: Source, mapper: RowMapper, wanted: set[str]) -> None:
    """The leads that the deals on show came from, so that their verdicts are the ones the whole import would give."""
    chunk = Chunk()
    for read in read_rows(source.path, source.shape):
        row = mapped(mapper, read.line, read.values, read.problem)
        if not isinstance(row, Verdict) and row.external_id in wanted and row.external_id not in chunk.ids:
            chunk.rows.append(row)
            chunk.ids.add(row.external_id)
    take(job, chunk, FileKind.LEADS)
    job.write()
    job.clear()


def _values(row: Row, zone: ZoneInfo) -> dict[str, str]:
    shown = {one.name: getattr(row, one.name) for one in fields(row) if one.name not in _HIDDEN}
    told = {name: _text(value, zone) for name, value in shown.items() if value is not None and value != ""}
    if isinstance(row, DealRow) and row.amount_minor is not None:
        told["amount"] = f"{Money(row.amount_minor, row.currency).major:,f} {row.currency}"
    if isinstance(row, AdRow):
        told["cost"] = f"{Money(row.amount_minor, row.currency).major:,f} {row.currency}"
        if row.claimed_micro is not None:
            told["conversions"] = f"{whole(row.claimed_micro):,}"
        if row.claimed_minor is not None:
            told["conversion_value"] = f"{Money(row.claimed_minor, row.currency).major:,f} {row.currency}"
    return told


def _text(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)

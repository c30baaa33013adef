"""The rows of a file in chunks that can be taken in at once: no external id occurs twice in one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loopline.sync.reading import read_rows
from loopline.sync.rows import Row, RowMapper, RowRefusedError
from loopline.sync.sources import Source
from loopline.sync.verdicts import Answer, Verdict

CHUNK = 2_000


@dataclass(slots=True)
class Chunk:
    rows: list[Row] = field(default_factory=list)
    refused: list[Verdict] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bytes_read: int = 0

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.refused)


def chunks(source: Source, mapper: RowMapper, size: int = CHUNK) -> Iterator[Chunk]:
    """All rows of a source, in their order; the last chunk may be empty."""
    chunk = Chunk()
    for read in read_rows(source.path, source.shape):
        row = mapped(mapper, read.line, read.values, read.problem)
        if isinstance(row, Verdict):
            chunk.refused.append(row)
        else:
            if row.external_id in chunk.ids:
                yield chunk
                chunk = Chunk()
            chunk.rows.append(row)
            chunk.ids.add(row.external_id)
        chunk.bytes_read = read.bytes_read
        if chunk.size >= size:
            yield chunk
            chunk = Chunk(bytes_read=read.bytes_read)
    chunk.bytes_read = source.size
    yield chunk


def mapped(mapper: RowMapper, line: int, values: list[str], problem: str) -> Row | Verdict:
    """The row, or the verdict that refuses it."""
    if problem:
        return Verdict(line, Answer.REFUSED, why=problem)
    try:
        return mapper.row(line, values)
    except RowRefusedError as error:
        return Verdict(line, Answer.REFUSED, mapper.external_id(values), str(error))

"""Which files an import reads, and by which part of the mapping."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loopline.sync.fields import FileKind
from loopline.sync.mapping import FileMapping, Mapping, MappingError
from loopline.sync.shape import FileRefusedError, Shape, find_shape


@dataclass(frozen=True, slots=True)
class Source:
    path: Path
    name: str
    """As people know it."""
    mapping: FileMapping
    shape: Shape

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def find_sources(mapping: Mapping, given: Sequence[tuple[Path, str]], *, beside: Path | None = None) -> list[Source]:
    """The files to read, leads before deals. `given` (path, name) win over the paths of the mapping.

    A given file goes to the part of the mapping with its name, else to the one whose columns it has. `beside`: the
    folder of the mapping, where its own paths begin. Raises MappingError and FileRefusedError.
    """
    if not given:
        if beside is None or not all(one.path for one in mapping.files):
            raise MappingError("Name the files to import, or give each [[file]] of the mapping a path.")
        pairs = [(beside / one.path, Path(one.path).name, one) for one in mapping.files]
    elif len(mapping.files) == 1 and len(given) == 1:
        pairs = [(*given[0], mapping.files[0])]
    else:
        pairs = _matched(mapping, given)
    found = [Source(path, name, one, _shape(path, one)) for path, name, one in pairs]
    return sorted(found, key=lambda one: one.mapping.kind is FileKind.DEALS)


def _matched(mapping: Mapping, given: Sequence[tuple[Path, str]]) -> list[tuple[Path, str, FileMapping]]:
    left = list(mapping.files)
    pairs = []
    for path, name in given:
        fitting = [one for one in left if one.path and Path(one.path).name == name] or _with_columns(path, left)
        if not fitting:
            told = " or ".join(", ".join(one.wanted) for one in left) or "no further file"
            raise MappingError(f"{name} fits no part of the mapping, which expects the columns {told}.")
        pairs.append((path, name, fitting[0]))
        left.remove(fitting[0])
    return pairs


def _with_columns(path: Path, parts: Sequence[FileMapping]) -> list[FileMapping]:
    """The parts all of whose columns the file has, the one with most columns first."""
    fitting = [one for one in parts if set(one.wanted) <= set(_shape(path, one).header)]
    return sorted(fitting, key=lambda one: -len(one.wanted))


def _shape(path: Path, part: FileMapping) -> Shape:
    if not path.is_file():
        raise FileRefusedError(f"There is no file {path}. Check the name, or give the file on the command line.")
    return find_shape(path, encoding=part.encoding, separator=part.separator, wanted=part.wanted)

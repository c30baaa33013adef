"""One at a time writes anew what the inbox or its archive holds already: addresses forgotten, days archived, erasures.

Each reads blocks, changes them and writes them back; two at once would bring back what the other took out. They may be
in different processes, so a lock on a file keeps them apart. Appending needs no turn.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def rewriting(folder: Path) -> Iterator[None]:
    """Wait for the turn to write anew what is in `folder`. It ends with the process, however that ends."""
    with (folder / "rewriting.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""The commands with something planted in them.

    python -m tests.backup.planted PLANT backup FOLDER

`slow` rests between the steps, so that much happens in between; nothing is wrong with it. `records-first`,
`inbox-first` and `not-still` rest as well, and each breaks one promise that the order of copying keeps. `die-3` is
killed at its third step.
"""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

REST_S = 0.7


def _rests(work: Callable[..., Any]) -> Callable[..., Any]:
    def rested(*given: Any) -> Any:
        time.sleep(REST_S)
        return work(*given)

    return rested


def plant(name: str) -> None:
    from loopline.backup import making
    from loopline.cli.commands import backup

    if name.startswith("die-"):
        _die_at(int(name.removeprefix("die-")))
        return
    making.begin = _rests(making.begin)  # type: ignore[misc,assignment]
    making.copy_store = _rests(making.copy_store)
    if name == "records-first":
        making.CUT_ORDER = ("records.sqlite", "collect.sqlite", "inbox.sqlite", "keys.sqlite")
    if name == "inbox-first":
        making.CUT_ORDER = ("inbox.sqlite", "collect.sqlite", "records.sqlite", "keys.sqlite")
    if name in {"inbox-first", "not-still"}:
        backup._still = _not_still


@contextmanager
def _not_still(config: Any) -> Iterator[Any]:
    from loopline.backup.making import Still
    from loopline.backup.store_file import read_beside
    from loopline.store.open import duckdb_file

    path = duckdb_file(config)
    assert path is not None
    with read_beside(path) as opened:
        yield Still(path, opened)


def _die_at(step: int) -> None:
    """Each copy of a file, each snapshot, and the manifest is a step."""
    from loopline.backup import making, restoring

    count = itertools.count(1)

    def deadly(work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any) -> Any:
            if next(count) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*given)

        return done

    for module, names in (
        (making, ("begin", "copy_store", "copy_file", "files_in", "write_manifest")),
        (restoring, ("copy_file", "note_done")),
    ):
        for name in names:
            setattr(module, name, deadly(getattr(module, name)))


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loopline.web.settings")
    if sys.argv[2] == "restore":
        from pathlib import Path

        from loopline.backup.secret import use_key_of

        use_key_of(Path(sys.argv[3]))
    django.setup(set_prefix=False)
    plant(sys.argv[1])
    from loopline.cli.main import main

    sys.exit(main(sys.argv[2:]))

"""What goes on, where somebody looks on: a bar with the share that is done. In a pipe nothing is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from loopline.lib.progress import told_to


@contextmanager
def shown_to_who_looks_on(console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Long work within says how far it is, each part from 0 to 100 %; the answer takes what all of that is about.

    On standard error, and gone when it is over.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda _words: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        line, about = progress.add_task("", total=1.0), [""]

        def show(what: str, share: float) -> None:
            progress.update(line, description=f"{about[0]}{what}", completed=share)

        def say(words: str) -> None:
            about[0] = f"{words}: " if words else ""

        with told_to(show):
            yield say

"""Preparing in a process of its own.

The steps are Python and busy; in the server's process they would fight the collector and the pages for the one
interpreter (measured: 2,700 instead of 12,000 requests a second). The helper reads the inbox's file itself and
answers with Arrow, so the server only passes rows on. It holds nothing that is not in its files: when it dies a new
one goes on, and when the server dies it ends, because its input does.
"""

import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa

from loopline.collect.log import Log
from loopline.collect.process import collect_rarely, stand_back
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.collect.stretch import Bounds, PreparerHere

_LENGTH = struct.Struct("<Q")
_PIPE_BYTES = 1 << 20
"""Most that Linux lets a user have: the rows of a stretch are ten times that, and each filling wakes both sides."""


class PreparerError(RuntimeError):
    """The helper ended or could not do its work; nothing was lost, ask again."""


class _Ask(msgspec.Struct, array_like=True):
    verb: str
    first_seq: int
    last_seq: int
    settings: Settings = Settings()

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.first_seq, self.last_seq)


class PreparerProcess:
    """A helper process for the inbox in `folder`, started when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._begun: tuple[Bounds, Settings] | None = None
        """The stretch whose rows the helper was asked for ahead and which nobody has taken from the pipe."""

    def prepare(self, bounds: Bounds, settings: Settings) -> pa.Table:
        """Raises PreparerError when the helper died; the next call starts a new one."""
        try:
            process = self._started()
            is_begun = self._begun == (bounds, settings)
            content = self._take_begun(process)
            if not (content and is_begun):
                _ask(process, "prepare", bounds, settings)
                content = _receive(process.stdout)
        except (OSError, EOFError) as error:
            self.close()
            raise PreparerError("The helper that prepares events ended; a new one is started.") from error
        return pa.ipc.open_stream(content).read_all()

    def begin(self, bounds: Bounds, settings: Settings) -> None:
        """Does not wait: `prepare` takes the rows, if they are of the stretch and the settings it is asked for."""
        if self._begun is None:
            self._tell("prepare_ahead", bounds, settings)
            self._begun = None if self._process is None else (bounds, settings)

    def _take_begun(self, process: subprocess.Popen[bytes]) -> bytes:
        """The answer to what was begun; empty when nothing was, or when it could not be prepared ahead."""
        if self._begun is None:
            return b""
        self._begun = None
        return _receive(process.stdout)

    def remember(self, bounds: Bounds) -> None:
        """Does not wait: should it fail, the next `prepare` brings the state up to date first."""
        self._tell("remember", bounds)

    def tidy(self, settings: Settings) -> None:
        """Does not wait; the next `prepare` waits for it."""
        self._tell("tidy", Bounds(0, 0), settings)

    def forget_addresses(self, settings: Settings) -> None:
        """Does not wait, either."""
        self._tell("forget_addresses", Bounds(0, 0), settings)

    def _tell(self, verb: str, bounds: Bounds, settings: Settings | None = None) -> None:
        if self._process is not None:
            try:
                _ask(self._process, verb, bounds, settings or Settings())
            except OSError:
                self.close()

    def close(self) -> None:
        """End the helper; what it was told to remember is remembered first."""
        if self._process is not None:
            process, self._process = self._process, None
            with suppress(OSError, EOFError):
                self._take_begun(process)  # A helper that waits to be heard would not get to what it is to remember.
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            command = [sys.executable, "-m", "loopline.collect.preparer_process", str(self._folder)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pipesize=_PIPE_BYTES,
                start_new_session=True,
            )
        return self._process


def _ask(process: subprocess.Popen[bytes], verb: str, bounds: Bounds, settings: Settings) -> None:
    _send(process.stdin, msgspec.msgpack.encode(_Ask(verb, bounds.first_seq, bounds.last_seq, settings)))


def _send(pipe: IO[bytes] | None, content: bytes) -> None:
    assert pipe is not None
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> bytes:
    assert pipe is not None
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    size: int = _LENGTH.unpack(head)[0]
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


def work(folder: Path, asks: IO[bytes], answers: IO[bytes]) -> None:
    """The helper's life: answer until the input ends."""
    collect_rarely()
    preparer = PreparerHere(Log(folder), State(folder))
    while True:
        try:
            ask = msgspec.msgpack.decode(_receive(asks), type=_Ask)
        except EOFError:
            return
        if ask.verb == "remember":
            preparer.remember(ask.bounds)
            continue
        if ask.verb == "tidy":
            preparer.tidy(ask.settings)
            continue
        if ask.verb == "forget_addresses":
            preparer.forget_addresses(ask.settings)
            continue
        if ask.verb == "prepare_ahead":
            rows = preparer.prepare_ahead(ask.bounds, ask.settings)
        else:
            rows = preparer.prepare(ask.bounds, ask.settings)
        _send(answers, b"" if rows is None else _packed(rows))


def _packed(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue()


if __name__ == "__main__":
    stand_back()
    try:
        work(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The server is gone; whatever was under way is done again by the next one.
        os._exit(0)

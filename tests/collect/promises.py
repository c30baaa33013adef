"""Does any answer leave before its bytes are on the disk? Read from what the kernel was asked, in its order.

`strace` follows the server's system calls. An event carries a name that stands in its request, in the inbox's
write-ahead log, and so in the trace: received on a connection, written to the file, made durable, answered on the
connection. A name is written twice into each event, since a page of the file may end in the middle of one.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync"
_NAME = re.compile(r"event-[0-9]{6}-")
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\((\d+)<([^>]*)>)(.*)", re.DOTALL)
_READS, _SENDS = {"read", "recvfrom", "recvmsg"}, {"write", "writev", "sendto", "sendmsg"}


def tracing(output: Path) -> list[str]:
    """The words to put before a command, so that its system calls are written to `output`."""
    return ["strace", "-f", "-y", "--seccomp-bpf", "-s", "65536", "-e", f"trace={CALLS}", "-o", str(output)]


def why_not() -> str:
    """Why nothing can be traced here; empty when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"strace cannot trace here: {done.stderr.strip()[:200]}"


@dataclass
class Reading:
    answered: int = 0
    syncs: int = 0
    early: list[str] = field(default_factory=list)
    """Names of events whose answer left before they were durable."""
    _asked: dict[str, str] = field(default_factory=dict)
    """Connection → event received on it and not answered yet."""
    _written: set[str] = field(default_factory=set)
    _durable: set[str] = field(default_factory=set)
    _in_sync: dict[str, set[str]] = field(default_factory=dict)
    """Thread → what was written when it began to wait for the disk."""

    def begins(self, thread: str, call: str, file: str, rest: str) -> None:
        """A call was made; what it sends is on its way now, what it writes is in the kernel's memory at most."""
        if call in {"fdatasync", "fsync"} and file.endswith("inbox.sqlite-wal"):
            self._in_sync[thread] = set(self._written)
        elif call == "pwrite64" and file.endswith("inbox.sqlite-wal"):
            self._written.update(_NAME.findall(rest))
        elif call in _SENDS and "HTTP/1.1 200" in rest:
            self._answer(file)

    def ends(self, thread: str, call: str, file: str, rest: str) -> None:
        """A call came back."""
        if call in {"fdatasync", "fsync"} and rest.endswith("= 0") and thread in self._in_sync:
            self.syncs += 1
            self._durable |= self._in_sync.pop(thread)
        elif call in _READS and (names := _NAME.findall(rest)):
            self._asked[file] = names[0]

    def _answer(self, connection: str) -> None:
        name = self._asked.pop(connection, "")
        if name:
            self.answered += 1
            if name not in self._durable:
                self.early.append(name)


def read_trace(lines: Iterable[str]) -> Reading:
    """What a trace says. A call that waits is written as two lines: where it begins, and where it comes back."""
    reading = Reading()
    waiting: dict[str, tuple[str, str]] = {}
    for thread, call, file, rest in _calls(lines):
        if file:
            reading.begins(thread, call, file, rest)
            waiting[thread] = file, rest
        if not rest.endswith("<unfinished ...>"):
            began_on, said = waiting.pop(thread, (file, ""))
            reading.ends(thread, call, began_on, said if file else said + rest)
    return reading


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found:
            thread, call, number, file, rest = found.groups()
            yield thread, call, f"{number}:{file}" if number else "", rest

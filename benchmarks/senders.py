"""A load generator that costs little: ready-made requests, plain sockets, one thread."""

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from benchmarks.traffic import Sent


@dataclass
class Answers:
    """What came back."""

    times: list[float] = field(default_factory=list)
    """Seconds from the moment a request was due until its answer was complete."""
    refused: int = 0
    events: int = 0
    """Acknowledged; and of them the ones sent before:"""
    repeats: int = 0

    def quantile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Line:
    """One connection, which sends its requests one after the other."""

    def __init__(self, port: int, requests: Iterator[Sent]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.sent = Sent(b"", 0)
        self.due = 0.0
        self.answer = b""

    def send(self) -> bool:
        """False when there is nothing more to send."""
        sent = next(self.requests, None)
        if sent is None:
            return False
        self.sent, self.answer = sent, b""
        self.socket.sendall(sent.content)
        return True

    def is_answered(self) -> bool:
        """Read what has come. Raises ConnectionError when the server closed the connection."""
        came = self.socket.recv(8192)
        if not came:
            raise ConnectionError("the server closed the connection")
        self.answer += came
        return self.answer.endswith(b"}")


def drive(
    port: int,
    lines: Sequence[Iterator[Sent]],
    seconds: float,
    every_s: float = 0,
    tick: Callable[[], None] = lambda: None,
) -> Answers:
    """Send on all lines for `seconds`: each as fast as it is answered, or a request every `every_s`.

    With a pace, an answer is timed from when its request was due, not from when it was sent: a server that holds up
    a line must not thereby be asked less. `tick` is called about once a second.
    """
    answers = Answers()
    opened = {line.socket.fileno(): line for line in (Line(port, requests) for requests in lines)}
    poll = select.poll()
    for number in opened:
        poll.register(number, select.POLLIN)
    start = time.perf_counter()
    resting: list[tuple[float, int]] = []
    for place, (number, line) in enumerate(opened.items()):
        line.due = start + every_s * place / len(opened)
        heappush(resting, (line.due, number))
    sending, next_tick = 0, start + 1
    while True:
        now = time.perf_counter()
        if now >= next_tick:
            next_tick += 1
            tick()
        while resting and resting[0][0] <= now:
            _, number = heappop(resting)
            if now < start + seconds and opened[number].send():
                sending += 1
            else:
                poll.unregister(number)
        if not sending and not resting:
            break
        wait_s = min(resting[0][0], next_tick) - now if resting else next_tick - now
        for number, _ in poll.poll(max(0, wait_s * 1000)):
            line = opened[number]
            if not line.is_answered():
                continue
            now = time.perf_counter()
            _note(answers, line, now)
            line.due = line.due + every_s if every_s else now
            if line.due > now:
                sending -= 1
                heappush(resting, (line.due, number))
            elif now >= start + seconds or not line.send():
                sending -= 1
                poll.unregister(number)  # a connection that says nothing more may be closed by the server
    for line in opened.values():
        line.socket.close()
    return answers


def _note(answers: Answers, line: Line, now: float) -> None:
    answers.times.append(now - line.due)
    if line.answer.startswith(b"HTTP/1.1 200"):
        answers.events += line.sent.events
        answers.repeats += line.sent.repeats
    else:
        answers.refused += 1

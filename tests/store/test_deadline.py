"""The time limit of statements: whoever is late is interrupted, nobody else, by one thread for the whole process."""

import random
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import duckdb
import pytest

from loopline.store.deadline import AGAIN_S, Deadline

LATE_S = 20
"""Nobody waits so long, on however busy a machine."""


class Interrupted:
    """What is called where a block is late: how often, and a signal that it was."""

    def __init__(self) -> None:
        self.times = 0
        self.has_come = threading.Event()

    def __call__(self) -> None:
        self.times += 1
        self.has_come.set()


def late() -> Interrupted:
    """A block that ends as soon as it is interrupted."""
    interrupt = Interrupted()
    with Deadline(0.01, interrupt) as deadline:
        assert interrupt.has_come.wait(LATE_S)
    assert deadline.has_passed
    return interrupt


def test_however_many_statements_run_one_thread_watches_them() -> None:
    late()
    before = threading.active_count()
    interrupts = [Interrupted() for _ in range(50)]
    with ExitStack() as blocks:
        running = [blocks.enter_context(Deadline(LATE_S * 10, interrupt)) for interrupt in interrupts]
        assert threading.active_count() == before
    assert not any(one.has_passed for one in running)
    assert not any(one.times for one in interrupts)


def test_who_is_late_is_interrupted_again_and_again_until_it_ends_and_never_after() -> None:
    interrupt, enough = Interrupted(), time.monotonic() + LATE_S
    with Deadline(0.01, interrupt):
        while interrupt.times < 3 and time.monotonic() < enough:
            time.sleep(0.01)
    times = interrupt.times
    assert times >= 3
    time.sleep(3 * AGAIN_S)
    assert interrupt.times == times


def test_a_nearer_deadline_that_comes_later_is_kept_too() -> None:
    with Deadline(LATE_S * 10, interrupt := Interrupted()) as far:
        time.sleep(0.1)  # it sleeps until then
        began = time.monotonic()
        late()
        assert time.monotonic() - began < LATE_S
    assert (far.has_passed, interrupt.times) == (False, 0)


def test_the_deadline_that_was_nearest_may_go_and_the_others_are_kept() -> None:
    with Deadline(0.3, interrupt := Interrupted()):
        with Deadline(0.1, gone := Interrupted()):
            pass
        assert interrupt.has_come.wait(LATE_S)
    assert gone.times == 0


def test_a_block_that_ends_while_it_is_being_interrupted_ends_after_that() -> None:
    """What comes next on the connection would be interrupted in its place."""
    has_begun, is_done = threading.Event(), threading.Event()

    def slow() -> None:
        has_begun.set()
        time.sleep(0.2)
        is_done.set()

    with Deadline(0.01, slow) as deadline:
        assert has_begun.wait(LATE_S)
    assert is_done.is_set()
    assert deadline.has_passed


def test_one_that_is_slow_to_interrupt_is_in_nobodys_way_who_begins_or_ends() -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()

    def slow() -> None:
        has_begun.set()
        may_go_on.wait(LATE_S)

    with Deadline(0.01, slow):
        assert has_begun.wait(LATE_S)
        began = time.monotonic()
        for _ in range(100):
            with Deadline(LATE_S, Interrupted()):
                pass
        assert time.monotonic() - began < LATE_S / 2
        may_go_on.set()


def test_an_interrupt_that_fails_leaves_the_others_watched(caplog: pytest.LogCaptureFixture) -> None:
    has_failed = threading.Event()

    def fail() -> None:
        has_failed.set()
        raise RuntimeError("no connection")

    with Deadline(0.01, fail):
        assert has_failed.wait(LATE_S)
        late()
    assert "no connection" in caplog.text


def test_many_threads_at_once_get_each_what_is_theirs() -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        for _ in range(60):
            interrupt = Interrupted()
            is_late = chance.random() < 0.1
            with Deadline(0.005 if is_late else LATE_S * 10, interrupt) as deadline:
                if is_late and not interrupt.has_come.wait(LATE_S):
                    wrong.append("late, and not interrupted")
            if deadline.has_passed != is_late or bool(interrupt.times) != is_late:
                wrong.append(f"late: {is_late}, interrupted {interrupt.times} times")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


SUM = "SELECT sum(a.range * b.range) FROM range(1000) AS a, range(300) AS b"


def test_of_two_statements_on_one_connection_only_the_late_one_is_interrupted() -> None:
    """The first one takes about as long as it may, so that the watchdog comes just before, at or after its end."""
    with duckdb.connect(config={"threads": 1}) as connection:
        began = time.perf_counter()
        for _ in range(20):
            connection.execute(SUM).fetchall()
        usual_s = (time.perf_counter() - began) / 20
        chance, passed, stopped = random.Random(7), 0, 0
        for _ in range(300):
            with Deadline(usual_s * chance.uniform(0.5, 1.5), connection.interrupt) as deadline:
                try:
                    connection.execute(SUM).fetchall()
                except duckdb.InterruptException:
                    assert deadline.has_passed
                    stopped += 1
            passed += deadline.has_passed
            assert connection.execute(SUM).fetchall() == [(499500 * 44850,)]
    assert 0 < stopped <= passed < 300


def _alone(script: str) -> subprocess.CompletedProcess[str]:
    begin = "import os, threading, time\nfrom loopline.store.deadline import Deadline\n"
    return subprocess.run([sys.executable, "-c", begin + script], capture_output=True, text=True, timeout=60)


FORKED = """
def busy():
    while True:
        with Deadline(100, print):
            pass

for _ in range(4):
    threading.Thread(target=busy, daemon=True).start()
for _ in range(30):
    child = os.fork()
    if not child:
        came = threading.Event()
        with Deadline(0.01, came.set) as deadline:
            came.wait(20)
        os._exit(0 if deadline.has_passed else 1)
    assert os.waitpid(child, 0)[1] == 0
came = threading.Event()
with Deadline(0.01, came.set):
    assert came.wait(20)
print("kept")
"""

ENDING = """
def run():
    with Deadline(1000, print):
        time.sleep(1000)

threading.Thread(target=run, daemon=True).start()
with Deadline(1000, print):
    print("ended")
"""


@pytest.mark.parametrize(("script", "said"), [(FORKED, "kept\n"), (ENDING, "ended\n")], ids=["fork", "end"])
def test_a_fork_watches_its_own_statements_and_a_process_ends_when_it_is_done(script: str, said: str) -> None:
    done = _alone(script)
    assert (done.stdout, done.stderr, done.returncode) == (said, "", 0)

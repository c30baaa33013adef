"""How soon what somebody does changes what is said of them: from the request to the lead in the hands of sales.

    python -m benchmarks.freshness [--leads 25] [--per-second 400] [--waiting 500]

A real server, first quiet, then with a stream of page views beside it, a part of them by people with leads that go on
waiting. Each measured lead lacks one view of the prices; that view is sent to `/v1/page`, and the records are looked at
until the lead is handed over. On the way are inbox, steps, event store, the look at who changed, the verdict, routing.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import httpx

from benchmarks.installation import Installation, installation
from benchmarks.machine import machine
from benchmarks.processes import processor_s

SET_UP = (
    "setup", "--name", "Ada Berg", "--email", "ada@loopline.test", "--organisation", "Nordwind", "--unit", "Nordics",
    "--time-zone", "Europe/Oslo", "--currency", "EUR",
)  # fmt: skip
DEFINITION = {
    "all": [
        {"field": "person.business_email"},
        {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
    ]
}
PASSWORD = "a long enough passphrase"
AIM_S = 2.0
PATIENCE_S = 30.0
BATCH = 20
PAUSE_S = 0.7


def prepared(made: Installation, leads: int) -> list[tuple[str, str]]:
    """New leads that lack a view of the prices: (id of the lead, user id of its person)."""
    from loopline.access.actor import SYSTEM
    from loopline.access.models import BusinessUnit
    from loopline.access.roles import Role
    from loopline.people.actions import link_identity
    from tests.make import make_user
    from tests.make_leads import make_definition, make_lead

    unit = BusinessUnit.objects.get()
    make_user(Role.SALES, unit=unit, takes_leads=True)
    make_definition(unit, DEFINITION)
    found = []
    for number in range(leads):
        lead = make_lead(unit, email=f"person@company{number}.example")
        link_identity(f"user:reader-{number}", lead.person, "identify", SYSTEM)
        found.append((str(lead.pk), f"reader-{number}"))
    return found


def view(user: str, path: str) -> dict[str, Any]:
    page = {"url": f"https://www.example.com{path}", "title": "Page"}
    return {
        "type": "page", "userId": user, "anonymousId": f"browser-of-{user}",
        "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "page": page},
    }  # fmt: skip


class Sender:
    def __init__(self, made: Installation, key: str) -> None:
        self._client = httpx.Client(base_url=made.base, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def post(self, address: str, body: dict[str, Any]) -> None:
        self._client.post(address, json=body).raise_for_status()


@contextmanager
def stream(sender: Sender, waiting: Sequence[str], per_second: int) -> Iterator[list[int]]:
    """Page views beside the measurement, half of them by people whose leads wait; how many were sent, in the list."""
    stop, sent = threading.Event(), [0]

    def run() -> None:
        due = time.monotonic()
        while not stop.is_set():
            first = sent[0]
            users = [waiting[n % len(waiting)] if n % 2 else f"guest-{n % 9973}" for n in range(first, first + BATCH)]
            sender.post("/v1/batch", {"batch": [view(user, f"/page/{n % 50}") for n, user in enumerate(users)]})
            sent[0] += BATCH
            due += BATCH / per_second
            stop.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def seconds_until_handed_over(sender: Sender, lead: tuple[str, str]) -> float:
    from loopline.leads.models import Lead

    began = time.monotonic()
    sender.post("/v1/page", view(lead[1], "/pricing"))
    while time.monotonic() - began < PATIENCE_S:
        if Lead.objects.get(pk=lead[0]).state == Lead.State.HANDED_OVER:
            break
        time.sleep(0.02)
    return time.monotonic() - began


def report(name: str, spent: Sequence[float], cpu_s: float) -> None:
    late = sum(one > AIM_S for one in spent)
    print(
        f"{name:44} {statistics.median(spent):6.2f} s {max(spent):8.2f} s {late:6} of {len(spent)} {cpu_s:8.2f} CPU s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--leads", type=int, default=25)
    parser.add_argument("--waiting", type=int, default=500)
    parser.add_argument("--per-second", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loopline-freshness-") as folder:
        made = installation(Path(folder), LOOPLINE_SETUP_PASSWORD=PASSWORD)
        made.run(*SET_UP)
        key = made.run("keys", "create", "--name", "freshness", "--kind", "server")
        os.environ |= made.environment | {"DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
        django.setup()
        leads = prepared(made, 2 * given.leads + given.waiting)
        quiet, busy, waiting = leads[: given.leads], leads[given.leads : 2 * given.leads], leads[2 * given.leads :]
        print(f"machine: {machine()}")
        print(f"{'':44} {'median':>8} {'longest':>10} {f'over {AIM_S:g} s':>12} {'server':>10}")
        with made.serving() as served:
            sender = Sender(made, key)
            time.sleep(5)  # all are judged once, and what was prepared is carried to the event store
            measure(f"quiet, {len(leads)} leads wait", sender, quiet, served.pid)
            with stream(Sender(made, key), [user for _, user in waiting], given.per_second) as sent:
                time.sleep(3)
                began, before = time.monotonic(), sent[0]
                measure(f"{given.per_second} page views a second beside it", sender, busy, served.pid)
                print(f"sent beside it: {(sent[0] - before) / (time.monotonic() - began):,.0f} a second")


def measure(name: str, sender: Sender, leads: Sequence[tuple[str, str]], pid: int) -> None:
    spent, cpu_s = [], processor_s(pid)
    for lead in leads:
        spent.append(seconds_until_handed_over(sender, lead))
        time.sleep(PAUSE_S)
    report(name, spent, processor_s(pid) - cpu_s)


if __name__ == "__main__":
    main()

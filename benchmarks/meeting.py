"""A huddle of 60 hand-overs and 12 people behind a real server: all answered, closed, and when the minutes are out.

python -m benchmarks.meeting

Twelve people are signed in; each answers what is talked about of their own leads, one closes. The minutes count as out
when the mail server has one for everybody on the roster.
"""

import os
import re
import socketserver
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks.installation import Installation, installation

HAND_OVERS, PEOPLE = 60, 12
LATE_EVERY = 5
"""Every fifth clock has run out, so that the lead is talked about; the others are quiet."""
WAIT_S = 120.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Mailbox() as mailbox:
        installed = installation(
            Path(folder), LOOPLINE_DEMO="1", EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}?from=huddle@bench.example"
        )
        unit, series = fill(installed)
        with installed.serving(), ExitStack() as clients:
            people = [
                clients.enter_context(httpx.Client(base_url=installed.base, timeout=60, follow_redirects=True))
                for _ in range(PEOPLE)
            ]
            for number, client in enumerate(people):
                sign_in(client, f"Person {number}")
            report(people, f"/huddles/open/{unit}/", series, mailbox)


def report(people: list[httpx.Client], opening: str, series: str, mailbox: "Mailbox") -> None:
    runner = people[0]
    started = time.perf_counter()
    page = post(runner, opening, series=series)
    opened = time.perf_counter() - started
    address = page.url.path
    listed = runner.get(address, params={"card": "leads"}).text
    talked = re.findall(r'class="pane-item" href="\?[^"]*place=(\d+)', listed)
    answers = []
    for number, place in enumerate(talked):
        started = time.perf_counter()
        post(people[number % PEOPLE], f"{address}leads/{place}/", disposition="no_contact", sales_note="called twice")
        answers.append(time.perf_counter() - started)
    post(runner, f"{address}quiet/")
    started = time.perf_counter()
    closed = post(runner, f"{address}close/")
    written = time.perf_counter() - started
    names = {f"Buyer {number}" for number in range(HAND_OVERS)}
    without = [name for name in names if not re.search(rf"{name}\b", closed.text)]
    if "Minutes of" not in closed.text or without:
        raise SystemExit(f"the huddle is not closed, or is silent about {without}")
    while mailbox.count("Minutes:") < PEOPLE:
        if time.perf_counter() - started > WAIT_S:
            raise SystemExit(f"only {mailbox.count('minutes')} of {PEOPLE} have the minutes after {WAIT_S:.0f} s")
        time.sleep(0.05)
    print("| what | figure |\n|---|---:|")
    print(f"| open: list, reasons and figures frozen | {1000 * opened:.0f} ms |")
    print(f"| one lead answered (median of {len(answers)}; the page after it is in it) | "
          f"{1000 * statistics.median(answers):.0f} ms |")  # fmt: skip
    print(f"| leads with an answer in the minutes | {HAND_OVERS - len(without)} of {HAND_OVERS} |")
    print(f"| close until the minutes are on the page | {1000 * written:.0f} ms |")
    print(f"| close until all {PEOPLE} have them by mail | {time.perf_counter() - started:.1f} s |")


def fill(installed: Installation) -> tuple[str, str]:
    """Unit and series of a company whose week is over."""
    os.environ |= installed.environment | {"DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    from loopline.access.actor import SYSTEM
    from loopline.access.models import BusinessUnit, Mail, User
    from loopline.huddles.series import SeriesPlan, start_series
    from loopline.leads.models import Lead
    from loopline.lib.times import utc_now
    from loopline.people.models import Person

    call_command("migrate", verbosity=0)
    unit, now = BusinessUnit.objects.create(key="bench", name="Bench"), utc_now()
    users = [
        User.objects.create_user(
            f"p{number}@bench.example", None, name=f"Person {number}", is_demo=True,
            role="sales" if number else "marketing", takes_leads=bool(number),
        )
        for number in range(PEOPLE)
    ]  # fmt: skip
    for user in users:
        user.units.add(unit)
    for number in range(HAND_OVERS):
        person = Person.objects.create(unit=unit, name=f"Buyer {number}", email=f"b{number}@halden.example")
        Lead.objects.create(
            unit=unit, person=person, state="handed_over", owner=users[1 + number % (PEOPLE - 1)],
            created_at=now - timedelta(hours=3), handed_over_at=now - timedelta(hours=2),
            due_at=now + timedelta(hours=40 if number % LATE_EVERY else -1),
        )  # fmt: skip
    begins = now + timedelta(days=2)  # so that neither homework nor brief is due meanwhile
    series = start_series(unit, SeriesPlan("Weekly", begins.date(), begins.time(), tuple(users)), by=SYSTEM)
    Mail.objects.all().delete()
    return str(unit.pk), str(series.pk)


def sign_in(client: httpx.Client, name: str) -> None:
    page = client.get("/account/login/").text
    people = re.findall(r'<button(?=[^>]*name="person")[^>]*value="([0-9a-f-]{36})".*?<b>([^<]+)</b>', page, re.S)
    post(client, "/account/demo/", person={found: key for key, found in people}[name])


def post(client: httpx.Client, path: str, **said: str) -> httpx.Response:
    """A form sent as a page sends it. Raises SystemExit for an answer that is none."""
    headers = {"Referer": str(client.base_url), "X-CSRFToken": client.cookies["loopline_csrf"]}
    answer = client.post(path, data=said, headers=headers)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return answer


class Mailbox:
    """A mail server that takes everything and keeps the subjects."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        mailbox = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 bench\r\n")
                for line in self.rfile:
                    if line[:4].upper() == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        mailbox.keep(iter(self.rfile.readline, b".\r\n"))
                    is_over = line[:4].upper() == b"QUIT"
                    self.wfile.write(b"221 bye\r\n" if is_over else b"250 ok\r\n")
                    if is_over:
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "Mailbox":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, lines: Iterable[bytes]) -> None:
        subjects = [line.decode("utf-8", "replace") for line in lines if line.lower().startswith(b"subject:")]
        self.subjects += subjects[:1]

    def count(self, word: str) -> int:
        return sum(word in subject for subject in self.subjects)


if __name__ == "__main__":
    main()

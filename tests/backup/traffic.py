"""What goes on at a served installation while a backup is made: events, and people who make themselves known."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

PEOPLE_EVERY = 4
"""One of so many requests names somebody: the records change, and facts of that are carried over."""


@dataclass
class Traffic:
    """Sends until told to stop, and remembers what was answered with yes, and when."""

    url: str
    key: str
    senders: int = 1
    pause_s: float = 0.03
    prefix: str = "t"
    said_yes: dict[str, datetime] = field(default_factory=dict)
    """Id of an event → when its yes had arrived."""
    named: dict[str, datetime] = field(default_factory=dict)
    """Address → the same."""
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Traffic":
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(self.senders)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _send(self, sender: int) -> None:
        with httpx.Client(base_url=self.url, auth=(self.key, ""), timeout=20) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                name = f"{self.prefix}{sender}-{number}"
                self._one(client, name, is_named=number % PEOPLE_EVERY == 0)
                time.sleep(self.pause_s)

    def _one(self, client: httpx.Client, name: str, *, is_named: bool) -> None:
        said: dict[str, object] = {"userId": name, "messageId": name}
        if is_named:
            address = f"{name}@halden.example"
            answer = client.post("/v1/identify", json={**said, "traits": {"email": address}})
        else:
            answer = client.post("/v1/track", json={**said, "event": "Trial started"})
        if answer.status_code != 200:
            self.refused.append(f"{name}: {answer.status_code} {answer.text}")
            return
        now = datetime.now(UTC)
        self.said_yes[name] = now
        if is_named:
            self.named[address] = now

    def before(self, moment: datetime) -> tuple[set[str], set[str]]:
        """(events, addresses) that were acknowledged before the moment."""
        return (
            {name for name, at in self.said_yes.items() if at < moment},
            {address for address, at in self.named.items() if at < moment},
        )

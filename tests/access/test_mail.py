"""Mails to colleagues: queued once by key, sent once, offered again only where the server did not take them."""

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BufferedRWPair
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail as outbox_of
from django.core.mail.backends.locmem import EmailBackend

from loopline.access.mail import MOST_ATTEMPTS, TOO_LATE_AFTER, UNKNOWN, Attachment, NewMail, queue_mail, send_waiting
from loopline.access.models import Mail
from loopline.lib.config import ConfigError, read_config
from loopline.lib.email_url import MailServer, read_email_url
from tests.make import make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _sends_mail(settings: Any) -> None:
    settings.SENDS_MAIL = True


def queued(key: str = "brief/1", **changes: object) -> bool:
    words = {"subject": "Tuesday", "text": "Five figures"} | changes
    return queue_mail(NewMail(key, make_user(), **words), at=NOON)  # type: ignore[arg-type]


def test_the_same_key_is_queued_and_sent_once() -> None:
    assert queued()
    assert not queued()
    assert send_waiting(at=NOON) == 1
    assert send_waiting(at=NOON) == 0
    assert not queued(), "nor after it was sent"
    assert len(outbox_of.outbox) == 1


def test_it_arrives_with_its_picture_and_its_calendar() -> None:
    parts = (
        Attachment("chart.png", "image/png", b"\x89PNG", cid="chart"),
        Attachment("huddle.ics", "text/calendar; method=REQUEST; charset=utf-8", b"BEGIN:VCALENDAR"),
    )
    queued(html='<img src="cid:chart">', attachments=parts)
    send_waiting(at=NOON)
    text = outbox_of.outbox[0].message().as_string()
    assert "Content-ID: <chart>" in text
    assert 'method="REQUEST"' in text or "method=REQUEST" in text
    assert "text/html" in text


def test_a_subject_cannot_smuggle_in_another_header() -> None:
    queued(subject="Tuesday\r\nBcc: everyone@example.com")
    send_waiting(at=NOON)
    assert outbox_of.outbox[0].subject == "Tuesday Bcc: everyone@example.com"


def test_nothing_of_it_is_kept_once_it_went() -> None:
    queued(text="https://loopline.test/huddle/homework/secret")
    send_waiting(at=NOON)
    row = Mail.objects.get()
    assert (row.subject, row.text, row.html, row.attachments) == ("", "", "", [])
    assert row.sent_at == NOON


def test_what_is_too_late_or_can_never_be_sent_is_forgotten_too(settings: Any) -> None:
    settings.SENDS_MAIL = False
    queued(html="<p>Five figures</p>")
    send_waiting(at=NOON + TOO_LATE_AFTER)
    row = Mail.objects.get()
    assert (row.subject, row.text, row.html, row.trouble) == ("", "", "", "too late to be sent")


def test_what_the_server_did_not_take_is_offered_again_later_and_given_up_in_the_end() -> None:
    queued()
    with patch.object(EmailBackend, "send_messages", side_effect=smtplib.SMTPServerDisconnected("gone")):
        assert send_waiting(at=NOON) == 0
        assert send_waiting(at=NOON) == 0, "not at once"
        row = Mail.objects.get()
        assert (row.attempts, row.trouble, row.claimed_at) == (1, "gone", None)
        for _ in range(MOST_ATTEMPTS):
            Mail.objects.update(not_before=NOON)
            send_waiting(at=NOON)
    Mail.objects.update(not_before=NOON)
    assert send_waiting(at=NOON) == 0
    assert Mail.objects.get().attempts == MOST_ATTEMPTS


class BreaksOff:
    """A mail server that ends the conversation behind what begins with `after`, for as many mails as `times`."""

    def __init__(self, after: bytes, times: int = 1) -> None:
        self.taken: list[bytes] = []
        self._after, self._times = after, times
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return  # closed at the end of the test
            with line, line.makefile("rwb") as talk:
                self._talk(talk)

    def _talk(self, talk: BufferedRWPair) -> None:
        self._say(talk, b"220 here")
        for said in talk:
            if said.upper().startswith(self._after) and self._times:
                self._times -= 1
                return
            if said.upper().startswith(b"DATA"):
                self._say(talk, b"354 go on")
                content = b"".join(iter(talk.readline, b".\r\n"))
                if self._after == b"." and self._times:
                    self._times -= 1
                    self.taken.append(content)
                    return
                self.taken.append(content)
            self._say(talk, b"250 well")

    def _say(self, talk: BufferedRWPair, answer: bytes) -> None:
        talk.write(answer + b"\r\n")
        talk.flush()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def breaks_off(settings: Any) -> Iterator[Callable[[bytes], BreaksOff]]:
    started: list[BreaksOff] = []

    def start(after: bytes) -> BreaksOff:
        server = BreaksOff(after)
        started.append(server)
        settings.EMAIL_BACKEND = "loopline.access.mail_line.MailLine"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        return server

    yield start
    for one in started:
        one.close()


def test_a_mail_whose_line_broke_after_its_content_is_not_sent_twice(
    breaks_off: Callable[[bytes], BreaksOff],
) -> None:
    server = breaks_off(b".")
    queued()
    queued("brief/2", subject="Wednesday")
    assert send_waiting(at=NOON) == 1, "the next has a line of its own"
    assert send_waiting(at=NOON + timedelta(hours=9)) == 0
    unknown, sent = sorted(Mail.objects.all(), key=lambda one: one.sent_at is not None)  # ids of one moment: any order
    assert (unknown.trouble, unknown.text, unknown.sent_at) == (UNKNOWN, "", None)
    assert sent.sent_at == NOON
    assert len(server.taken) == 2


def test_a_mail_whose_line_broke_before_its_content_is_offered_again(
    breaks_off: Callable[[bytes], BreaksOff],
) -> None:
    server = breaks_off(b"RCPT")
    queued()
    assert send_waiting(at=NOON) == 0
    assert send_waiting(at=NOON + timedelta(hours=1)) == 1
    [content] = server.taken
    assert f"Message-ID: <{Mail.objects.get().pk.hex}@".encode() in content


def test_a_claimed_mail_is_never_sent_again() -> None:
    """The process was killed between the claim and the server's answer: nobody knows, so it is not repeated."""
    queued()
    Mail.objects.update(claimed_at=NOON)
    assert send_waiting(at=NOON) == 0
    assert outbox_of.outbox == []


def test_old_news_is_not_sent_and_nobody_shut_out_reads() -> None:
    queued()
    assert send_waiting(at=NOON + timedelta(days=3)) == 0
    gone = make_user()
    gone.is_active = False
    gone.save()
    assert not queue_mail(NewMail("x", gone, "a", "b"), at=NOON)


def test_without_a_mail_server_it_waits(settings: Any) -> None:
    settings.SENDS_MAIL = False
    queued()
    assert send_waiting(at=NOON) == 0
    assert Mail.objects.get().claimed_at is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", None),
        (
            "smtp+tls://me:p%40ss@mail.example?from=loopline@example.com",
            MailServer("mail.example", 587, "me", "p@ss", True, False, "loopline@example.com"),
        ),
        (
            "smtps://mail.example:4650?from=loopline@example.com",
            MailServer("mail.example", 4650, "", "", False, True, "loopline@example.com"),
        ),
    ],
)
def test_where_mail_is_handed_in(url: str, server: MailServer | None) -> None:
    assert read_email_url(url) == server


@pytest.mark.parametrize("url", ["imap://mail.example?from=a@b", "smtp://?from=a@b", "smtp://mail.example"])
def test_an_address_that_cannot_be_used_stops_the_start_with_words(url: str) -> None:
    with pytest.raises(ConfigError, match="EMAIL_URL"):
        read_config({"EMAIL_URL": url})

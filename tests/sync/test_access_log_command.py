"""`loopline import access-log` as a person runs it."""

from pathlib import Path

import pytest
from django.conf import settings

from loopline.access.models import AuditEntry
from loopline.cli.main import main
from loopline.collect.log import Log
from loopline.collect.own import close_logs
from tests.make import make_unit

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
LINES = (
    f'10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /offer HTTP/1.1" 200 9 "https://www.google.com/" "{CHROME}"\n'
    f'10.0.0.1 - - [17/May/2015:10:05:04 +0000] "GET /logo.png HTTP/1.1" 200 9 "-" "{CHROME}"\n'
    "hostile \x1b]0;owned\x07 line\n"
)


@pytest.fixture
def log_file(tmp_path: Path) -> str:
    path = tmp_path / "access.log"
    path.write_text(LINES)
    return str(path)


def received() -> int:
    log = Log(settings.CONFIG.data)
    try:
        return log.last_seq()
    finally:
        log.close()
        close_logs(settings.CONFIG.data)


def test_a_preview_accounts_for_every_line_and_writes_nothing(
    log_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    before = received()
    assert main(["import", "access-log", log_file, "--site", "www.example.com", "--preview"]) == 0
    said = capsys.readouterr().out
    assert "3 lines:" in said
    assert "1 page views of people" in said
    assert "https://www.example.com/offer  from https://www.google.com/  begins a session" in said
    assert "access.log line 3: no time in square brackets" in said
    assert "\x1b]" not in said
    assert "Nothing was written." in said
    assert received() == before
    assert not AuditEntry.objects.exists()


def test_an_import_tells_what_became_of_the_lines_and_is_on_record(
    log_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    before = received()
    assert main(["import", "access-log", log_file, log_file, "--site", "https://www.Example.com/"]) == 0
    said = capsys.readouterr().out
    assert "6 lines:" in said
    assert "2 sessions of people" not in said
    assert "wait to be loaded" in said
    assert received() == before + 2
    assert AuditEntry.objects.filter(verb="imported access logs", detail__site="www.example.com").count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name at least one log file"),
        (["{log}"], "say which site"),
        (["{log}", "--site", "<script>"], "is no site"),
        (["{log}", "--site", "exa mple.com"], "is no site"),
        (["{log}", "--site", "a.com", "--zone", "Middle/Earth"], "there is no time zone"),
        (["{log}", "--site", "a.com", "--zone", "../../etc/passwd"], "there is no time zone"),
        (["{log}", "--site", "a.com", "--unit", "nowhere"], "there is no business unit"),
        (["{log}x", "--site", "a.com"], "There is no file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    log_file: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    assert main(["import", "access-log", *[one.replace("{log}", log_file) for one in arguments]]) == 1
    assert said in capsys.readouterr().err

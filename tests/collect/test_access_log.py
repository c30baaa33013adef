"""Access logs on their way into the event store: read as a web server wrote them, through the inbox and all steps."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loopline.collect.access_log.feed import Feed, FeedStoppedError
from loopline.collect.access_log.line import LONGEST, UnreadableLineError, read_line
from loopline.collect.access_log.pages import Fate
from loopline.collect.access_log.reading import AccessLogs, Account, read_pages
from loopline.collect.access_log.source import LogFileError, lines_of
from loopline.collect.access_log.visits import Visits
from loopline.collect.settings import Settings
from loopline.demo.mmdb import write_mmdb
from tests.collect.station import CHROME, Station

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
REAL = Path(__file__).parents[3] / "shared/data/apache_access_log/access_log_pseudonymised.log"
NOTHING = Settings()


def line(
    path: str = "/", *, at: str = "17/May/2015:10:05:03 +0000", who: str = "10.0.0.1", referrer: str = "-",
    agent: str = CHROME, status: int = 200, method: str = "GET",
) -> bytes:  # fmt: skip
    return f'{who} - - [{at}] "{method} {path} HTTP/1.1" {status} 512 "{referrer}" "{agent}"\n'.encode()


def take(
    station: Station, *lines: bytes, name: str = "access.log", packed: bool = False, settings: Settings = NOTHING,
) -> Account:  # fmt: skip
    """Import a log of these lines, as the command does."""
    path = station.folder / name
    path.write_bytes(gzip.compress(b"".join(lines)) if packed else b"".join(lines))
    asked = AccessLogs([path], "www.example.com", "unit-1", settings=settings)
    account, feed = Account(), Feed(station.folder, asked)
    for page in read_pages(asked, path, Visits(frozenset()), account):
        feed.add(page.event)
    feed.flush()
    feed.close()
    return account


def test_a_page_view_keeps_its_own_time_and_passes_the_same_steps(station: Station) -> None:
    take(station, line("/offer?utm_source=Mail&utm_medium=email&utm_campaign=Spring", at="01/Mar/2009:12:00:00 +0100"))
    [row] = station.events()
    assert row["occurred_at"] == datetime(2009, 3, 1, 11, tzinfo=UTC)
    assert (row["kind"], row["url_host"], row["url_path"]) == ("page", "www.example.com", "/offer")
    assert (row["utm_source"], row["utm_campaign"], row["channel"]) == ("mail", "spring", "Email")
    assert (row["browser"], row["device"], row["bot_verdict"]) == ("Chrome", "desktop", "human")
    assert (row["is_entry"], row["touch_kind"], row["landing_path"]) == (True, "entry", "/offer")
    assert (row["source_id"], row["unit_id"]) == ("access-log:www.example.com", "unit-1")


def test_an_address_is_looked_up_while_the_log_is_read(station: Station) -> None:
    known = {"country_code": "NO", "region": "Oslo", "as_name": "Nordlys Fiber AS"}
    write_mmdb(station.folder / "one.mmdb", {"203.0.113.0/24": known}, kind="Test-City", built_s=1_790_000_000)
    lines = (line("/", who="203.0.113.77"), line("/", who="192.0.2.1"), line("/", who="a.name.example"))
    take(station, *lines, settings=Settings(places=(str(station.folder / "one.mmdb"),)))
    rows = station.events("country, region, network_company")
    places = sorted((row["country"], row["region"], row["network_company"]) for row in rows)
    assert places == [("", "", ""), ("", "", ""), ("NO", "Oslo", "")]


def test_no_identifier_and_no_address_is_stored(station: Station) -> None:
    take(station, line("/", who="203.0.113.77"), line("/next", who="203.0.113.77"))
    for row in station.events():
        assert (row["consent"], row["visitor_id"], row["session_id"], row["identity"]) == (1, "", "", "")
    files = [one for one in station.folder.iterdir() if one.name != "access.log" and one.is_file()]
    assert files
    assert not any(b"203.0.113.77" in one.read_bytes() for one in files)


def test_the_id_of_an_event_does_not_depend_on_the_address(station: Station) -> None:
    take(station, line(who="203.0.113.77"), name="one.log")
    take(station, line(who="198.51.100.9"), name="other.log")
    assert len(station.events()) == 1


def test_two_people_on_one_page_in_one_second_are_two_page_views(station: Station) -> None:
    account = take(station, line(who="10.0.0.1"), line(who="10.0.0.2"), line(who="10.0.0.1"))
    assert (account.fates[Fate.PAGE], account.visits) == (3, 2)
    assert len(station.events()) == 3


def test_importing_a_file_twice_plain_or_packed_changes_nothing(station: Station) -> None:
    lines = [line(f"/page/{place % 3}") for place in range(50)]
    take(station, *lines)
    before = station.events()
    take(station, *lines, packed=True)
    take(station, *lines[:20], name="rotated.log")
    assert station.events() == before
    assert len(before) == 50


def test_a_visit_ends_after_half_an_hour_and_with_another_origin(station: Station) -> None:
    google = "https://www.google.com/"
    account = take(
        station,
        line("/", at="17/May/2015:10:00:00 +0000", referrer=google),
        line("/a", at="17/May/2015:10:29:59 +0000", referrer="https://www.example.com/"),
        line("/b", at="17/May/2015:10:59:59 +0000", referrer="https://example.com/a"),
        line("/c", at="17/May/2015:11:30:00 +0000"),
        line("/d", at="17/May/2015:11:31:00 +0000", referrer="https://news.ycombinator.com/item"),
    )
    assert account.visits == 3
    rows = station.events("url_path, is_entry, channel, landing_path")
    assert [row["is_entry"] for row in rows] == [True, False, False, True, True]
    assert [row["channel"] for row in rows] == ["Organic Search"] * 3 + ["Direct", "Organic Social"]
    assert [row["landing_path"] for row in rows] == ["/", "/", "/", "/c", "/d"]


def test_machines_are_kept_and_marked(station: Station) -> None:
    account = take(station, line(agent=BOT), line(agent="-"), line())
    verdicts = [row["bot_verdict"] for row in station.events("bot_verdict")]
    assert sorted(map(str, verdicts)) == ["human", "machine:crawler", "machine:no_user_agent"]
    assert (account.fates[Fate.MACHINE], account.fates[Fate.PAGE]) == (2, 1)


def test_every_line_is_accounted_for_once(station: Station) -> None:
    account = take(
        station,
        line("/"), line("/style.css?v=3"), line("/Logo.PNG"), line("/feed/"), line("/tags/a?x=1&flav=rss20"),
        line("/v1.2/guide"),
        line("/a", status=304),
        line("/form", method="POST"), line("/gone", status=404), line("/old", status=301), line("/x", status=500),
        b"www.other.com:443 " + line("/"), b"www.example.com:443 " + line("/with-its-site"),
        line("http://www.example.com/whole"), line("http://casino.example/"),
        b"no log at all\n", b"\n", b'10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /cut',
    )  # fmt: skip
    assert dict(account.fates) == {
        Fate.PAGE: 5, Fate.FILE: 4, Fate.METHOD: 1, Fate.STATUS: 3, Fate.OTHER_SITE: 2, Fate.UNREADABLE: 3,
    }  # fmt: skip
    assert account.lines == 18 == account.events + 13
    assert [(one.line, one.reason) for one in account.problems] == [
        (16, "no time in square brackets: is this an access log?"),
        (17, "empty"),
        (18, "a quote is never closed: the line may be cut off"),
    ]
    paths = {row["url_path"] for row in station.events("url_path")}
    assert paths == {"/", "/v1.2/guide", "/a", "/with-its-site", "/whole"}


def test_the_common_format_has_no_agent_so_its_visitors_count_as_machines(station: Station) -> None:
    take(station, b'10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /index.html HTTP/1.0" 200 2326\n')
    [row] = station.events()
    assert row["occurred_at"] == datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)
    assert row["bot_verdict"] == "machine:no_user_agent"
    assert "frank" not in json.dumps(row, default=str)


HOSTILE = [
    line("/\\x00\\xff\\xed\\xa0\\x80\\\\"),
    line("/<script>alert(1)</script>", referrer="javascript:alert(1)"),
    line("/'\\\"; DROP TABLE events; --", agent='\\"><img src=x>'),
    line().replace(b"GET /", b"GET /\xff\xfe\x00").replace(b'"-"', b'"\xf0\x28"'),
    line("/‮\u2028\ud7ff𝔘" + "é" * 4000),
    line("//evil.example/%00"), line("/ a b c "), line("/" + "?" * 3000),
    line(referrer="http://[::1"), line(referrer="http://" + "a." * 2000 + "com"),
]  # fmt: skip


def test_hostile_lines_are_stored_harmless(station: Station) -> None:
    account = take(station, *HOSTILE)
    assert account.lines == len(HOSTILE) == account.events
    rows = station.events()
    assert len(rows) == len(HOSTILE)
    assert {row["url_host"] for row in rows} == {"www.example.com"}
    assert "\\u0000" not in json.dumps(rows, default=str)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (line(at="17/Foo/2015:10:05:03 +0000"), "the time is not written like"),
        (line(at="31/Feb/2015:10:05:03 +0000"), "there is no such time"),
        (line(at="17/May/2015:10:05:03"), "name the zone of the log with --zone"),
        (line("/" + "a" * LONGEST), "longer than 16 KB"),
        (b"[" * 5000 + b'"' * 5000, "neither"),
        (b'x - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "' + b"\\" * 4000, "never closed"),
        (b"\x00" * 100, "no time"),
    ],
)
def test_what_is_no_line_of_a_log_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableLineError, match=reason):
        read_line(data)


def test_times_without_an_offset_are_in_the_zone_that_is_named() -> None:
    read = read_line(line(at="17/May/2015:10:05:03"), ZoneInfo("Europe/Berlin"))
    assert read.at == datetime(2015, 5, 17, 8, 5, 3, tzinfo=UTC)


def test_a_line_without_end_takes_no_memory_and_hides_none_that_follow(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(line("/one") + b"x" * (3 << 20) + b"\n" + line("/two"))
    found = list(lines_of(path))
    assert [one.number for one in found] == [1, 2, 3]
    assert len(found[1].data) <= LONGEST + 2
    assert read_line(found[2].data).target == "/two"


def test_a_packed_file_that_is_cut_off_says_so_and_keeps_what_stood_before(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"".join(line(f"/{n}") for n in range(5000)), mtime=0)[:-20])
    with pytest.raises(LogFileError, match="damaged after line"):
        list(lines_of(path))


def test_an_import_stops_when_nothing_is_loaded(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopline.collect.access_log.feed._PATIENCE_S", 0.3)
    feed = Feed(station.folder, AccessLogs([], "www.example.com", "unit-1"), most_waiting=0)
    feed.add({"type": "page", "messageId": "1"})
    feed.flush()
    feed.add({"type": "page", "messageId": "2"})
    with pytest.raises(FeedStoppedError, match="Start the server"):
        feed.flush()
    feed.close()
    assert len(station.events()) == 1


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/apache_access_log is not here")
def test_a_real_log_of_ten_thousand_lines(station: Station) -> None:
    asked = AccessLogs([REAL], "semicomplete.com", "unit-1")
    for _ in range(2):
        account, feed = Account(), Feed(station.folder, asked)
        for page in read_pages(asked, REAL, Visits(frozenset()), account):
            feed.add(page.event)
        feed.flush()
        feed.close()
    assert account.lines == 10_000
    assert account.fates[Fate.UNREADABLE] == 1
    station.loader.load_all()
    [row] = station.engine.rows(
        "SELECT count(*) AS events, count(*) FILTER (WHERE bot_verdict = 'human') AS people,"
        " count(*) FILTER (WHERE is_entry AND bot_verdict = 'human') AS visits FROM events"
    )
    assert (row["events"], row["people"]) == (account.events, account.fates[Fate.PAGE])
    assert row["visits"] == account.visits

"""The brief: five figures against last time, the bottleneck as a picture, routes; nothing typed becomes code."""

from datetime import UTC, datetime, timedelta
from typing import Any

from loopline.huddles.brief import as_html, as_text, brief_parts
from loopline.huddles.brief_chart import cohort_picture
from loopline.huddles.routes import route_line
from loopline.reports.visits.moments import DIRECT, Moment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAGE = {
    "key": "accepted", "label": "Accepted", "moves_on": "converted", "moved": 20, "mature": 40, "lost_minor": 45_000_00,
    "cohorts": [
        {"on": "2026-01-01", "moved": 12, "entered": 20, "is_mature": True},
        {"on": "2026-02-01", "moved": 8, "entered": 22, "is_mature": False},
    ],
}  # fmt: skip
NOW: dict[str, Any] = {
    "handed_over": 12, "accepted_percent": 75, "sent_back": 3, "overdue": 0, "median_answer_minutes": None,
    "bottleneck": {"worst": "accepted", "currency": "EUR", "stages": [STAGE]},
    "won_deals": [
        {"name": f"Deal {n} <script>", "amount_minor": 9_000_00, "currency": "EUR", "reason": "", "route": "Newsletter"}
        for n in range(5)
    ],
    "lost_deals": [],
    "rejection_clauses": [["company has over 50 people", 4]],
    "failing_clauses": [["business e-mail", 9]],
    "quality": [{"what": "Consent", "text": "Only 40 % carry an identifier."}],
    "agenda": {"minutes": 30, "topics": 14, "within": 9},
}  # fmt: skip


def test_the_page_says_it_all_in_text() -> None:
    text = as_text("Weekly", brief_parts(NOW, {"handed_over": 9, "accepted_percent": 60}), "https://loopline.test/x")
    assert "* Handed over: 12\n  was 9" in text
    assert "* Accepted of answered: 75 %\n  was 60 %" in text
    assert "* Median time to answer: —" in text
    assert "* Accepted: 20 of 40\n  moved on to converted; the others were expected to bring €45,000" in text
    assert text.count("Deal ") == 3, "three routes, not five"
    assert "company has over 50 people: 4" in text
    assert "business e-mail" not in text
    assert "9 fit into 30 minutes" in text
    assert "https://loopline.test/x" in text


def test_a_first_change_of_the_clause_stands_beside_it_with_what_it_would_have_done() -> None:
    cells = [{"key": key, "n": n, "won": won} for key, n, won in (("only_old", 7, 0), ("only_new", 4, 2))]
    tried = {
        "words": "at least 100 people",
        "text": "Not shown.",
        "caveat": "Only 31 outcomes.",
        "n": 90,
        "cells": cells,
    }
    text = as_text("Weekly", brief_parts(NOW, {}, tried), "x")
    assert "* What if: at least 100 people\n  Not shown. Only 31 outcomes. Of 90 leads of half a year" in text
    assert "4 more would pass (2 of them won), 7 would be refused (0 won)." in text


def test_what_people_typed_stays_text_in_the_mail() -> None:
    html = as_html("Weekly <b>", brief_parts(NOW, {}), "https://loopline.test/x", "cohorts")
    assert "<script>" not in html
    assert "Deal 0 &lt;script&gt;" in html
    assert "Weekly &lt;b&gt;" in html
    assert html.count('src="cid:cohorts"') == 1


def test_the_cohorts_are_drawn_as_a_picture_and_nothing_where_nothing_is_known() -> None:
    assert cohort_picture(NOW["bottleneck"]).startswith(b"\x89PNG")
    assert cohort_picture({"error": "no answer"}) == b""
    assert cohort_picture({"worst": "", "stages": [STAGE]}) == b""


def test_what_is_not_known_is_said() -> None:
    unknown = NOW | {"bottleneck": {"error": "The event store did not answer."}, "quality": {"error": "No answer."}}
    text = as_text("Weekly", brief_parts(unknown, {}), "x")
    assert "* Not known\n  The event store did not answer." in text
    assert "* Not checked\n  No answer." in text


def test_a_route_in_one_line() -> None:
    def moment(days: int, kind: str, title: str = "Visit from", subject: str = "") -> Moment:
        return Moment(NOON + timedelta(days=days), kind, title, subject)

    seen = [
        moment(50, "visit", subject="After it was closed"), moment(30, "call"), moment(20, "call"),
        moment(10, "form", "Sent a form", "Ask for a demo"), moment(5, "visit", DIRECT),
        moment(0, "visit", subject="Newsletter"),
    ]  # fmt: skip
    line = route_line(seen, NOON + timedelta(days=25), NOON + timedelta(days=43))
    assert line == "Newsletter → 2 visits → form “Ask for a demo” → 2 calls and meetings → closed after 43 days"
    assert route_line([], NOON, NOON + timedelta(days=3)) == "closed after 3 days"

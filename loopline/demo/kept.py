"""What the demo company keeps of reports: views for everyone of a unit, figures frozen for the board, a weekly mail."""

from datetime import UTC, datetime, time, timedelta

from loopline.access.books import books_for
from loopline.access.models import Organisation
from loopline.demo import world
from loopline.demo.ground import Ground
from loopline.reporting.calendar import next_weekly
from loopline.reporting.freezing import freeze_run
from loopline.reporting.models import ReportMail, SavedView
from loopline.reports.options import Options
from loopline.reports.run import run_report, told_whole
from loopline.store.engine import Engine

MARKETING, READERS = "mara@halden.example", ("mara@halden.example", "henrik@halden.example")


def keep_reports(ground: Ground, engine: Engine, until: datetime) -> None:
    owner, unit = ground.users[MARKETING], ground.units[world.UNITS[0].key]
    SavedView.objects.create(
        name="What each mailing and event earned", report="closed-loop", owner=owner, unit=unit,
        options={"by": "activity", "period": "last_12_months", "model": "position_based"},
        created_at=until - timedelta(days=40),
    )  # fmt: skip
    SavedView.objects.create(
        name="Industries of the quarter", report="closed-loop", owner=owner, unit=unit,
        options={"by": "industry", "period": "last_90_days"}, created_at=until - timedelta(days=12),
    )  # fmt: skip
    SavedView.objects.create(
        name="Weeks for the marketing-mix model", report="weekly", owner=owner, unit=unit,
        options={"by": "unit", "period": "last_12_months"}, created_at=until - timedelta(days=20),
    )  # fmt: skip
    _weekly_mail(ground, until)
    _frozen_for_the_board(ground, engine, until)


def _weekly_mail(ground: Ground, until: datetime) -> None:
    next_at = next_weekly(1, time(7), Organisation.current().time_zone, until)
    mail = ReportMail.objects.create(
        name="Pipeline on Mondays", report="pipeline-created", options={"period": "last_90_days"},
        cadence=ReportMail.Cadence.WEEKLY, day=1, at=time(7), owner=ground.users[MARKETING], next_at=next_at,
        not_before=next_at, last_sent_at=next_at - timedelta(days=7), created_at=until - timedelta(days=60),
    )  # fmt: skip
    mail.recipients.set(ground.users[email] for email in READERS)


def _frozen_for_the_board(ground: Ground, engine: Engine, until: datetime) -> None:
    """The last whole month twice: as it was told when it had just ended, and as the books stand. What became known
    in between is what changed."""
    last = until.date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    by = ground.users[MARKETING].actor
    said = {"by": "campaign", "period": "custom", "from": first.isoformat(), "to": last.isoformat()}
    ended = datetime.combine(last + timedelta(days=1), time(tzinfo=UTC))
    for note, at in (("Board, first look", ended), ("Board", until)):
        asked = Options(first=first, last=last, by="campaign", as_of=min(at, until))
        books = books_for(by)
        told = told_whole(run_report("closed-loop", asked, engine, books), asked, engine, books)
        freeze_run(told, said, note=note, by=by, at=at)

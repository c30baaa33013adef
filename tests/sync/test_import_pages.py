import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.sync.models import ImportRun
from loopline.sync.uploads import folder_of, kept
from loopline.sync.verdicts import Tally
from tests.make import make_unit, make_user, signed_in
from tests.sync.house import HEAD, LEADS

pytestmark = pytest.mark.django_db
ROWS = "L1,2026-01-05,ana@halden.example,<script>alert(1)</script>,Halden,fair\nL2,never,,,,\n"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


@pytest.fixture
def marketer(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit)


def send(client: Client, unit: BusinessUnit, *, mapping: str = LEADS, content: str = HEAD + ROWS) -> ImportRun:
    data = {"tables": SimpleUploadedFile("leads.csv", content.encode()), "unit": unit.pk}
    if mapping:
        data["mapping"] = SimpleUploadedFile("leads.toml", mapping.encode())
    answer = client.post(reverse("import_new"), data)
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.latest("started_at")


def test_imports_are_closed_to_strangers_sales_and_other_units(marketer: User, unit: BusinessUnit) -> None:
    run = send(signed_in(marketer), unit)
    posted = ["import_map", "import_again", "import_discard", "import_undo"]
    other, sales = make_user(Role.MARKETING, unit=make_unit()), make_user(Role.SALES, unit=unit)
    for name in ("imports", "import_new", "import_run", "import_verdicts", *posted):
        url = reverse(name, args=[] if name in {"imports", "import_new"} else [run.pk])
        method = "post" if name in {*posted, "import_new"} else "get"
        assert getattr(Client(), method)(url).status_code == 302, name
        assert getattr(signed_in(sales), method)(url).status_code == 403, name
        assert getattr(signed_in(other), method)(url).status_code == (
            200 if name == "imports" else 422 if name == "import_new" else 404
        ), name


def test_the_address_that_takes_files_leads_back_to_the_imports_when_it_is_only_opened(
    marketer: User, unit: BusinessUnit
) -> None:
    answer = signed_in(marketer).get(reverse("import_new"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("imports"))
    assert Client().get(reverse("import_new"))["Location"].startswith(reverse("account_login"))
    assert signed_in(make_user(Role.SALES, unit=unit)).get(reverse("import_new")).status_code == 403


def test_a_draft_shows_what_would_become_of_each_row_and_writes_nothing(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    run = send(client, unit)
    text = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "ana@halden.example" in text
    assert "&lt;script&gt;" in text
    assert "no date such as" in text
    assert "Import 1 row, leave out 1" in text
    assert not Person.objects.exists()


def test_the_button_promises_no_count_where_only_the_first_rows_were_looked_at(
    marketer: User, unit: BusinessUnit
) -> None:
    client = signed_in(marketer)
    row = "M{},2026-01-05,ana{}@halden.example,Ana,Halden,fair\n"
    many = "".join(row.format(number, number) for number in range(30))
    run = send(client, unit, content=HEAD + ROWS + many)
    assert "Import, leave out what is refused" in client.get(reverse("import_run", args=[run.pk])).content.decode()
    run = send(client, unit, content=HEAD + many)
    assert "Import all rows" in client.get(reverse("import_run", args=[run.pk])).content.decode()


def test_a_file_without_a_mapping_gets_a_suggested_one(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    run = send(client, unit, mapping="", content="id,created,email\n1,2026-01-05,a@halden.example\n")
    assert 'first_contact = "created"' in run.mapping
    assert "a@halden.example" in client.get(reverse("import_run", args=[run.pk])).content.decode()


def test_a_mapping_that_does_not_fit_says_what_to_write_and_can_be_mended(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    run = send(client, unit, mapping=LEADS.replace('"date"', '"day"'))
    url = reverse("import_run", args=[run.pk])
    assert "lacks “day”" in client.get(url).content.decode()
    client.post(reverse("import_map", args=[run.pk]), {"mapping": LEADS})
    assert "lacks" not in client.get(url).content.decode()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00\x01\x02" * 50])
def test_a_file_that_is_no_table_is_refused_in_words(content: bytes, marketer: User, unit: BusinessUnit) -> None:
    data = {"tables": SimpleUploadedFile("x.csv", content), "unit": unit.pk}
    answer = signed_in(marketer).post(reverse("import_new"), data)
    assert answer.status_code in {302, 422}
    if answer.status_code == 422:
        assert "x.csv" in answer.content.decode()


def test_names_of_files_never_become_paths(marketer: User, unit: BusinessUnit) -> None:
    data = {"tables": SimpleUploadedFile("..\\..\\evil<b>.csv", b"id,created\n1,2026-01-01\n"), "unit": unit.pk}
    signed_in(marketer).post(reverse("import_new"), data)
    run = ImportRun.objects.get()
    [(path, name)] = kept(settings.CONFIG.data, run)
    assert path.parent == folder_of(settings.CONFIG.data, run)
    assert "<" not in name


def test_a_discarded_draft_is_gone_with_its_files(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    run = send(client, unit)
    client.post(reverse("import_discard", args=[run.pk]))
    assert not ImportRun.objects.exists()
    assert not folder_of(settings.CONFIG.data, run).exists()


def test_warnings_stand_beside_what_was_taken_in() -> None:
    assert (
        Tally(Counter(created=7, refused=2, warnings=1)).sentence == "9 rows: 7 created (1 with a warning), 2 refused"
    )
    assert (
        Tally(Counter(created=7, updated=1, warnings=2)).sentence == "8 rows: 7 created, 1 updated (2 with a warning)"
    )
    assert Tally(Counter(created=1)).sentence == "1 row: 1 created"


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_taken_in_beside_the_page_and_undone(tmp_path: Path) -> None:
    unit = make_unit()
    client = signed_in(make_user(Role.MARKETING, unit=unit))
    run = send(client, unit)
    client.post(reverse("import_map", args=[run.pk]), {"mapping": LEADS, "run": "1"})
    deadline = time.monotonic() + 30
    while ImportRun.objects.get().status == ImportRun.Status.RUNNING and time.monotonic() < deadline:
        time.sleep(0.05)
    text = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "1 created, 1 refused" in text
    assert Lead.objects.count() == 1
    verdicts = client.get(reverse("import_verdicts", args=[run.pk]))
    assert b"refused" in b"".join(verdicts.streaming_content)  # type: ignore[attr-defined]
    part = client.get(reverse("import_run", args=[run.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    client.post(reverse("import_undo", args=[run.pk]))
    assert not Lead.objects.exists()
    assert "Undone" in client.get(reverse("import_run", args=[run.pk])).content.decode()
    deadline = time.monotonic() + 10
    while kept(settings.CONFIG.data, run) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert kept(settings.CONFIG.data, run) == []

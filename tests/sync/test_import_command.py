"""The command as a person runs it: arguments in, words and exit status out."""

from pathlib import Path

import pytest
from django.conf import settings

from loopline.cli.main import main
from loopline.leads.models import Lead
from loopline.sync.models import ImportRun
from tests.make import make_unit
from tests.sync.house import HEAD, LEADS

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    leads, mapping = tmp_path / "leads.csv", tmp_path / "leads.toml"
    leads.write_text(HEAD + "L1,2026-01-05,a@halden.example,[bold]Ana[/bold],Halden,fair\nL2,never,,,,\n")
    mapping.write_text(LEADS)
    return str(leads), str(mapping)


def test_a_preview_shows_verdicts_and_writes_nothing(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    assert main(["import", files[0], "--mapping", files[1], "--preview"]) == 0
    said = capsys.readouterr().out
    assert "read as UTF-8" in said
    assert "Nothing was written" in said
    assert not Lead.objects.exists()


def test_an_import_tells_its_counts_its_problems_and_how_to_take_it_back(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    assert main(["import", files[0], "--mapping", files[1]]) == 0
    said = capsys.readouterr().out
    run = ImportRun.objects.get()
    assert "2 rows: 1 created, 1 refused" in said
    assert "leads.csv line 3: refused: first_contact" in said
    assert f"loopline import --undo {run.pk}" in said
    assert (settings.CONFIG.data / "imports" / f"{run.pk}.verdicts.csv").exists()
    assert main(["import", "--undo", "last"]) == 0
    assert "records removed" in capsys.readouterr().out
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --mapping FILE"),
        (["--mapping", "{nowhere}"], "cannot be read"),
        (["{nowhere}", "--mapping", "{mapping}"], "There is no file"),
        (["{mapping}", "--mapping", "{mapping}"], "lacks “id”"),
        (["{leads}", "--mapping", "{leads}"], "no valid TOML"),
        (["{leads}", "--mapping", "{mapping}", "--unit", "nowhere"], "there is no business unit “nowhere”"),
        (["--undo", "nothing"], "no import “nothing”"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_1(
    arguments: list[str], said: str, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_unit()
    names = {"leads": files[0], "mapping": files[1], "nowhere": str(tmp_path / "nowhere")}
    assert main(["import", *(one.format(**names) for one in arguments)]) == 1
    assert said in capsys.readouterr().err


def test_several_units_have_to_be_told_apart(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    make_unit()
    second = make_unit()
    assert main(["import", files[0], "--mapping", files[1]]) == 1
    assert "there are several business units; name one with --unit" in capsys.readouterr().err
    assert main(["import", files[0], "--mapping", files[1], "--unit", second.key]) == 0
    assert Lead.objects.get().unit == second

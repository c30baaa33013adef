"""Own attribution models: made and changed as versions by those who may, previewed, and used in every report."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import AuditEntry, BusinessUnit, OwnModelVersion
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, signed_in_as

pytestmark = pytest.mark.django_db
FORM = {"name": "Board <model>", "first": "40", "lead": "", "last": "40", "rest": "20", "times_call": "2"}


@pytest.fixture
def unit(store: DuckDBEngine) -> BusinessUnit:
    """A unit with one sale of two visits."""
    unit, shelf, now = make_unit("Nordics"), Shelf(store), utc_now() - timedelta(days=3)
    shelf.person("ines", "v1")
    for number, channel in enumerate(("Email", "Paid Search", "Event")):
        shelf.touch(f"e{number}", "visitor:v1", now - timedelta(days=9 - number), channel=channel, unit_id=str(unit.pk))
    shelf.won("o1", "ines", now, 100_00, unit_id=str(unit.pk))
    shelf.store()
    return unit


def test_only_those_who_may_make_and_remove_models(unit: BusinessUnit) -> None:
    addresses = [reverse("own_model_new"), reverse("own_model_remove", args=["custom_board_model"])]
    for address in addresses:
        assert Client().post(address, FORM).status_code == 302
        assert signed_in_as(Role.SALES, unit).post(address, FORM | {"save": "yes"}).status_code == 403
    assert signed_in_as(Role.SALES, unit).get(reverse("own_models")).status_code == 200
    assert Client().get(reverse("own_models")).status_code == 302
    assert not OwnModelVersion.objects.exists()


def test_a_preview_shows_the_sentence_the_example_and_the_own_sales_and_saves_nothing(unit: BusinessUnit) -> None:
    text = signed_in_as(Role.FINANCE, unit).post(reverse("own_model_new"), FORM | {"preview": "yes"}).content.decode()
    assert "40 % on the first touchpoint, 40 % on the last touchpoint" in text
    assert "calls count double" in text
    assert "Your sales of the last twelve months" in text
    assert not OwnModelVersion.objects.exists()


def test_a_saved_model_deals_in_every_report_and_a_change_is_its_next_version(
    unit: BusinessUnit, store: DuckDBEngine
) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    assert client.post(reverse("own_model_new"), FORM | {"save": "yes"}).status_code == 302
    Relay(store).relay_once()
    asked = {"by": "channel", "model": "custom_board_model", "period": "all"}

    def revenue() -> dict[str, int]:
        told = client.get(reverse("closed_loop_download", args=["json"]), asked).json()
        assert told["balance"]["holds"]
        return {row["key"]: row["revenue_minor"] for row in told["rows"]}

    assert revenue() == {"Email": 40_00, "Event": 40_00, "Paid Search": 20_00}
    edit = reverse("own_model_edit", args=["custom_board_model"])
    assert "Save as version 2" in client.get(edit).content.decode()
    client.post(edit, {"name": "Board <model>", "rest": "100", "save": "yes"})
    Relay(store).relay_once()
    assert revenue() == {"Email": 33_34, "Paid Search": 33_33, "Event": 33_33}
    page = client.get(reverse("own_models")).content.decode()
    assert "All 2 versions" in page
    assert "Board &lt;model&gt;" in page
    assert "Board <model>" not in page
    beside = client.get(reverse("models"), {"period": "all", "by": "channel"}).content.decode()
    assert "Board &lt;model&gt;" in beside
    assert AuditEntry.objects.filter(verb="saved attribution model").count() == 2
    client.post(reverse("own_model_remove", args=["custom_board_model"]))
    Relay(store).relay_once()
    assert client.get(reverse("closed_loop"), asked).status_code == 400


def test_every_figure_of_an_own_model_opens_down_to_the_touchpoints(unit: BusinessUnit, store: DuckDBEngine) -> None:
    """In the comparison of models, on the page Models, under each window there, and where the model is changed."""
    client = signed_in_as(Role.MARKETING, unit)
    client.post(reverse("own_model_new"), FORM | {"save": "yes"})
    Relay(store).relay_once()

    def leads_to(page: str, *words: str) -> str:
        found = [unescape(one) for one in re.findall(r'href="([^"]+)"', page) if all(word in one for word in words)]
        assert found, words
        opened = client.get(found[0])
        assert opened.status_code == 200
        return opened.content.decode()

    report = client.get(
        reverse("report", args=["model-comparison"]), {"period": "all", "by": "channel"}
    ).content.decode()
    assert "Where the models differ" in report
    opened = leads_to(report, "row=Event", "metric=by_custom_board_model")
    assert "€40" in opened
    for page in (
        leads_to(opened, "closed-loop/behind", "model=custom_board_model"),
        leads_to(
            client.get(
                reverse("models"),
                {"period": "all", "by": "channel", "windows": "yes", "model": "custom_board_model"},
            ).content.decode(),
            "row=Event", "lookback=30", "model=custom_board_model",
        ),
        leads_to(
            client.get(reverse("own_model_edit", args=["custom_board_model"])).content.decode(),
            "row=Event", "model=custom_board_model",
        ),
    ):  # fmt: skip
        assert "1 touchpoint" in page
        assert "€40.00" in page
    unsaved = client.post(reverse("own_model_new"), FORM | {"name": "New", "preview": "yes"}).content.decode()
    assert "model=linear" in unsaved
    assert "model=custom" not in unsaved


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"rest": "30"}, "add up to 110"),
        ({"name": ""}, "required"),
        ({"first": "many"}, "number"),
        ({"times_call": "99"}, "10"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused_in_words(
    unit: BusinessUnit, change: dict[str, str], why: str
) -> None:
    answer = signed_in_as(Role.MARKETING, unit).post(reverse("own_model_new"), FORM | change | {"save": "yes"})
    assert answer.status_code == 400
    assert why in answer.content.decode()
    assert not OwnModelVersion.objects.exists()


def test_two_models_of_one_name_are_told_apart_by_refusing_the_second(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    client.post(reverse("own_model_new"), FORM | {"save": "yes"})
    again = client.post(reverse("own_model_new"), FORM | {"name": "board <MODEL>", "save": "yes"})
    assert "of this name already" in again.content.decode()
    assert client.get(reverse("own_model_edit", args=["custom_nothing"])).status_code == 404

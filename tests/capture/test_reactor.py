"""What identify, alias, group and form events change in the records, each once, in order, poison aside."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from loopline.access.models import BusinessUnit
from loopline.campaigns.models import Submission
from loopline.collect.reactor_feed import ReactorFeed
from loopline.collect.signals import Signal
from loopline.collect.state import Outcome, State
from loopline.leads.desk import behaviour_for
from loopline.leads.known import Behaviour
from loopline.leads.models import Lead
from loopline.leads.reactor import CURSOR, react_once, retry_refusal
from loopline.people.actions import person_of
from loopline.people.models import Company, Person, ReactorCursor, ReactorRefusal
from tests.make import make_form, make_unit

pytestmark = pytest.mark.django_db

AT_US = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp() * 1_000_000)


class Feeder:
    """Puts signals where the loader puts them, and lets the reactor read them there."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.feed = ReactorFeed(self.state)
        self.unit = make_unit()
        self._seq = 0

    def add(self, kind: str, **said: Any) -> None:
        self._seq += 1
        whole: dict[str, Any] = {
            "seq": self._seq, "kind": kind, "event_id": f"e{self._seq}", "unit_id": str(self.unit.pk),
            "source_id": "k1", "source": "browser", "visitor_id": "", "user_id": "", "previous_id": "", "group_id": "",
            "session_id": "", "email": "", "name": "", "traits": {}, "properties": {}, "occurred_us": AT_US,
            "consent": 3, "bot_verdict": "human",
        }  # fmt: skip
        self.state.commit(Outcome(first_seq=self._seq, last_seq=self._seq, signals=[Signal(**(whole | said))]))

    def react(self) -> int:
        return react_once(self.feed)


@pytest.fixture
def feeder(data: Path) -> Iterator[Feeder]:
    feeder = Feeder(data / "feed")
    yield feeder
    feeder.state.close()


def test_identify_with_an_address_makes_a_person_and_links_browser_and_user(feeder: Feeder) -> None:
    traits = {"email": "ines@halden.no", "firstName": "Ines", "lastName": "Okafor", "title": "CFO",
              "address": {"country": "no"}, "company": {"name": "Halden Foods"}}  # fmt: skip
    feeder.add("identify", email="ines@halden.no", user_id="42", visitor_id="v1", traits=traits)
    assert feeder.react() == 1
    person = Person.objects.get()
    assert (person.name, person.job_title, person.country) == ("Ines Okafor", "CFO", "NO")
    assert str(person.company) == "Halden Foods"
    assert person_of("visitor:v1") == person_of("user:42") == person_of("email:ines@halden.no") == person
    assert person.created_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_user_id_alone_makes_a_person_whose_address_may_come_later(feeder: Feeder) -> None:
    feeder.add("identify", user_id="42", visitor_id="v1", traits={"name": "Ines"})
    feeder.add("identify", user_id="42", email="ines@halden.no")
    feeder.react()
    person = Person.objects.get()
    assert (person.name, person.email) == ("Ines", "ines@halden.no")


def test_a_user_known_by_id_and_a_person_known_by_address_turn_out_to_be_one(feeder: Feeder) -> None:
    feeder.add("identify", user_id="42", visitor_id="v1")
    feeder.add("form", email="ines@halden.no", visitor_id="v2", properties={"fields": {"email": "ines@halden.no"}})
    feeder.add("identify", user_id="42", email="ines@halden.no")
    feeder.react()
    assert Person.objects.remaining().count() == 1
    assert person_of("visitor:v1") == person_of("visitor:v2")


def test_traits_of_a_browser_that_has_not_said_who_it_is_change_nothing(feeder: Feeder) -> None:
    feeder.add("identify", visitor_id="v1", traits={"plan": "free"})
    assert feeder.react() == 1
    assert not Person.objects.exists()


def test_machines_change_no_records(feeder: Feeder) -> None:
    feeder.add("identify", email="bot@halden.no", bot_verdict="machine:crawler")
    feeder.react()
    assert not Person.objects.exists()


def test_alias_joins_the_browser_and_the_user(feeder: Feeder) -> None:
    feeder.add("identify", user_id="42", email="ines@halden.no")
    feeder.add("alias", previous_id="anon-1", user_id="42", name="alias")
    feeder.react()
    assert person_of("visitor:anon-1") == Person.objects.get()


def test_alias_to_a_new_user_id_keeps_the_person(feeder: Feeder) -> None:
    feeder.add("identify", user_id="old", email="ines@halden.no")
    feeder.add("alias", previous_id="old", user_id="new", name="alias")
    feeder.react()
    assert person_of("user:new") == Person.objects.get()


def test_group_gives_a_known_person_a_company_and_fills_it_in(feeder: Feeder) -> None:
    feeder.add("identify", user_id="42", email="ines@gmail.com")
    traits = {"name": "Halden Foods", "website": "https://www.halden.no/en", "employees": 1200, "industry": "Food"}
    feeder.add("group", user_id="42", group_id="g1", traits=traits)
    feeder.react()
    company = Company.objects.get()
    assert (company.name, company.domain, company.employees, company.industry) == ("Halden Foods", "halden.no", 1200,
                                                                                    "Food")  # fmt: skip
    assert Person.objects.get().company == company


def test_a_group_id_is_one_company_whoever_comes_with_it(feeder: Feeder) -> None:
    feeder.add("identify", user_id="1", email="ines@gmail.com")
    feeder.add("identify", user_id="2", email="tom@gmail.com")
    feeder.add("group", user_id="1", group_id="g1")
    feeder.add("group", user_id="2", group_id="g1", traits={"name": "Halden Foods", "website": "halden.no"})
    feeder.add("group", user_id="1", group_id="g1", traits={"name": "Something else"})
    feeder.react()
    company = Company.objects.get()
    assert (company.name, company.domain) == ("Halden Foods", "halden.no")
    assert set(Person.objects.values_list("company", flat=True)) == {company.pk}
    assert [one.key for one in company.keys.all()] == ["group:g1"]


def test_a_group_id_that_names_nobody_makes_no_company(feeder: Feeder) -> None:
    feeder.add("identify", user_id="1", email="ines@gmail.com")
    feeder.add("group", user_id="1", group_id="null")
    feeder.react()
    assert not Company.objects.exists()


def test_the_owner_of_a_network_is_nobodys_company(feeder: Feeder) -> None:
    feeder.add("identify", user_id="1", email="ines@gmail.com", properties={"network_company": "Halden Foods"})
    feeder.react()
    assert not Company.objects.exists()


def test_group_of_nobody_we_know_changes_nothing(feeder: Feeder) -> None:
    feeder.add("group", visitor_id="v1", group_id="g1", traits={"name": "Halden Foods"})
    feeder.react()
    assert not Company.objects.exists()


def site_form(feeder: Feeder, **said: Any) -> None:
    fields = {"email": "ines@halden.no", "your-name": "Ines Okafor", "comments": "Call me", "consent": "on"}
    feeder.add("form", email="ines@halden.no", visitor_id="v1", name="Form submitted",
               properties={"form": "contact", "fields": fields}, **said)  # fmt: skip


def test_a_sites_own_form_with_an_address_makes_a_person_and_no_lead(feeder: Feeder) -> None:
    site_form(feeder)
    feeder.react()
    person = Person.objects.get()
    assert person.name == "Ines Okafor"
    assert person_of("visitor:v1") == person
    assert not Lead.objects.exists()


def test_a_sites_own_form_that_has_our_forms_name_is_captured_like_ours(feeder: Feeder) -> None:
    form = make_form("contact", unit=feeder.unit)
    site_form(feeder)
    feeder.react()
    lead = Lead.objects.get()
    assert lead.message == "Call me"
    submission = Submission.objects.get()
    assert (submission.form, submission.event_id, submission.verdict) == (form, "e1", "genuine")
    assert submission.reported_at is not None
    assert submission.is_consent_given


def test_the_event_store_is_asked_about_a_reported_form_outside_of_the_reactors_transaction(
    feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_form("contact", unit=feeder.unit)
    depths: list[int] = []

    def asked(lead: Lead, at: datetime) -> Behaviour:
        depths.append(len(connection.savepoint_ids))
        return behaviour_for(lead, at)

    monkeypatch.setattr("loopline.leads.actions.behaviour_for", asked)
    site_form(feeder)
    assert feeder.react() == 1
    assert depths == [len(connection.savepoint_ids)]


def test_a_lead_that_could_not_be_judged_stays_new_and_its_signal_is_done(
    feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_form("contact", unit=feeder.unit)

    def fails(lead: Lead, at: datetime) -> Behaviour:
        raise OperationalError("the database is locked")

    monkeypatch.setattr("loopline.leads.actions.behaviour_for", fails)
    site_form(feeder)
    feeder.add("identify", user_id="42", email="bo@halden.no")
    assert feeder.react() == 2
    assert Lead.objects.get().state == Lead.State.NEW
    assert person_of("user:42") is not None
    assert not ReactorRefusal.objects.exists()


def test_a_form_of_another_unit_with_the_same_name_is_not_meant(feeder: Feeder) -> None:
    make_form("contact", unit=make_unit())
    site_form(feeder)
    feeder.react()
    assert not Submission.objects.exists()


def test_a_signal_read_again_after_a_crash_changes_nothing_more(feeder: Feeder) -> None:
    make_form("contact", unit=feeder.unit)
    site_form(feeder)
    feeder.add("identify", email="ines@halden.no", user_id="42")
    signals = feeder.feed.read(0)
    feeder.react()
    before = Person.objects.count(), Lead.objects.count(), Submission.objects.count()
    ReactorCursor.objects.update(seq=0)
    feeder.state.rewind(0)
    feeder.state.commit(Outcome(first_seq=1, last_seq=2, signals=signals))
    assert feeder.react() == 2
    assert (Person.objects.count(), Lead.objects.count(), Submission.objects.count()) == before == (1, 1, 1)


def test_the_cursor_moves_and_what_was_done_is_forgotten(feeder: Feeder) -> None:
    feeder.add("identify", user_id="42")
    assert (feeder.react(), feeder.react()) == (1, 0)
    assert ReactorCursor.objects.get(name=CURSOR).seq == 1
    assert feeder.feed.read(0) == []


def test_a_poisonous_signal_is_kept_with_its_reason_and_the_rest_goes_on(feeder: Feeder) -> None:
    feeder.add("identify", email="not an address")
    feeder.add("identify", email="a@halden.no", unit_id="no-such-unit")
    feeder.add("identify", user_id="x" * 400)
    feeder.add("identify", email="ines@halden.no", traits={"name": ["\x00"], "company": {"name": {}}, "phone": 3.5})
    assert feeder.react() == 4
    assert Person.objects.get().email == "ines@halden.no"
    reasons = {one.event_id: one.reason for one in ReactorRefusal.objects.all()}
    assert set(reasons) == {"e1", "e2", "e3"}
    assert "not an e-mail address" in reasons["e1"]
    assert "which is not there" in reasons["e2"]


def test_a_refused_signal_can_be_tried_again_when_its_cause_is_gone(feeder: Feeder) -> None:
    missing = BusinessUnit(key="later", name="Later")
    feeder.add("identify", email="ines@halden.no", unit_id=str(missing.pk))
    feeder.react()
    missing.save(force_insert=True)
    refusal = ReactorRefusal.objects.get()
    retry_refusal(refusal)
    assert refusal.solved_at is not None
    assert Person.objects.get().unit == missing


def test_a_refused_signal_with_numbers_that_json_does_not_have_does_not_stop_the_reactor(feeder: Feeder) -> None:
    feeder.add("alias", user_id="42", previous_id="x" * 400, traits={"a": float("inf"), "b": float("nan"), "c": "\x00"})
    feeder.add("identify", user_id="42", email="ines@halden.no")
    assert feeder.react() == 2
    assert ReactorRefusal.objects.get().signal["traits"] == {"a": None, "b": None, "c": ""}
    assert Person.objects.get().email == "ines@halden.no"


def test_a_pages_public_key_fills_custom_fields_and_never_changes_one(feeder: Feeder) -> None:
    """Anybody can read it in the page's source and speak of any address with it."""
    said = {"email": "ines@halden.no", "plan": "basic"}
    feeder.add("identify", source="server", email="ines@halden.no", traits=said)
    feeder.add("identify", source="browser", email="ines@halden.no", traits=said | {"plan": "gold", "seats": 5})
    feeder.react()
    assert Person.objects.get().custom == {"plan": "basic", "seats": 5}
    feeder.add("identify", source="server", email="ines@halden.no", traits=said | {"plan": "team"})
    feeder.react()
    assert Person.objects.get().custom == {"plan": "team", "seats": 5}


def test_what_names_somebody_is_no_custom_field(feeder: Feeder) -> None:
    traits = {"email": "ines@halden.no", "iban": "NO93 8601 1117 947", "passportNo": "X1", "ip": "203.0.113.7",
              "cell": "+47 912 34 567", "site": "https://me.example", "hotline": "+47 912 34 567",
              "seats": 5}  # fmt: skip
    feeder.add("identify", source="server", email="ines@halden.no", traits=traits)
    feeder.react()
    assert Person.objects.get().custom == {"seats": 5}

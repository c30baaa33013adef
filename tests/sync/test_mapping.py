from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopline.sync.mapping import MappingError, read_mapping
from loopline.sync.readers import Reading
from loopline.sync.rows import DealRow, LeadRow, RowMapper, RowRefusedError
from loopline.sync.sources import find_sources

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LEADS = '[[file]]\nkind="leads"\n[file.columns]\nexternal_id="id"\nfirst_contact="date"\n'


def _mapper(text: str, *header: str, **reading: object) -> RowMapper:
    [file] = read_mapping(f'system="crm"\n{text}').files
    known = Reading(zone="Europe/Berlin", now=NOW, decimal=file.decimal, dates=file.dates, **reading)  # type: ignore[arg-type]
    return RowMapper(file, header, known, currency="EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("system =", "no valid TOML"),
        ('sistem="crm"', "“sistem” is not known.*nearest: “system”"),
        ('system="crm"', "describes no file"),
        ('system="crm"\n[[file]]\nkind="people"', "kind is 'people'"),
        ('system="crm"\n[[file]]\nkind="leads"\n[file.columns]\nemail="m"', "external_id and first_contact is needed"),
        (f'system="crm"\n{LEADS}emial="m"', "“emial”, which is no field of leads.*nearest: “email”"),
        (f'system="crm"\n{LEADS}[file.values.channel]\na="b"', "need a column"),
        (f'system="crm"\n{LEADS}[file.values]\nchannel=1', "is a table"),
        ('system="crm"\n[[file]]\nkind="deals"\n[file.columns]\namount="a"', "needs external_id or lead"),
    ],
)
def test_a_mapping_that_cannot_mean_what_it_says_is_refused(text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        read_mapping(text)


def test_columns_that_are_not_there_are_named_with_the_nearest_ones() -> None:
    with pytest.raises(MappingError, match=r"lacks “date” \(nearest: “dates”\).*Its columns are: id, dates"):
        _mapper(LEADS, "id", "dates")


def test_a_day_begins_in_the_zone_of_the_organisation() -> None:
    row = _mapper(LEADS, "id", "date").row(2, ["7", "2026-03-31"])
    assert isinstance(row, LeadRow)
    assert row.first_contact == datetime(2026, 3, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("31.03.2026", "no date such as"),
        ("2027-01-01", "in the future"),
        ("0001-01-01", "outside the calendar"),
        ("9999-12-31T23:59:59-10:00", "outside the calendar"),
        ("1989-12-31", "before 1990"),
        ("", "it has no first_contact"),
    ],
)
def test_a_date_that_cannot_be_is_refused(date: str, said: str) -> None:
    with pytest.raises(RowRefusedError, match=said):
        _mapper(LEADS, "id", "date").row(2, ["7", date])


def test_dates_are_read_as_the_mapping_says() -> None:
    text = LEADS.replace('kind="leads"', 'kind="leads"\ndates=["%d.%m.%Y"]')
    row = _mapper(text, "id", "date").row(2, ["7", "01.02.2026"])
    assert isinstance(row, LeadRow)
    assert row.first_contact.month == 1  # midnight of 1 February in Berlin


def test_values_are_translated_and_the_rest_falls_to_the_star() -> None:
    text = LEADS + 'channel="origin"\n[file.values.channel]\npaid="Paid Search"\n"*"="Referral"\n""="Unassigned"\n'
    mapper = _mapper(text, "id", "date", "origin")
    found = [mapper.row(2, ["7", "2026-01-01", origin]) for origin in ("Paid", "friend", "")]
    assert [row.channel for row in found if isinstance(row, LeadRow)] == ["Paid Search", "Referral", "Unassigned"]


def test_a_channel_nobody_knows_is_refused_with_the_nearest() -> None:
    mapper = _mapper(LEADS + 'channel="c"', "id", "date", "c")
    with pytest.raises(RowRefusedError, match="nearest: “Paid Search”"):
        mapper.row(2, ["7", "2026-01-01", "paid serch"])


DEALS = '[[file]]\nkind="deals"\n[file.columns]\nexternal_id="id"\nwon_at="won"\nlost_at="lost"\namount="amount"\n'


def _deal(*values: str, text: str = DEALS) -> DealRow:
    row = _mapper(text, "id", "won", "lost", "amount").row(2, values)
    assert isinstance(row, DealRow)
    return row


def test_zero_and_nothing_are_different_amounts() -> None:
    assert _deal("1", "2026-01-01", "", "0.0").amount_minor == 0
    assert _deal("1", "", "", "").amount_minor is None
    with pytest.raises(RowRefusedError, match="it is won, but has no amount"):
        _deal("1", "2026-01-01", "", "")


@pytest.mark.parametrize(
    ("amount", "decimal", "minor"),
    [("1234.5", ".", 123450), ("1,234.50", ".", 123450), ("1.234,50", ",", 123450), ("100000.000", ".", 10000000)],
)
def test_amounts_are_read_exactly(amount: str, decimal: str, minor: int) -> None:
    text = DEALS.replace('kind="deals"', f'kind="deals"\ndecimal="{decimal}"')
    assert _deal("1", "2026-01-01", "", amount, text=text).amount_minor == minor


@pytest.mark.parametrize("amount", ["1.005", "-1", "12,5", "ten", "1e400", "nan"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(RowRefusedError, match="amount"):
        _deal("1", "2026-01-01", "", amount)


def test_dates_decide_what_a_deal_came_to() -> None:
    assert _deal("1", "2026-01-01", "", "5").outcome == "won"
    lost = _deal("1", "", "2026-01-01", "5")
    assert (lost.outcome, lost.loss_reason) == ("lost", "other")
    assert _deal("1", "", "", "5").outcome == "open"


def test_files_find_their_part_of_the_mapping_by_their_columns(tmp_path: Path) -> None:
    mapping = read_mapping(f'system="crm"\n{DEALS}{LEADS}')
    deals, leads = tmp_path / "x.csv", tmp_path / "y.csv"
    deals.write_text("id,won,lost,amount\n")
    leads.write_text("id,date\n")
    found = find_sources(mapping, [(deals, "x.csv"), (leads, "y.csv")])
    assert [(one.name, one.mapping.kind) for one in found] == [("y.csv", "leads"), ("x.csv", "deals")]
    other = tmp_path / "z.csv"
    other.write_text("a,b\n")
    with pytest.raises(MappingError, match="fits no part of the mapping"):
        find_sources(mapping, [(other, "z.csv"), (leads, "y.csv")])


def test_fields_of_ones_own_are_numbers_where_they_are_and_texts_else() -> None:
    own = '[file.custom]\n"lead.custom.visits"="Visits"\n"lead.custom.rate"="Rate"\n"person.custom.plan"="Plan"\n'
    mapper = _mapper(f"{LEADS}{own}", "id", "date", "Visits", "Rate", "Plan")
    row = mapper.row(2, ["1", "2026-01-05", "7", "1.5", "Pro"])
    assert isinstance(row, LeadRow)
    assert (row.custom_of("lead"), row.custom_of("person")) == ({"visits": 7, "rate": 1.5}, {"plan": "Pro"})
    empty = mapper.row(3, ["2", "2026-01-05", "", "n/a", "a@b.no"])
    assert isinstance(empty, LeadRow)
    assert empty.custom == {"lead.custom.rate": "n/a"}, "what is empty, and what is an address, is left out"


@pytest.mark.parametrize("key", ["company.custom.x", "lead.custom.Big", "lead.custom.a b", "lead.visits"])
def test_a_field_of_ones_own_with_a_wrong_name_is_refused(key: str) -> None:
    with pytest.raises(MappingError, match=r"custom names|is no name"):
        read_mapping(f'system="crm"\n{LEADS}[file.custom]\n"{key}"="x"\n')

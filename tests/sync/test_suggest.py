from loopline.sync.fields import FileKind
from loopline.sync.mapping import read_mapping
from loopline.sync.shape import Shape
from loopline.sync.suggest import suggested_mapping


def _shape(*header: str) -> Shape:
    return Shape("utf-8", "read as UTF-8", ",", header, 1)


def test_known_names_of_columns_suggest_their_fields() -> None:
    text = suggested_mapping(
        [
            ("Leads 2026.csv", _shape("Lead ID", "E-mail", "Created", "Lead Source", "Score")),
            ("deals.csv", _shape("deal_id", "lead_id", "amount", "won_date")),
        ],
        unit="nordics",
    )
    mapping = read_mapping(text)
    assert (mapping.system, mapping.unit) == ("leads-2026", "nordics")
    leads, deals = mapping.files
    assert leads.kind is FileKind.LEADS
    assert leads.columns == {
        "external_id": "Lead ID", "email": "E-mail", "first_contact": "Created", "source": "Lead Source",
    }  # fmt: skip
    assert deals.kind is FileKind.DEALS
    assert deals.columns == {
        "external_id": "deal_id", "lead": "lead_id", "amount": "amount", "won_at": "won_date",
    }  # fmt: skip
    assert "# not used: Score" in text


def test_what_is_needed_and_was_not_found_stands_there_to_be_filled_in() -> None:
    text = suggested_mapping([('odd "name".csv', _shape("a", 'b"c'))], unit="x")
    assert 'external_id = ""  # needed' in text
    assert read_mapping(text).files[0].columns["external_id"] == ""

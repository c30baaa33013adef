import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopline.collect.email_address import normalise_email
from loopline.people.domains import company_domain
from loopline.people.emails import InvalidEmailError, is_disposable, is_free_mail, is_role_address, normalise


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ines@halden.no", "ines@halden.no"),
        ("  Ines.Okafor@HALDEN.no\n", "ines.okafor@halden.no"),
        ("ines+demo@halden.no", "ines+demo@halden.no"),
        ("o'neill@example.ie", "o'neill@example.ie"),
        ("jörg@münchen.de", "jörg@xn--mnchen-3ya.de"),
        ("jo\u0308rg@münchen.de", "jörg@xn--mnchen-3ya.de"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@example.com.", "a@example.com"),
    ],
)
def test_one_mailbox_has_one_spelling(typed: str, normal: str) -> None:
    assert normalise(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "", "ines", "@halden.no", "ines@", "ines@halden", "ines@@halden.no", "ines @halden.no", "a..b@halden.no",
        ".a@halden.no", "ines@hal den.no", "ines@-halden.no", "ines@halden..no", "ines@127.0.0.1", "<ines@halden.no>",
        "a,b@halden.no", "in\x00es@halden.no", "ines@halden.no\nBcc: all@halden.no", f"{'a' * 65}@halden.no",
        f"a@{'b' * 250}.no", "in\u202ees@halden.no",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_words(typed: str) -> None:
    with pytest.raises(InvalidEmailError, match=r"an e-mail address|after the @|before the @"):
        normalise(typed)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_has_a_spelling_that_stays(typed: str) -> None:
    try:
        normal = normalise(typed)
    except InvalidEmailError:
        return
    assert normalise(normal) == normal
    assert len(normal) <= 254


@given(st.one_of(st.text(max_size=40), st.emails(), st.from_regex(r"[a-zA-Zäöé.+]{1,9}@[a-zöß-]{1,9}\.(de|com|jp)")))
def test_the_collector_and_the_records_spell_an_address_alike(typed: str) -> None:
    in_event = normalise_email(typed)
    if not in_event:
        return
    try:
        assert normalise(typed) == in_event
    except InvalidEmailError:
        return


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ines@halden.no", "halden.no"),
        ("ines@brightwater.com", "brightwater.com"),
        ("ines@mail.sales.halden.co.uk", "halden.co.uk"),
        ("ines@gmail.com", None),
        ("ines@yahoo.co.uk", None),
        ("ines@mailinator.com", None),
        ("ines@xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("ines@localhost.localdomain", None),
    ],
)
def test_the_company_is_the_registered_domain_unless_anyone_gets_a_mailbox_there(email: str, domain: str) -> None:
    assert company_domain(email) == domain


def test_mailboxes_of_functions_and_of_minutes_are_known() -> None:
    assert is_role_address("info@halden.no")
    assert not is_role_address("ines@halden.no")
    assert is_disposable("mailinator.com")
    assert is_free_mail("gmail.com")
    assert not is_free_mail("halden.no")


@given(st.text("ax1-.A", min_size=1, max_size=70))
def test_a_domain_is_spelled_as_idna_spells_it_also_where_it_is_not_asked(domain: str) -> None:
    try:
        spelled = idna.encode(domain.rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        spelled = ""
    try:
        assert normalise(f"a@{domain}") == f"a@{spelled}"
    except InvalidEmailError:
        assert "." not in spelled or spelled.rpartition(".")[2].isdigit()

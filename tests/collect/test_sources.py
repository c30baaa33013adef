"""The list of sites is data, so it is checked as data: every entry can be found, and nothing stands in it twice."""

import re
from collections import Counter

import pytest

from loopline.collect.sources import AI, NONE, PASS_THROUGH_HOSTS, SEARCH, SITES, SOCIAL, category_of, lines, site_of
from loopline.collect.web_address import is_own, why_no_referrer

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST_OR_WORD = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
ENTRIES = [(category, name, entry) for category, name, others in lines() for entry in (name, *others)]


def test_every_entry_is_a_host_or_a_word_in_lower_case() -> None:
    assert [entry for _, _, entry in ENTRIES if not HOST_OR_WORD.fullmatch(entry)] == []
    assert [host for host in PASS_THROUGH_HOSTS if not HOST_OR_WORD.fullmatch(host) or "." not in host] == []


def test_no_entry_stands_in_the_list_twice() -> None:
    counted = Counter(entry for _, _, entry in ENTRIES)
    assert [entry for entry, times in counted.items() if times > 1] == []


def test_every_entry_is_found_under_its_own_name_and_kind() -> None:
    for category, name, entry in ENTRIES:
        site = site_of(entry)
        assert site is not None
        assert (site.name, site.category, site.entry) == (name, category, entry)
        if "." in entry:
            below = site_of(f"www.{entry}")
            assert below is not None
            assert below.name == name


def test_every_kind_holds_a_good_number_of_sites() -> None:
    assert {kind: len(text.split()) >= 15 for kind, text in SITES.items()} == dict.fromkeys(SITES, True)


@pytest.mark.parametrize(
    ("source", "name", "category"),
    [
        ("www.google.co.uk", "google", SEARCH),
        ("google.com.br", "google", SEARCH),
        ("l.facebook.com", "facebook", SOCIAL),
        ("fb", "facebook", SOCIAL),
        ("ig", "instagram", SOCIAL),
        ("lnkd.in", "linkedin", SOCIAL),
        ("x.com", "twitter", SOCIAL),
        ("x.ai", "grok.com", AI),
        ("chat.openai.com", "chatgpt", AI),
        ("gemini.google.com", "gemini.google.com", AI),
        ("mail.google.com", "mail.google.com", NONE),
    ],
)
def test_a_site_is_known_by_many_names(source: str, name: str, category: str) -> None:
    site = site_of(source)
    assert site is not None
    assert (site.name, site.category) == (name, category)


@pytest.mark.parametrize(
    "source", ["ig.com", "tt.com", "li.com", "gemini.com", "google.evil.example", "notgoogle.com", "someone.github.io"]
)
def test_a_word_of_utm_source_is_nobody_elses_domain(source: str) -> None:
    assert site_of(source) is None
    assert category_of(source) == NONE


@pytest.mark.parametrize("host", ["checkout.stripe.com", "www.paypal.com", "accounts.google.com", "acme.okta.com"])
def test_pay_and_sign_in_pages_are_never_referrers(host: str) -> None:
    assert is_own(host, "shop.example.com", frozenset())
    assert "pay or sign-in page" in why_no_referrer(host, "shop.example.com", frozenset())
    assert not is_own(f"not-{host.replace('.', '-')}.example", "shop.example.com", frozenset())

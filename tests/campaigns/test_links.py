from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopline.campaigns.links import LinkRefusedError, LinkTags, tagged_url

TAGS = LinkTags(source="Google", medium="CPC", campaign="Spring 2026", content="Red button")
SAID = "utm_source=google&utm_medium=cpc&utm_campaign=spring%202026&utm_content=Red%20button"


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://halden.example", f"https://halden.example/?{SAID}"),
        ("https://halden.example/a", f"https://halden.example/a?{SAID}"),
        ("https://halden.example/a?x=1&y=a%20b", f"https://halden.example/a?x=1&y=a%20b&{SAID}"),
        ("https://halden.example/a#part", f"https://halden.example/a?{SAID}#part"),
        ("https://halden.example/a?x=1#/route?z=2", f"https://halden.example/a?x=1&{SAID}#/route?z=2"),
        ("http://halden.example:8001/?utm_source=old&UTM_campaign=x&k=v", f"http://halden.example:8001/?k=v&{SAID}"),
        ("  https://halden.example/ü  ", f"https://halden.example/ü?{SAID}"),
    ],
)
def test_the_address_keeps_what_it_had_and_gains_the_tags(url: str, made: str) -> None:
    assert tagged_url(url, TAGS) == made


@pytest.mark.parametrize(
    "url",
    ["", "halden.example", "ftp://halden.example", "javascript:alert(1)", "https://", "//halden.example/a",
     "https://user:secret@halden.example/", "https://halden.example/a b", "https://[broken/", "https://a:99999/",
     "mailto:a@halden.example"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(LinkRefusedError):
        tagged_url(url, TAGS)


def test_source_medium_and_campaign_are_needed() -> None:
    with pytest.raises(LinkRefusedError, match="needs a medium"):
        tagged_url("https://halden.example", LinkTags(source="a", medium=" ", campaign="c"))


def test_an_address_too_long_for_browsers_is_refused() -> None:
    with pytest.raises(LinkRefusedError, match="characters long"):
        tagged_url("https://halden.example/" + "a" * 1_950, TAGS)


_WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda one: one.strip() != "")


@given(source=_WORD, campaign=_WORD)
def test_any_value_comes_out_of_the_address_as_it_went_in(source: str, campaign: str) -> None:
    made = tagged_url("https://halden.example/?a=1", LinkTags(source=source, medium="email", campaign=campaign))
    found = parse_qs(urlsplit(made).query)
    assert found["utm_source"] == [" ".join(source.split()).lower()]
    assert found["utm_campaign"] == [" ".join(campaign.split()).lower()]
    assert found["a"] == ["1"]

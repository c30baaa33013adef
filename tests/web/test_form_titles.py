"""Rules and evidence name forms by the word in their address; pages show their title."""

import pytest
from django.core.cache import cache

from loopline.web.form_titles import title_of, with_titles
from tests.make import make_form

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sent “demo” on 18 Nov", "sent “Ask for a demo” on 18 Nov"),
        ("form demo", "form “Ask for a demo”"),
        ("sent no form “webinar” in the last 30 days", "sent no form “webinar” in the last 30 days"),
        ("has a business e-mail address", "has a business e-mail address"),
    ],
)
def test_a_form_is_shown_by_its_title_and_other_words_stay(text: str, shown: str) -> None:
    cache.clear()
    make_form("demo")
    assert with_titles(text) == shown


def test_a_form_known_by_its_word_alone_has_its_title() -> None:
    cache.clear()
    make_form("demo")
    assert (title_of("demo"), title_of("webinar")) == ("Ask for a demo", "webinar")

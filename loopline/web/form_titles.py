"""Forms by what people call them: rules and evidence name a form by the word in its address."""

import re
from collections.abc import Mapping

from django.core.cache import cache

from loopline.campaigns.models import Form

_NAMED = re.compile(r"“([a-z0-9][a-z0-9-]*)”|^form ([a-z0-9][a-z0-9-]*)$")
_REMEMBERED_S = 30


def with_titles(text: str) -> str:
    """`sent “demo” on 18 Nov` → `sent “Ask for a demo” on 18 Nov`; a word that is no form stays as it is."""
    if not _NAMED.search(text):
        return text
    titles = _titles()

    def named(found: re.Match[str]) -> str:
        quoted, after = found[1], found[2]
        if quoted:
            return f"“{titles.get(quoted, quoted)}”"
        return f"form “{titles[after]}”" if after in titles else found[0]

    return _NAMED.sub(named, text)


def title_of(word: str) -> str:
    """The title of the form whose address ends in this word; a word that is no form stays as it is."""
    return _titles().get(word, word)


def _titles() -> Mapping[str, str]:
    known: dict[str, str] | None = cache.get("form_titles")
    if known is None:
        known = dict(Form.objects.values_list("slug", "title"))
        cache.set("form_titles", known, _REMEMBERED_S)
    return known

"""What every page knows: the navigation, the theme, the nonce, the organisation."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.web import navigation

THEMES = ("light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that fragments pay for nothing they do not show."""
    theme = request.COOKIES.get("theme", "")
    actor: Actor | None = getattr(request, "actor", None)

    def sections() -> list[tuple[str, list[navigation.Link]]]:
        if actor is None:
            return []
        found = [(one.label, navigation.links(one, actor, request.path)) for one in navigation.SECTIONS]
        return [(label, links) for label, links in found if links]

    def links(section: navigation.Section) -> list[navigation.Link]:
        return navigation.links(section, actor, request.path) if actor else []

    return {
        "actor": actor,
        "works_leads": actor is not None and actor.may(Permission.WORK_LEADS),
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "theme": theme if theme in THEMES else "",
        "organisation": SimpleLazyObject(Organisation.current),
        "sections": SimpleLazyObject(sections),
        "settings_links": SimpleLazyObject(partial(links, navigation.SETTINGS)),
        "settings_tabs": SimpleLazyObject(partial(links, navigation.SETTINGS_TABS)),
    }

"""What every page knows: the navigation, the theme, the nonce, the organisation."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from loopline.access.actor import Actor
from loopline.access.models import Organisation
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

    return {
        "actor": actor,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "theme": theme if theme in THEMES else "",
        "is_demo": settings.CONFIG.is_demo,
        "organisation": SimpleLazyObject(Organisation.current),
        "sections": SimpleLazyObject(sections),
        "settings_links": SimpleLazyObject(
            lambda: navigation.links(navigation.SETTINGS, actor, request.path) if actor else []
        ),
    }

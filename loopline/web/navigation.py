"""The navigation, in the order of the loop. An item shows when its route exists and the person may open it."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, resolve, reverse

from loopline.access.actor import Actor
from loopline.web.waiting import waiting


@dataclass(frozen=True, slots=True)
class Item:
    route: str
    """Name in the sitemap."""
    label: str
    icon: str
    """Name of a Lucide icon."""
    also: tuple[str, ...] = ()
    """Beginnings of other addresses that belong to it."""


@dataclass(frozen=True, slots=True)
class Section:
    label: str
    items: tuple[Item, ...]


_OTHER_REPORTS = tuple(f"/reports/{one}/" for one in ("kept", "frozen", "weekly", "planner", "unusual"))
SECTIONS = (
    Section("", (Item("today", "Today", "sun"),)),
    Section(
        "Arrive",
        (
            Item("visitors", "Visitors", "footprints"),
            Item("campaigns", "Campaigns", "megaphone", ("/experiments/",)),
            Item("forms", "Content & forms", "file-text"),
        ),
    ),
    Section(
        "Hand over",
        (
            Item("leads", "Leads", "inbox", ("/routing/", "/working-hours/")),
            Item("people", "People", "users"),
            Item("companies", "Companies", "building-2"),
            Item("imports", "Imports", "file-input"),
        ),
    ),
    Section("Win", (Item("pipeline", "Pipeline", "square-kanban"), Item("tasks", "Tasks", "circle-check"))),
    Section(
        "Count",
        (
            Item("dashboards", "Dashboards", "layout-dashboard"),
            Item("closed_loop", "Closed loop", "refresh-cw"),
            Item("models", "Models", "scale"),
            Item("bottlenecks", "Bottlenecks", "hourglass"),
            Item("library", "Reports", "chart-column", _OTHER_REPORTS),
        ),
    ),
    Section(
        "Learn",
        (Item("huddles", "Huddle", "messages-square"), Item("definition", "Lead definition", "handshake")),
    ),
)
SETTINGS = Section("", (Item("settings", "Settings", "settings"),))
SETTINGS_TABS = Section(
    "",
    (
        Item("organisation", "Organisation", ""),
        Item("units", "Business units", ""),
        Item("users", "Users", ""),
        Item("exchange_rates", "Exchange rates", ""),
        Item("channels", "Channels", ""),
        Item("machines", "Machines", ""),
        Item("write_keys", "Write keys", ""),
        Item("incoming", "Incoming data", ""),
        Item("live_events", "Live events", ""),
        Item("undelivered", "Undelivered", ""),
        Item("erasures", "Erasures", ""),
        Item("audit_log", "Audit log", ""),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    icon: str
    url: str
    is_active: bool
    waiting: str | None


def links(section: Section, actor: Actor, current_path: str) -> list[Link]:
    """The items of a section this person may open. The one whose address begins the current path is active."""
    found = []
    for item in section.items:
        url = address(item.route, actor)
        if url is not None:
            is_active = current_path == url if url == "/" else current_path.startswith((url, *item.also))
            found.append(Link(item.label, item.icon, url, is_active, waiting(item.route, actor)))
    return found


def address(route: str, actor: Actor) -> str | None:
    """Where this page is; None when there is no such page or the person may not open it."""
    try:
        url = reverse(route)
    except NoReverseMatch:
        return None
    permissions = getattr(resolve(url).func, "permissions", ())
    return url if not permissions or any(actor.may(one) for one in permissions) else None

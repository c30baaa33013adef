"""Where the page of each report is."""

from django.urls import reverse

from loopline.reports.weekly import KEY as WEEKLY

OWN_PAGES = {"closed-loop": "closed_loop", WEEKLY: "weekly"}
"""Reports with a page of their own → the name of its route."""


def behind_of(key: str) -> str:
    """The address of what is behind a figure of a report, without row, metric and options."""
    return reverse("closed_loop_behind") if key == "closed-loop" else reverse("report_behind", args=[key])


def page_of(key: str) -> str:
    """The address of a report, without options."""
    own = OWN_PAGES.get(key)
    return reverse(own) if own else reverse("report", args=[key])

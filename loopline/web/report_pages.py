"""Where the page of each report is."""

from django.urls import reverse


def page_of(key: str) -> str:
    """The address of a report, without options."""
    return reverse("closed_loop") if key == "closed-loop" else reverse("report", args=[key])

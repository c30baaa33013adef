"""The browser of the story is the one of the browser tests."""

from tests.browser.conftest import browser

__all__ = ["browser"]

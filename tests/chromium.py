"""The one Chromium of a test run: Playwright's synchronous interface can be started once a process."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse the ORM beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


INSTALLED = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUICK = shutil.which("chromium-headless-shell") or INSTALLED
"""Without windows it takes half the processor time, and keeps no page that was left."""
SWITCHES = ["--no-sandbox", "--disable-gpu"]
PATIENCE_MS = 120_000
"""How long a page may take before it counts as broken; on a machine with other work, slow means nothing."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=QUICK, args=SWITCHES)
        yield opened
        opened.close()

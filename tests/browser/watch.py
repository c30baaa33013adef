"""What a browser complains about while a page is open."""

from playwright.sync_api import ConsoleMessage, Error, Page


class Complaints:
    """Errors of scripts, refused by the Content-Security-Policy, or files that did not come."""

    def __init__(self, page: Page) -> None:
        self.all: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", self._error)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.all.append(f"{message.text} ({message.location.get('url', '')})")

    def _error(self, error: Error) -> None:
        self.all.append(str(error))

"""Ask the running server. It alone owns the event store, so commands never open the store beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from loopline.cli.command import CommandError, UsedWronglyError
from loopline.cli.typed import at_option
from loopline.lib.config import Config


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    token: str

    def ask(self, path: str, params: Mapping[str, str | int] | None = None) -> object:
        """The JSON answer to `GET path`. Raises CommandError with the server's own words when it refuses, and
        UsedWronglyError where they are about an option."""
        return self._send("GET", path, params, timeout_s=120)

    def tell(self, path: str, params: Mapping[str, str | int] | None = None) -> object:
        """The same with POST, for what changes something and may take minutes."""
        return self._send("POST", path, params, timeout_s=600)

    def _send(self, method: str, path: str, params: Mapping[str, str | int] | None, *, timeout_s: float) -> object:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.request(
                method, self.url + path, params=dict(params or {}), headers=headers, timeout=timeout_s
            )
        except httpx.HTTPError as error:
            raise CommandError(f"the server at {self.url} did not answer: {error}") from error
        if answer.status_code != 200:
            raise _refusal(answer)
        return answer.json()


def _refusal(answer: httpx.Response) -> CommandError:
    try:
        told = answer.json()
        field, words = str(told.get("field") or ""), str(told["error"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return CommandError(f"the server answered {answer.status_code}")
    return UsedWronglyError(at_option(field, words)) if field else CommandError(words)


def running_server(config: Config) -> Server | None:
    """The server that works on LOOPLINE_DATA now; None when none does."""
    try:
        told = json.loads((config.data / "run" / "server.json").read_text())
        server = Server(url=told["url"], token=told["token"])
        httpx.get(server.url + "/healthz", timeout=5)
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return server

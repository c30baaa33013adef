"""The web site of the fictitious Halden Instruments: pages to be tracked, on a port (an origin) of its own.

    python examples/site/serve.py --port 8001 --collector http://127.0.0.1:8000 --key demo-europe

Needs nothing but Python. Its Content-Security-Policy is as strict as a careful company's: no inline script or style,
nothing from elsewhere but Loopline's tracker and form.
"""

import argparse
import html
import re
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MOST_BYTES = 64 << 10
NAVIGATION = (
    ("/product/flow-meters", "Flow meters"),
    ("/product/calibration-service", "Calibration"),
    ("/customers/brightwater", "Customers"),
    ("/guides/calibration-checklist", "Guides"),
    ("/pricing", "Pricing"),
)


@dataclass(frozen=True)
class Page:
    title: str
    body: str


def read_pages() -> dict[str, Page]:
    """Address → page, from `pages/`: the first line of a file is `<!-- /address | title -->`."""
    found = {}
    for path in sorted((HERE / "pages").glob("*.html")):
        first, _, body = path.read_text().partition("\n")
        said = re.fullmatch(r"<!-- (\S+) \| (.+) -->", first)
        if said is None:
            raise SystemExit(f"{path}: the first line must be <!-- /address | title -->")
        found[said[1]] = Page(said[2], body)
    return found


class Site:
    """The pages with the collector's address and the write key put in."""

    def __init__(self, collector: str, key: str, form: str) -> None:
        self.pages = read_pages()
        self._words = {"collector": html.escape(collector), "key": html.escape(key), "form": html.escape(form)}
        self._frame = Template((HERE / "frame.html").read_text())
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(collector))
        self.policy = "; ".join(
            [
                "default-src 'none'", f"script-src 'self' {origin}", "style-src 'self'", "img-src 'self'",
                f"connect-src {origin}", f"frame-src {origin}", "form-action 'self'", "base-uri 'none'",
                "frame-ancestors 'none'",
            ]
        )  # fmt: skip

    def render(self, address: str, page: Page, **more: str) -> bytes:
        links = "".join(
            f'<a href="{to}"{" aria-current=page" if to == address else ""}>{label}</a>' for to, label in NAVIGATION
        )
        words = self._words | {name: html.escape(value) for name, value in more.items()}
        body = Template(page.body).safe_substitute(words)
        return self._frame.substitute(words, title=html.escape(page.title), navigation=links, body=body).encode()


class Handler(BaseHTTPRequestHandler):
    site: Site
    server_version = "HaldenSite"
    sys_version = ""

    def do_GET(self) -> None:
        address = urlsplit(self.path).path
        if address.startswith("/files/"):
            self._file(address.removeprefix("/files/"))
        elif address in self.site.pages:
            self._page(HTTPStatus.OK, address, self.site.pages[address])
        else:
            self._page(HTTPStatus.NOT_FOUND, address, self.site.pages["/not-found"])

    do_HEAD = do_GET  # noqa: N815 - the base class names it

    def do_POST(self) -> None:
        """The own form of the site: the tracker reports it, and the site only says thanks."""
        address = urlsplit(self.path).path
        length = self.headers.get("Content-Length", "")
        if address != "/guides/calibration-checklist" or not length.isdigit() or int(length) > MOST_BYTES:
            self._page(HTTPStatus.NOT_FOUND, address, self.site.pages["/not-found"])
            return
        sent = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        name = sent.get("name", [""])[0][:80]
        self._page(HTTPStatus.OK, address, self.site.pages["/thanks"], name=name or "there")

    def _page(self, status: HTTPStatus, address: str, page: Page, **more: str) -> None:
        self._send(status, "text/html; charset=utf-8", self.site.render(address, page, **more))

    def _file(self, name: str) -> None:
        path = HERE / "files" / name
        if "/" in name or path.suffix not in TYPES or not path.is_file():
            self._page(HTTPStatus.NOT_FOUND, name, self.site.pages["/not-found"])
            return
        self._send(HTTPStatus.OK, f"{TYPES[path.suffix]}; charset=utf-8", path.read_bytes())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.site.policy)
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
        """Quiet: what matters of a visit is in Loopline."""


def make_server(
    port: int, collector: str, key: str, form: str = "demo", host: str = "127.0.0.1"
) -> ThreadingHTTPServer:
    """The site on `port` (0: any free one), ready for `serve_forever()`."""
    handler = type("SiteHandler", (Handler,), {"site": Site(collector.rstrip("/"), key, form)})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


def main() -> int:
    parser = argparse.ArgumentParser(description="The sample web site that Loopline follows")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--collector", default="http://127.0.0.1:8000", help="address of Loopline")
    parser.add_argument("--key", required=True, help="a browser write key of Loopline")
    parser.add_argument("--form", default="demo", help="the hosted form on the contact page")
    given = parser.parse_args()
    try:
        server = make_server(given.port, given.collector, given.key, given.form, given.host)
    except OSError as error:
        print(f"Port {given.port} cannot be used ({error.strerror}); choose another with --port.", file=sys.stderr)
        return 1
    print(f"Sample site: http://{given.host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

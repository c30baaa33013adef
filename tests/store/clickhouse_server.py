"""A stand-in for a ClickHouse server: its HTTP interface as a client uses it, answered by ClickHouse's own engine.

Only the little around the engine stands in: values and settings out of address or form, rows of an insert behind its
statement, and sessions. A request without a session has a connection of its own, so temporary tables end with it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

TRANSPORT = {
    "query_id",
    "database",
    "session_id",
    "client_protocol_version",
    "enable_http_compression",
    "wait_end_of_query",
}


@contextmanager
def clickhouse_server(folder: Path) -> Iterator[str]:
    """The address (`clickhouse://…`) of a server whose data lies in this folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"clickhouse://loopline:secret@127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Sessions:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, Any] = {}
        self.turn = threading.Lock()

    def answer(self, asked: dict[str, str], statement: bytes) -> bytes:
        name = asked.get("session_id", "")
        is_new = name not in self.kept
        connection = self.kept[name] if name in self.kept else chdb.connect(str(self.folder))
        if name:
            self.kept[name] = connection
        try:
            if is_new and "database" in asked:
                connection.query(f"USE {asked['database']}")
            said = {key: value for key, value in asked.items() if key not in TRANSPORT}
            for key in sorted(said, key=lambda key: key == "readonly"):  # after it, less can be set
                if is_new or key.startswith("param_"):
                    connection.query(f"SET {key} = {_quoted(said[key])}")
            return bytes(connection.query(statement, "TabSeparated").bytes())
        finally:
            if not name:
                connection.close()


def _quoted(said: str) -> str:
    return "'" + said.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fields(kind: str, body: bytes) -> dict[str, str]:
    form = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode()
        for part in form.get_payload()
    }


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    sessions = Sessions(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("transfer-encoding") == "chunked":
                body = b"".join(self._chunks())
            if self.headers.get("content-encoding") == "lz4":
                body = lz4.frame.decompress(body)
            if (kind := self.headers.get("content-type") or "").startswith("multipart/"):
                asked |= _fields(kind, body)
                body = b""
            statement = b"\n".join(part for part in (asked.pop("query", "").encode(), body) if part)
            with sessions.turn:
                try:
                    self._send(200, sessions.answer(asked, statement))
                except RuntimeError as error:
                    self._send(500, str(error).encode())

        def _chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: a test says what went wrong."""

    return Handler

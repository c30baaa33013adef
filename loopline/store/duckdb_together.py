"""Questions of one page: what they have in common is computed once, whichever of the page's threads asks first.

A part of a question that others have, too, becomes a table of a database in memory that is attached for as long as the
page is worked out. It counts into DuckDB's memory, each thread reads it through a connection of its own, and it is gone
at the end of the page. The next page has the same names, so that what was made of a question's text serves it, too.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from hashlib import sha256
from itertools import count

import duckdb

from loopline.store.duckdb_statements import Statements
from loopline.store.engine import Common, Value
from loopline.store.params import wanted

Params = Mapping[str, Value]
_Tables = dict[tuple[str, Value], "Future[str]"]
"""A part and the moment it is as of → the name of its table, once that is made."""


class Together:
    """`name` is that of the page's database in memory, `common` tells the parts of a question, `erasures` how many
    there have been. `connection` is the page's own, and closed with it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        common: Common,
        erasures: Callable[[], int],
        statements: Statements,
    ) -> None:
        self._connection, self._name = connection, name
        self._common, self._erasures, self._statements = common, erasures, statements
        self._lock = threading.Lock()
        self._readers: dict[int, duckdb.DuckDBPyConnection] = {}
        self._tables: _Tables = {}
        self._made: Counter[str] = Counter()
        self._known_before = erasures()

    def reader(self) -> duckdb.DuckDBPyConnection:
        """This thread's connection."""
        thread = threading.get_ident()
        with self._lock:
            if thread not in self._readers:
                self._readers[thread] = self._connection.cursor()
            return self._readers[thread]

    def shortened(self, sql: str, params: Params) -> str:
        """The question, reading tables in place of the parts that it has in common with others. Those that are not
        there yet are made, outside of any transaction. None is read that was made before an erasure."""
        tables = self._tables_of_now()
        for part in self._common(sql):
            sql = sql.replace(part.text, part.read.format(table=self._table(tables, part.kept, params)))
        return sql

    def _tables_of_now(self) -> _Tables:
        with self._lock:
            if (now := self._erasures()) != self._known_before:
                self._known_before, self._tables = now, {}
            return self._tables

    def _table(self, tables: _Tables, kept: str, params: Params) -> str:
        """Waits where another thread is making it, and makes it itself where that one could not."""
        key = kept, params["as_of"]
        with self._lock:
            made = tables.get(key)
            if made is None:
                name = self._new_name(kept)
                mine = tables[key] = Future()
        if made is not None:
            try:
                return made.result()
            except duckdb.Error:
                return self._table(tables, kept, params)
        try:
            self._make(name, kept, params)
            mine.set_result(name)
        except BaseException as error:
            with self._lock:
                del tables[key]
            mine.set_exception(error)
            raise
        return name

    def _new_name(self, kept: str) -> str:
        """By what is in the table: a part has the same name on each page. Made as of a second moment, or once more
        after an erasure, it has another one. Whatever an earlier page could not detach is in nobody's way."""
        if not self._made:
            self._connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {self._name}")
        self._made[kept] += 1
        return f"{self._name}.part_{sha256(kept.encode()).hexdigest()[:16]}_{self._made[kept]}"

    def _make(self, name: str, kept: str, params: Params) -> None:
        reader = self.reader()
        statement = self._statements.making(reader, name, kept)
        reader.execute(statement, wanted(params, statement.named_parameters))

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        if self._made:
            with suppress(duckdb.Error):  # after a fatal error nothing is answered, and the database is gone
                self._connection.execute(f"DETACH {self._name}")
        self._connection.close()


class PageNames:
    """Of the databases of pages that are worked out: the first name that is free, so that few are ever used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[str] = set()

    @contextmanager
    def one(self) -> Iterator[str]:
        with self._lock:
            name = next(name for number in count(1) if (name := f"together_{number}") not in self._taken)
            self._taken.add(name)
        try:
            yield name
        finally:
            with self._lock:
                self._taken.remove(name)


class PageOf:
    """Which page the questions of a thread are of."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def thread(self) -> Together | None:
        return getattr(self._local, "page", None)

    @contextmanager
    def joined(self, page: Together | None) -> Iterator[None]:
        """This thread's questions are of the page for a while."""
        before, self._local.page = self.thread, page
        try:
            yield
        finally:
            self._local.page = before

    def at_once(self, works: Sequence[Callable[[], None]], threads: int) -> None:
        """All of them, in so many threads that join this one's page. DuckDB divides most of a question among its own
        threads, but not all of it."""
        page = self.thread

        def work_out(work: Callable[[], None], context: Context) -> None:
            with self.joined(page):
                context.run(work)

        with ThreadPoolExecutor(threads, thread_name_prefix="at-once") as pool:
            list(pool.map(work_out, works, [copy_context() for _ in works]))

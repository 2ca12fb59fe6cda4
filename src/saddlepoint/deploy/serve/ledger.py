"""The ledger: rows that outlast requests (opinions, comparisons, reviews, drift), in SQLite or PostgreSQL.

Names of people and devices never stand in it: a client's key for a unit is kept as a keyed hash (`Ledger.unit`), whose
secret lies in the ledger itself, so that it tells the same unit again and cannot be looked up elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError, MissingExtra, RunError

_PATIENCE = 5  # seconds for a connection, a lock or a statement
_COUNTED_EVERY = 100  # rows between two counts of a table
_TABLES = sa.MetaData()
_SECRETS = sa.Table("secrets", _TABLES, sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Text))


def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A table of the ledger, with the time of each row in UTC."""
    return sa.Table(name, _TABLES, *columns, sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True))


def beside(folder: Path) -> sa.URL:
    """The address of the file that is used by default, whatever the folder is called."""
    return sa.URL.create("sqlite", database=str(folder / "records.sqlite"))


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


@final
class Ledger:
    """The rows of one service, or of several that name the same store; may be used from any thread.

    url: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME. most: rows of a table; more are refused, so that no
    client can push out what others said. days: after which rows go. clock: the time in UTC.
    Raises ConfigError for another kind of store, MissingExtra without its driver, RunError where it does not open.
    """

    def __init__(self, url: str | sa.URL, *, most: int, days: float, clock: Callable[[], datetime] = now) -> None:
        self._most, self._days, self._clock = most, days, clock
        self._rows: dict[str, int] = {}
        self._counting = threading.Lock()
        self.engine = _engine(url)
        with self._opening():
            _TABLES.create_all(self.engine)
            self.add(_SECRETS, once=True, name="units", value=secrets.token_hex(32))
            self._secret = str(self.rows(sa.select(_SECRETS.c.value).where(_SECRETS.c.name == "units"))[0].value)
            self.sweep()

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError, Refusal) as error:
            self.engine.dispose()
            where = self.engine.url.render_as_string(hide_password=True)
            cause = getattr(error.__cause__ if isinstance(error, Refusal) else error, "orig", None)
            why = str(cause or error).strip().splitlines()[0][:200]
            raise RunError(f"the store {where} cannot be used: {why}. Name another one with --store.") from error

    def unit(self, key: str) -> str:
        """What stands for a client's key."""
        return hmac.new(self._secret.encode(), key.encode(), hashlib.sha256).hexdigest()[:32]

    def add(self, rows: sa.Table, *, once: bool = False, **values: Any) -> bool:
        """Write a row, with the time; whether it was new. once: leave one of the same key as it is.

        Raises Refusal: 429 where the table is full, 503 where the store does not answer.
        """
        if "at" in rows.c:
            values.setdefault("at", self._clock())
            self._check_room(rows)
        statement = _insert(self.engine, rows).values(**values)
        if once:
            statement = statement.on_conflict_do_nothing()
        with _answering(), self.engine.begin() as connection:
            fresh = connection.execute(statement.returning(*rows.primary_key.columns)).first() is not None
        with self._counting:
            self._rows[rows.name] = self._rows.get(rows.name, 0) + fresh
        return fresh

    def change(self, statement: sa.Update | sa.Delete) -> int:
        """Change or remove rows; how many. Raises Refusal (503)."""
        with _answering(), self.engine.begin() as connection:
            return int(connection.execute(statement).rowcount)

    def rows(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """The rows that a statement selects. Raises Refusal (503)."""
        with _answering(), self.engine.connect() as connection:
            return connection.execute(statement).all()

    def sweep(self) -> None:
        """Remove what is older than is kept. Raises Refusal (503)."""
        oldest = self._clock() - timedelta(days=self._days)
        for each in _TABLES.sorted_tables:
            if "at" in each.c:
                self.change(each.delete().where(each.c.at < oldest))

    def _check_room(self, rows: sa.Table) -> None:
        with self._counting:
            known = self._rows.get(rows.name)
        if known is None or known % _COUNTED_EVERY == 0 or known >= self._most:  # other services write there too
            known = int(self.rows(sa.select(sa.func.count()).select_from(rows))[0][0])
            with self._counting:
                self._rows[rows.name] = known
        if known >= self._most:
            text = f"the store holds {known:,} rows of {rows.name} already."
            raise Refusal(
                429, "records", text, "ask who runs the service to keep fewer days", bound={"limit": self._most}
            )

    def close(self) -> None:
        """Leave the store."""
        self.engine.dispose()


@contextmanager
def _answering() -> Iterator[None]:
    """Turns what a store fails at into a refusal: images are still made while it is away."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as error:
        text = "the store of the service does not answer."
        raise Refusal(503, "store", text, "try again later", headers={"Retry-After": "5"}) from error


def _insert(engine: sa.Engine, rows: sa.Table) -> Any:
    return postgresql.insert(rows) if engine.dialect.name == "postgresql" else sqlite.insert(rows)


def _engine(url: str | sa.URL) -> sa.Engine:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ConfigError(f"--store {str(url)[:40]!r} is no address: use sqlite:///FILE or postgresql://...") from error
    kind = address.get_backend_name()
    if kind == "sqlite":
        if address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(address, connect_args={"timeout": _PATIENCE})
        sa.event.listen(engine, "connect", _prepared)
        return engine
    if kind != "postgresql":
        raise ConfigError(f"--store knows no {kind!r}: use sqlite:///FILE or postgresql://...")
    wait = {"connect_timeout": _PATIENCE, "options": f"-c statement_timeout={1000 * _PATIENCE}"}
    try:
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_timeout=_PATIENCE, connect_args=wait
        )
    except ModuleNotFoundError as error:
        raise MissingExtra("a store in PostgreSQL needs psycopg: pip install 'saddlepoint[postgresql]'.") from error


def _prepared(connection: Any, record: object) -> None:
    """Readers do not wait for a writer; a kill of the process loses nothing that was said to be kept."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()

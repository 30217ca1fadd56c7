"""Have an engine run a rule over the archive.

Every engine is an Ibis backend; its address says which. Spark's driver is loaded only where Spark
is asked for.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends import BaseBackend
from ibis.common.exceptions import IbisError

from segments.engines import sentences as why
from segments.engines.comparisons import Dialect
from segments.engines.express import express_rule
from segments.engines.shape import TABLES, Archive
from segments.errors import EngineError
from segments.rules.check import Checked

_MOST_SAID: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A connected engine."""

    name: str
    backend: BaseBackend
    dialect: Dialect
    errors: tuple[type[Exception], ...]


@contextmanager
def open_engine(url: str) -> Iterator[Engine]:
    """The engine at this address: ``duckdb://`` runs in this process (settings as
    ``duckdb://?memory_limit=4GB``), ``spark://host:7077`` on a cluster, ``spark://local[2]`` here.

    Raises EngineError for an address of no engine, one not installed, one that does not answer.
    """
    opened = _ENGINES.get(engine_of(url))
    if opened is None:
        raise EngineError(why.UNKNOWN_ENGINE, url=url)
    with opened(url) as engine:
        yield engine


def engine_of(url: str) -> str:
    """Which engine an address names: what stands before ``://``."""
    return url.partition("://")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An archive that an engine has opened."""

    engine: Engine
    archive: Archive
    tables: Mapping[str, ir.Table]


def read_archive(archive: Archive, engine: Engine) -> Reading:
    """Make the archive's tables known to the engine, for as long as it is connected.

    Raises EngineError when the engine cannot read them.
    """
    with _failures_of(engine):
        tables = {
            name: engine.backend.read_parquet(archive.files(name), table_name=f"archive_{name}")
            for name in TABLES
        }
    return Reading(engine=engine, archive=archive, tables=tables)


def matching_ids(checked: Checked, *, reading: Reading, now: datetime) -> Sequence[int]:
    """The ids of the customers who match the rule at `now`.

    Raises EngineError where the archive does not hold what the rule asks for, or the engine cannot
    be exact or fails.
    """
    engine = reading.engine
    with _failures_of(engine):
        expressed = express_rule(
            checked,
            tables=reading.tables,
            manifest=reading.archive.manifest,
            dialect=engine.dialect,
            now=now,
        )
        for name, rows in expressed.unsummed.items():
            if engine.backend.execute(rows.count()):
                raise EngineError(why.NOT_EXACT, what=name)
        # Whole: Ibis 12 streams by a call that DuckDB 2 no longer has. A million ids are 8 MB.
        ids = engine.backend.to_pyarrow(expressed.ids)["id"]
        return array("q", ids.to_numpy().tobytes())


@contextmanager
def _failures_of(engine: Engine) -> Iterator[None]:
    """What the engine raises, as ours; a rule that cannot be expressed is no failure of it."""
    try:
        yield
    except engine.errors as error:
        reason = " ".join(str(error).split())[:_MOST_SAID]
        raise EngineError(why.FAILED, engine=engine.name, reason=reason) from error


@contextmanager
def _duckdb(url: str) -> Iterator[Engine]:
    settings = dict(parse_qsl(urlsplit(url).query))
    with TemporaryDirectory(prefix="touchstone-duckdb-") as spilled:
        settings.setdefault("temp_directory", spilled)
        try:
            backend = ibis.duckdb.connect(**settings)
        except duckdb.Error as error:
            raise EngineError(why.UNREACHABLE, url=url, reason=str(error)) from error
        try:
            yield Engine(
                name="duckdb",
                backend=backend,
                dialect=Dialect.RE2,
                errors=(duckdb.Error, IbisError),
            )
        finally:
            backend.disconnect()


@contextmanager
def _spark(url: str) -> Iterator[Engine]:
    try:
        spark = import_module("segments.engines.spark")
    except ImportError as error:
        raise EngineError(
            why.MISSING_EXTRA, engine="spark", how="pip install -r requirements/spark.txt"
        ) from error
    with spark.connected(url) as backend:
        yield Engine(
            name="spark",
            backend=backend,
            dialect=Dialect.JAVA,
            errors=(*spark.ERRORS, IbisError),
        )


_ENGINES: Final[dict[str, Callable[[str], AbstractContextManager[Engine]]]] = {
    "duckdb": _duckdb,
    "spark": _spark,
}

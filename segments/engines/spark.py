"""Spark as an engine; needs the packages of requirements/spark.txt and a Java runtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import ibis
from ibis.backends import BaseBackend
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from segments.engines import sentences as why
from segments.errors import EngineError

ERRORS: Final = (PySparkException, Py4JError)


@contextmanager
def connected(url: str) -> Iterator[BaseBackend]:
    """A session with the master at ``spark://host:port``, or in this process for
    ``spark://local[n]``. Its workers read the archive's folder: it must be shared with them.

    Raises EngineError when no session can be had.
    """
    master = url.removeprefix("spark://")
    builder = SparkSession.builder.appName("touchstone").master(
        master if master.startswith("local") else url
    )
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    # What Py4J and a missing Java raise has no common class.
    except (PySparkException, OSError, RuntimeError) as error:
        raise EngineError(why.UNREACHABLE, url=url, reason=str(error)) from error
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.log.level": "ERROR",
}

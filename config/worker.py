"""The Celery application as workers run it: with every task, and warm before it forks.

Web and beat know tasks by their names: loaded with `config.celery` alone, beat needs two thirds of
the memory.
"""

import gc

from celery.signals import worker_init

from compliance.scan import shipped_scanner
from config.broker import free_what_cannot_be_acknowledged
from config.celery import app

app.autodiscover_tasks()
free_what_cannot_be_acknowledged()


@worker_init.connect
def warm_up(**_told: object) -> None:
    """Make ready what every pool process needs, once, in memory that they share.

    Otherwise each first message after a start, or after a process died, waits for it.
    """
    shipped_scanner()
    # What stands now is never garbage: a collection that looked at it would copy its pages.
    gc.freeze()
    # A batch makes tens of thousands of objects that live until it is recorded; to look through
    # them after every 700 new ones took a tenth of a process's time.
    gc.set_threshold(20_000)

"""One loop per process, also across threads and forks."""

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

from campaigns.channels.base import AccountConfig
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.runner import close_process_loop, process_loop


async def where() -> tuple[int, str]:
    await asyncio.sleep(0)
    return os.getpid(), threading.current_thread().name


async def fail() -> None:
    raise LookupError("inside")


def test_threads_share_one_loop_and_errors_come_back() -> None:
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: process_loop().run(where()), range(50)))

    assert places == {(os.getpid(), "channels")}
    with pytest.raises(LookupError, match="inside"):
        process_loop().run(fail())


def test_a_forked_worker_gets_a_loop_of_its_own_and_the_parents_goes_on() -> None:
    process_loop().run(where())
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    child = fork.Process(target=_tell_where, args=(theirs,))

    child.start()
    assert mine.poll(10)
    pid, _ = mine.recv()
    child.join(10)

    assert pid == child.pid
    assert child.exitcode == 0
    assert process_loop().run(where())[0] == os.getpid()


def _tell_where(pipe: Connection) -> None:
    pipe.send(process_loop().run(where()))


def test_a_provider_is_kept_until_its_account_changes() -> None:
    loop = process_loop()
    account = AccountConfig(key="t", vendor="workbench", base_url="")
    changed = AccountConfig(key="t", vendor="workbench", base_url="", options={"a": "b"})

    first = loop.provider(account)

    assert loop.provider(account) is first
    assert loop.provider(changed) is not first
    close_process_loop()


def test_an_unknown_vendor_is_one_clear_error_that_names_the_known_ones() -> None:
    with pytest.raises(AccountInvalid, match="http_sms"):
        process_loop().provider(AccountConfig(key="x", vendor="pigeon", base_url=""))

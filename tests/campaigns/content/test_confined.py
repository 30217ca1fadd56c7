"""A hostile template ends its own process within its limits, and nothing else."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from campaigns.content import confined
from campaigns.content.confined import Engine
from campaigns.errors import EngineUnavailable

GOOD = "{{ v | upcase }}"
# Grows an integer inside one expression, where no limit of the library looks.
CPU = (
    "{% assign n = " + "9" * 4000 + " %}" + "{% assign n = n | times: n %}" * 4
    + "{{ n " + "| times: n" * 2000 + " | size }}"
)  # fmt: skip
MEMORY = "{{ s | replace: '', s | size }}"  # the square of its length
LONG = "x" * 20_000


def part(source: str) -> dict[str, dict[str, str | bool]]:
    return {"text": {"source": source, "html": False}}


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def pid_of(engine: Engine) -> int:
    assert engine._child is not None
    return engine._child.pid


def test_one_child_serves_request_after_request(engine: Engine) -> None:
    first = engine.render(part(GOOD), [{"v": "a"}])
    child = pid_of(engine)

    second = engine.render(part(GOOD), [{"v": str(n)} for n in range(700)])

    assert first == [{"done": {"text": "A"}}]
    assert [reply["done"]["text"] for reply in second] == [str(n) for n in range(700)]
    assert pid_of(engine) == child


@pytest.mark.parametrize(
    ("source", "what"), [(CPU, "time"), (MEMORY, "memory")], ids=["cpu", "memory"]
)
def test_what_takes_too_much_costs_its_child_and_less_than_a_second(
    engine: Engine, source: str, what: str
) -> None:
    engine.check(part(GOOD))
    child, spent = pid_of(engine), os.times()

    (reply,) = engine.render(part(source), [{"s": LONG}])

    now = os.times()
    assert (reply["failed"], reply["why"]) == ("limit", what)
    assert not psutil.pid_exists(child)
    assert now.user + now.system - spent.user - spent.system < 0.2
    of_child = now.children_user + now.children_system
    assert of_child - spent.children_user - spent.children_system < 1.0
    assert engine.render(part(GOOD), [{"v": "still here"}]) == [{"done": {"text": "STILL HERE"}}]


def test_a_template_that_kills_twice_is_not_tried_on_the_rest(engine: Engine) -> None:
    started = time.monotonic()

    replies = engine.render(part(CPU), [{}] * 100)

    assert [reply["failed"] for reply in replies] == ["limit"] * 100
    assert time.monotonic() - started < 100 * 0.1


def test_one_customers_data_do_not_cost_the_others_their_message(engine: Engine) -> None:
    contexts: list[dict[str, object]] = [{"s": "x"}, {"s": LONG}, {"s": "y"}]

    replies = engine.render(part(MEMORY), contexts)

    assert [("failed" in reply) for reply in replies] == [False, True, False]


def test_a_context_too_large_to_send_is_refused_alone(engine: Engine) -> None:
    replies = engine.render(part(GOOD), [{"v": "x" * (confined.MOST_BYTES + 1)}, {"v": "b"}])

    assert replies[0]["failed"] == "limit"
    assert replies[1] == {"done": {"text": "B"}}


def test_a_child_killed_from_outside_is_replaced_unnoticed(engine: Engine) -> None:
    engine.check(part(GOOD))
    child = pid_of(engine)
    os.kill(child, signal.SIGKILL)

    assert engine.render(part(GOOD), [{"v": "a"}]) == [{"done": {"text": "A"}}]
    assert pid_of(engine) != child


def test_a_child_that_does_not_answer_is_killed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "WALL", 0.3)
    engine.check(part(GOOD))
    child = pid_of(engine)
    os.kill(child, signal.SIGSTOP)

    (reply,) = engine.render(part(GOOD), [{"v": "a"}])

    assert reply["failed"] == "limit"
    assert not psutil.pid_exists(child)


def test_many_threads_get_their_own_answers(engine: Engine) -> None:
    wrong: list[object] = []

    def ask(name: str) -> None:
        for n in range(20):
            said = f"{name}{n}"
            if engine.render(part(GOOD), [{"v": said}]) != [{"done": {"text": said.upper()}}]:
                wrong.append(said)

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_an_exchange_broken_off_leaves_no_answers_to_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine._line

    def interrupted(child: subprocess.Popen[bytes], seconds: float) -> bytes:
        if seconds == confined.WALL:
            raise KeyboardInterrupt
        return whole(child, seconds)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.render(part(GOOD), [{"v": "old"}] * 3)

    assert engine.render(part(GOOD), [{"v": "new"}]) == [{"done": {"text": "NEW"}}]


def test_the_child_knows_nothing_of_the_parents_environment(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "x")

    engine.check(part(GOOD))

    assert "A_SECRET" not in psutil.Process(pid_of(engine)).environ()


PARENT = """
import os, sys, time
from campaigns.content.confined import engine
engine.check({"t": {"source": "{{ v | upcase }}", "html": False}})
print(engine._child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def parent() -> Iterator[Callable[[str], tuple[subprocess.Popen[str], str]]]:
    running: list[subprocess.Popen[str]] = []

    def start(program: str) -> tuple[subprocess.Popen[str], str]:
        made = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        running.append(made)
        assert made.stdout is not None
        return made, made.stdout.readline().strip()

    yield start
    for each in running:
        each.kill()
        each.wait()


def test_the_child_ends_with_its_parent(
    parent: Callable[[str], tuple[subprocess.Popen[str], str]],
) -> None:
    process, child = parent(PARENT)

    process.kill()
    process.wait()

    with contextlib.suppress(psutil.NoSuchProcess):  # it ended before it was looked at
        psutil.Process(int(child)).wait(5)
    assert not psutil.pid_exists(int(child))


FORKING = """
import contextlib
import os
from campaigns.content.confined import engine
parts = {"t": {"source": "{{ v | upcase }}", "html": False}}
engine.check(parts)
child = engine._child.pid
pid = os.fork()
mine = engine.render(parts, [{"v": "p" if pid else "c"}])[0]["done"]["t"]
same = engine._child.pid == child
if pid == 0:
    os._exit(0 if (mine, same) == ("C", False) else 1)
status = os.waitpid(pid, 0)[1]
mine = engine.render(parts, [{"v": "p"}])[0]["done"]["t"]
print(status, mine, engine._child.pid == child, flush=True)
"""


def test_a_forked_process_starts_a_child_of_its_own(
    parent: Callable[[str], tuple[subprocess.Popen[str], str]],
) -> None:
    _process, said = parent(FORKING)

    assert said == "0 P True"


def test_an_engine_that_cannot_start_is_no_fault_of_the_template(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_HOUSE", "/nowhere")

    with pytest.raises(EngineUnavailable):
        engine.check(part(GOOD))

"""What a worker's client of the broker forgets, so that the worker never waits for nothing."""

from typing import Any

from kombu.transport import redis, virtual


class FreeingQoS(redis.QoS):
    """Counts a message as dealt with although the broker could not be told of it.

    A worker takes as many messages as it has processes. Where the broker goes away while they all
    work, none of them can be acknowledged: kombu 5.7 then counts them as open for good, takes
    nothing more, so asks the broker nothing and never learns that its connection is gone. The
    worker lives and is idle until somebody restarts it.

    Freed, the worker asks for more, fails, and connects anew. The broker, where it still knows the
    message, gives it out once more after the visibility timeout: tasks are doorbells, which may
    ring twice.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


def free_what_cannot_be_acknowledged() -> None:
    """Every channel to a Redis or Valkey that is opened from now on counts so."""
    channel: Any = redis.Channel
    channel.QoS = FreeingQoS

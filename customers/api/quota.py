"""How many events a minute a key may send, over all web processes.

A bucket by key, in Valkey: it fills evenly and holds a minute's worth, so that a client may send a
minute's events at once and no more. The count is of events, not of requests. Without Valkey nobody
is held back: a bound on floods is not worth an event.
"""

import logging
from datetime import datetime
from typing import Final

import redis
from django.conf import settings

from compliance.bells import broker

log = logging.getLogger(__name__)

# A request of more events than a minute allows is taken when the bucket is full; what it owes is
# waited for by the next. The bucket is kept until it would be full again. A millisecond is what
# the binary fractions of a time in seconds may be off.
_TAKE: Final = """
local rate, events, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1] or rate), tonumber(kept[2] or now)
tokens = math.min(rate, tokens + math.max(0, now - at) * rate / 60)
local wait = math.ceil((math.min(events, rate) - tokens) * 60 / rate - 0.001)
if wait <= 0 then
    tokens = tokens - events
end
local exact = '%.17g'
redis.call('HSET', KEYS[1], 'tokens', exact:format(tokens), 'at', exact:format(math.max(now, at)))
redis.call('EXPIRE', KEYS[1], math.ceil((rate - tokens) * 60 / rate) + 1)
return math.max(0, wait)
"""


def take(source_id: int, per_minute: int | None, events: int, now: datetime) -> int:
    """0 when the events may be taken, else the seconds after which they may be sent again."""
    if per_minute is None:
        return 0
    bucket = f"{settings.SPACE}quota:{source_id}"
    try:
        told = (str(per_minute), str(events), repr(now.timestamp()))
        return int(broker().eval(_TAKE, 1, bucket, *told))
    except redis.RedisError as error:
        log.warning("quotas are not counted: %s", error)
        return 0

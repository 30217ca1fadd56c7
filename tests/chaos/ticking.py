"""The product's beat with one entry that ticks fast, for `tests.chaos.test_beats`."""

from config.celery import app

TICKS_EVERY = 0.1

app.conf.beat_schedule = {"tick": {"task": "tests.chaos.tick", "schedule": TICKS_EVERY}}
app.conf.beat_scheduler = "config.beat:LeaderScheduler"

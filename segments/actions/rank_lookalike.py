"""Rank everybody by likeness to a seed, and keep the best as a field for rules."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from django.utils.timezone import localtime
from numpy.typing import NDArray

from compliance.sentences import Sentence
from customers.actions.derived import Derived, put_derived
from customers.queries.database import going_alone
from customers.vocabulary import AttributeType
from segments.likeness.leaks import leaking_fields
from segments.likeness.model import SEED, Fitted, Matrix, Spec, encode, fit
from segments.likeness.seeds import (
    LEAST_OTHERS,
    LEAST_SEED,
    NO_FEATURES,
    TOO_FEW_OTHERS,
    TOO_SMALL,
)
from segments.models import LookalikeRun, Segment
from segments.queries.likeness import Feature, carrying, feature_rows, features, usable_ids
from segments.queries.rules import catalog

SAMPLE: Final = 50_000
"""The most members, and the most others, that the model is fitted on."""
CELLS: Final = 20_000_000
"""The most numbers the model is fitted on, customers times columns; fitting takes five times their
8 bytes, below 1 GB."""
# Advisory lock: who ranks.
_LOCK: Final = 7_261_833_005


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """Whom the model is fitted on: their features, membership, and how many each stands for."""

    features: Matrix
    is_seed: NDArray[np.bool_]
    weights: Matrix


def rank_lookalike(*, run: LookalikeRun, now: datetime) -> bool:
    """Carry out a ranking that was asked for; False if another process is at one.

    1. Fields that the seed's own rule speaks of are excluded, and told.
    2. A model is fitted on at most `SAMPLE` members and as many others, judged out of fold.
    3. Everybody outside the seed is scored in batches; the best ``size`` carry their score in the
       run's field, and who carried it before and is not among them loses it.

    Memory: the sample's features (`CELLS`) and some 30 bytes a customer. Cost: three reads of the
    customers, in batches. No transaction is open meanwhile, and scores are written in batches; a
    ranking that is broken off is asked for still, and carried out anew.
    """
    with going_alone(_LOCK) as is_mine:
        if is_mine:
            _rank(run, now)
    return is_mine


def _rank(run: LookalikeRun, now: datetime) -> None:
    fields = catalog()
    rules = dict(Segment.objects.values_list("key", "rule"))
    tags = dict(Segment.objects.exclude(tag=None).values_list("tag__key", "rule"))
    excluded = leaking_fields(run.seed.rule, rules, fields.aliases, tags=tags)
    told = features(fields, excluded)
    people = usable_ids(run.seed_id)
    everybody, members = len(people[0]), int(people[1].sum())
    run.excluded = sorted(excluded & fields.fields.keys())
    run.seed_size, run.done_at = members, now
    if members < LEAST_SEED:
        _refuse(run, TOO_SMALL, count=members, least=LEAST_SEED)
        return
    if everybody - members < LEAST_OTHERS:
        _refuse(run, TOO_FEW_OTHERS, count=everybody - members, least=LEAST_OTHERS)
        return
    if not told:
        _refuse(run, NO_FEATURES)
        return
    today = localtime(now).date()
    sample = _sample(people, told, run.seed_id, today)
    specs = [feature.spec for feature in told]
    fitted = fit(sample.features, sample.is_seed, sample.weights, specs)
    best = _best(fitted, told, run, today)
    run.field = field_of(run.seed)
    _keep(run.field, run.seed, best, now)
    _note(run, fitted, specs, sample, everybody - members)


def field_of(segment: Segment) -> str:
    """The field that carries likeness to a segment; a long key ends in its hash."""
    name = f"lookalike_{segment.key}"
    if len(name) <= 64:
        return name
    return f"{name[:55]}_{hashlib.sha256(segment.key.encode()).hexdigest()[:8]}"


def sample_size(specs: Sequence[Spec]) -> int:
    """How many members, and how many others, a model of these columns is fitted on."""
    columns = sum(len(spec.columns) for spec in specs)
    return min(SAMPLE, CELLS // (2 * columns))


def _refuse(run: LookalikeRun, why: Sentence, **details: int) -> None:
    run.state, run.why = LookalikeRun.State.REFUSED, {"code": why.code, **details}
    run.save()


def _sample(
    people: tuple[NDArray[np.int64], NDArray[np.bool_]],
    told: Sequence[Feature],
    segment_id: int,
    today: date,
) -> _Sample:
    chance = np.random.default_rng(SEED)
    specs = [feature.spec for feature in told]
    stands_for: dict[bool, float] = {}
    chosen: set[int] = set()
    for kind in (True, False):
        ids = people[0][people[1] == kind]
        count = min(sample_size(specs), len(ids))
        chosen.update(chance.choice(ids, size=count, replace=False).tolist() if count else ())
        stands_for[kind] = len(ids) / max(1, count)
    parts: list[Matrix] = []
    marks: list[bool] = []
    for batch in feature_rows(told, segment_id, today):
        kept = [row for row in batch if row[0] in chosen]
        if kept:
            parts.append(encode([row[2:] for row in kept], specs))
            marks.extend(row[1] for row in kept)
    return _Sample(
        features=np.concatenate(parts),
        is_seed=np.array(marks),
        weights=np.array([stands_for[mark] for mark in marks]),
    )


def _best(
    fitted: Fitted, told: Sequence[Feature], run: LookalikeRun, today: date
) -> list[tuple[int, float]]:
    """The people outside the seed with the highest scores; equal ones by id."""
    specs = [feature.spec for feature in told]
    ids: list[NDArray[np.int64]] = []
    scores: list[Matrix] = []
    for batch in feature_rows(told, run.seed_id, today):
        others = [row for row in batch if not row[1]]
        if others:
            ids.append(np.array([row[0] for row in others]))
            encoded = encode([row[2:] for row in others], specs)
            scores.append(fitted.pipeline.predict_proba(encoded)[:, 1])
    if not ids:
        return []
    everybody, likeness = np.concatenate(ids), np.round(np.concatenate(scores), 6)
    order = np.lexsort((everybody, -likeness))[: run.size]
    return list(zip(everybody[order].tolist(), likeness[order].tolist(), strict=True))


def _keep(field: str, seed: Segment, best: Sequence[tuple[int, float]], now: datetime) -> None:
    derived = Derived(
        key=field,
        type=AttributeType.NUMBER,
        label_en=f"likeness to {seed.label('en')}"[:120],
        label_zh=f"与“{seed.label('zh')}”的相似度"[:120],
    )
    chosen = {customer for customer, _score in best}
    values: list[tuple[int, dict[str, float | None]]] = [
        (customer, {field: score}) for customer, score in best
    ]
    values += [(customer, {field: None}) for customer in carrying(field) if customer not in chosen]
    put_derived(fields=[derived], values=values, now=now)


def _note(
    run: LookalikeRun, fitted: Fitted, specs: Sequence[Spec], sample: _Sample, others: int
) -> None:
    run.state, run.ranked, run.random_seed = LookalikeRun.State.DONE, others, SEED
    run.version = f"scikit-learn {version('scikit-learn')}, numpy {version('numpy')}"
    run.input_hash = _hash(sample)
    run.features = [spec.name for spec in specs]
    run.curve = [asdict(point) for point in fitted.curve]
    run.drivers = [list(driver) for driver in fitted.drivers]
    run.save()


def _hash(sample: _Sample) -> str:
    made: Any = hashlib.sha256(sample.features.tobytes())
    made.update(sample.is_seed.tobytes())
    return str(made.hexdigest())

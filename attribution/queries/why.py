"""Every decision about a customer, in order, with what it read."""

from typing import Final

# Every decision about some customers, one SELECT a kind, all of one shape: customer, when, order
# at equal times, kind, journey, reason code, the values it read.
_APPROVAL = """
LEFT JOIN LATERAL (
    SELECT u.username AS approved_by, w.decided_at AS approved_at
    FROM compliance_review w JOIN compliance_user u ON u.id = w.checker_id
    WHERE w.subject_kind = {kind} AND w.subject_key = {key} AND w.subject_hash = {hash}
      AND w.verdict = 'approved'
    ORDER BY w.id DESC LIMIT 1
) approval ON true
"""
_ENTERED: Final = (
    """
SELECT e.customer_id, e.entered_at, 1, e.id, 'entered', j.key, '', jsonb_build_object(
           'enrolment', e.id, 'entry', e.entry_no, 'segment', m.key,
           'member_since', m.entered_at, 'version', v.number, 'content_hash', v.graph_hash,
           'made_by', maker.username, 'approved_by', approval.approved_by,
           'approved_at', approval.approved_at)
FROM campaigns_enrolment e
JOIN campaigns_journey j ON j.id = e.journey_id
JOIN campaigns_journeyversion v ON v.id = e.version_id
JOIN compliance_user maker ON maker.id = v.made_by_id
LEFT JOIN LATERAL (
    SELECT s.key, h.entered_at
    FROM jsonb_array_elements(v.graph -> 'nodes') n
    JOIN segments_segment s ON s.key = n ->> 'segment'
    JOIN segments_membership h ON h.segment_id = s.id AND h.customer_id = e.customer_id
    WHERE n ->> 'type' = 'entry' AND h.entered_at <= e.entered_at
    ORDER BY h.entered_at DESC LIMIT 1
) m ON true
"""
    + _APPROVAL.format(kind="'journey'", key="j.key || '/' || v.number::text", hash="v.graph_hash")
    + "WHERE e.customer_id = ANY(%(ids)s)"
)
_HOPS: Final = """
SELECT e.customer_id, h.at, 2, h.seq, 'hop', j.key, '', jsonb_build_object(
           'enrolment', e.id, 'node', h.node, 'visit', h.visit, 'exit', h.exit)
FROM campaigns_enrolment e
JOIN campaigns_hop h ON h.enrolment_id = e.id
JOIN campaigns_journey j ON j.id = e.journey_id
WHERE e.customer_id = ANY(%(ids)s)
"""
_EXPOSURES: Final = """
SELECT x.customer_id, x.at, 3, x.id, 'exposure', j.key, '', jsonb_build_object(
           'experiment', p.key, 'arm', x.arm, 'control', p.control, 'arms', p.arms)
FROM attribution_exposure x
JOIN attribution_experiment p ON p.id = x.experiment_id
JOIN campaigns_journey j ON j.id = p.journey_id
WHERE x.customer_id = ANY(%(ids)s)
"""
_QUEUED: Final = (
    """
SELECT t.customer_id, t.queued_at, 4, t.id, 'queued', j.key, '', jsonb_build_object(
           'enrolment', t.enrolment_id, 'touch', t.id, 'key', t.key, 'node', t.node,
           'visit', t.visit, 'channel', t.channel, 'purpose', t.purpose, 'template', p.key,
           'version', v.number, 'content_hash', v.content_hash, 'expires_at', t.expires_at,
           'approved_by', approval.approved_by, 'approved_at', approval.approved_at)
FROM campaigns_touch t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_templateversion v ON v.id = t.template_version_id
JOIN campaigns_template p ON p.id = v.template_id
"""
    + _APPROVAL.format(kind="'template'", key="p.key", hash="v.content_hash")
    + "WHERE t.customer_id = ANY(%(ids)s)"
)
# Every judgement of these customers' touches: the newest on the touch, the others kept beside it.
_JUDGEMENTS: Final = """
WITH judgement AS MATERIALIZED (
    SELECT t.id, t.customer_id, t.journey_id, t.channel, t.node, t.key, t.content_hash,
           t.queued_at, t.handed_at, t.verdict, t.reason, t.account_id, true AS is_newest
    FROM campaigns_touch t WHERE t.customer_id = ANY(%(ids)s)
    UNION ALL
    SELECT t.id, t.customer_id, t.journey_id, t.channel, t.node, t.key, t.content_hash,
           t.queued_at, NULL, e.verdict, e.reason, e.account_id, false
    FROM campaigns_touch t JOIN campaigns_earlierjudgement e ON e.touch_id = t.id
    WHERE t.customer_id = ANY(%(ids)s)
)
"""
_JUDGED: Final = """
SELECT t.customer_id, coalesce((t.verdict ->> 'decided_at')::timestamptz, t.handed_at, t.queued_at),
       5, t.id, 'judged', j.key, CASE WHEN t.verdict ->> 'gate' = '' THEN '' ELSE t.reason END,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node)
       || (t.verdict - '{provider,outcomes,account,attempt}'::text[])
       || CASE WHEN x.grounds IS NULL THEN '{}'
               ELSE jsonb_build_object('restricted', x.grounds) END
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
LEFT JOIN campaigns_restrictedverdict x
    ON x.touch_id = t.id AND t.is_newest AND %(sees_restricted)s
WHERE t.verdict ? 'gate'
"""
# What a breaker or the end of a lease held back was meant to be handed over, and was not.
_HANDED: Final = """
SELECT t.customer_id, coalesce((t.verdict ->> 'decided_at')::timestamptz, t.handed_at), 6, t.id,
       'handed_over', j.key, '', jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'key', t.key,
           'attempts', coalesce((t.verdict ->> 'attempt')::int, 1),
           'account', coalesce(t.verdict ->> 'account', a.key), 'content_hash', t.content_hash)
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id
WHERE t.verdict ->> 'gate' = ''
  AND coalesce(t.verdict #>> '{outcomes,0,reason}', '') NOT IN ('breaker_open', 'not_tried')
"""
_OUTCOMES: Final = """
SELECT t.customer_id, (o.said ->> 'at')::timestamptz, 7, t.id * 1000 + o.number,
       o.said ->> 'state', j.key, o.said ->> 'reason', jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node,
           'account', coalesce(t.verdict ->> 'account', a.key), 'answer', o.said ->> 'answer',
           'attempts', coalesce((t.verdict ->> 'attempt')::int, 1),
           'times', coalesce((o.said ->> 'times')::int, 1), 'last_at', o.said -> 'last_at',
           'due_at', CASE WHEN o.said ->> 'state' IN ('deferred', 'ambiguous')
                          THEN o.said -> 'due_at' END)
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id,
jsonb_array_elements(t.verdict -> 'outcomes') WITH ORDINALITY o(said, number)
WHERE o.said ->> 'state' <> 'accepted'
"""
# The last two lines: touches of before the outcomes were kept.
_ANSWERS: Final = """
SELECT t.customer_id, coalesce(t.accepted_at, t.handed_at, t.queued_at), 8, t.id,
       CASE WHEN t.accepted_at IS NULL THEN t.state ELSE 'accepted' END, j.key, t.reason,
       jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'account', a.key,
           'provider_id', t.provider_id,
           'answer', coalesce(t.verdict #>> '{outcomes,-1,answer}', t.verdict ->> 'provider'),
           'attempts', t.attempts, 'segments', t.segments, 'cost', t.cost, 'currency', t.currency,
           'due_at', CASE WHEN t.state IN ('deferred', 'ambiguous') THEN t.due_at END)
FROM campaigns_touch t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id
WHERE t.customer_id = ANY(%(ids)s)
  AND (t.accepted_at IS NOT NULL
       OR t.state IN ('refused', 'failed', 'ambiguous', 'deferred')
          AND coalesce(t.verdict ->> 'gate', '') = '' AND NOT t.verdict ? 'outcomes')
"""
_RECEIPTS: Final = """
SELECT t.customer_id, r.at, 9, r.id, 'receipt', j.key, r.kind, jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'detail', r.detail,
           'provider_event_id', r.provider_event_id, 'received_at', r.received_at)
FROM campaigns_touch t
JOIN campaigns_receipt r ON r.touch_id = t.id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_BY_HAND: Final = """
SELECT t.customer_id, coalesce(i.decided_at, i.made_at), 10, i.id, 'by_hand', j.key, i.act,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'verdict', i.verdict, 'made_by', maker.username,
                          'decided_by', second.username, 'made_at', i.made_at)
FROM campaigns_intervention i
JOIN campaigns_touch t ON t.customer_id = ANY(%(ids)s) AND i.touch_ids @> to_jsonb(t.id)
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN compliance_user maker ON maker.id = i.made_by_id
LEFT JOIN compliance_user second ON second.id = i.decided_by_id
"""
_ASIDE: Final = """
SELECT t.customer_id, p.failed_at, 8, p.id, 'put_aside', j.key, p.error_class,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'attempts', p.attempts, 'error', p.message)
FROM campaigns_touch t
JOIN campaigns_poisonrow p ON p.touch_id = t.id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_REPLAYED: Final = """
SELECT t.customer_id, p.replayed_at, 11, p.id, 'replayed', j.key, '',
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'made_by', operator.username)
FROM campaigns_touch t
JOIN campaigns_poisonrow p ON p.touch_id = t.id AND p.replayed_at IS NOT NULL
JOIN campaigns_journey j ON j.id = t.journey_id
LEFT JOIN compliance_user operator ON operator.id = p.replayed_by_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_FINISHED: Final = """
SELECT e.customer_id, e.finished_at, 12, e.id, 'finished', j.key, e.exit_reason,
       jsonb_build_object('enrolment', e.id, 'state', e.state, 'node', e.node, 'error', e.error)
FROM campaigns_enrolment e
JOIN campaigns_journey j ON j.id = e.journey_id
WHERE e.customer_id = ANY(%(ids)s) AND e.finished_at IS NOT NULL
"""
DECISIONS: Final = f"""
{_JUDGEMENTS}
SELECT d.customer_id, d.at, d.kind, d.journey, d.code, d.facts
FROM (
{
    " UNION ALL ".join(
        (
            _ENTERED,
            _HOPS,
            _EXPOSURES,
            _QUEUED,
            _JUDGED,
            _HANDED,
            _OUTCOMES,
            _ANSWERS,
            _RECEIPTS,
            _BY_HAND,
            _ASIDE,
            _REPLAYED,
            _FINISHED,
        )
    )
}
) d(customer_id, at, rank, step, kind, journey, code, facts)
WHERE %(journey)s::text IS NULL OR d.journey = %(journey)s
ORDER BY d.customer_id, d.at, d.rank, d.step
"""

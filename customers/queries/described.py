"""One statement that makes and describes customers, each value by the time it is told of."""

from typing import Final

# What tracking clients may describe, too: there the newest word counts, whenever it arrives.
_DATED: Final = (
    "gender",
    "birth_on",
    "city",
    "region",
    "investor_type",
    "lifecycle",
    "locale",
    "time_zone",
)
# What only the institution says, in the order in which it says it.
_PLAIN: Final = (
    "professional_until",
    "qualified_until",
    "permissions",
    "average_asset",
    "trading_since",
    "financial_asset",
    "yearly_income",
    "total_asset",
)
# Of one questionnaire: an older one changes none of them.
_ASSESSED: Final = (
    "risk_assessed_on",
    "risk_valid_until",
    "lowest_class",
    "horizon_months",
    "objectives",
)


def _newer(key: str, known: str) -> str:
    """Whether a value is told of no earlier time than the one that is ``known``, if any is.

    What has no time of its own is told when it is written, and was when the customer was made.
    """
    return (
        f"(coalesce(excluded.told_at -> {key}, {_WRITTEN}) >= coalesce(stored.told_at -> {key},"
        f" CASE WHEN {known} THEN to_jsonb(extract(epoch FROM stored.created_at)) END))"
        " IS NOT FALSE"
    )


def _newer_column(column: str, key: str) -> str:
    return _newer(f"'{key}'", f"stored.{column} IS NOT NULL")


_JOIN: Final = ",\n        "
# Seconds since 1970, as `told_at` has them; given apart, since to work it out takes longer.
_WRITTEN: Final = "%(at)s::jsonb"
_NEWER_ASSESSMENT: Final = "(excluded.risk_assessed_on >= stored.risk_assessed_on) IS NOT FALSE"


UPSERT_CUSTOMERS = """
    -- One row per customer_no. A missing value leaves the stored one; so does one that is told of
    -- an earlier time. Attributes are merged.
    -- Who was merged into another customer is described there no more, but found by his old number.
    INSERT INTO customers_customer AS stored (
        customer_no, slot, is_numbered, status, name_cipher, gender, birth_on, city, region,
        risk_level, risk_assessed_on, risk_valid_until, lowest_class, horizon_months, objectives,
        investor_type, professional_until, qualified_until, permissions, average_asset,
        trading_since, financial_asset, yearly_income, lifecycle, total_asset, locale, time_zone,
        personalise_off, aml_hold, internal_hold, attributes, told_at, created_at, updated_at)
    SELECT customer_no, slot, %(is_numbered)s, 'active', decode(name, 'hex'), gender, birth_on,
           city, region, risk_level, risk_assessed_on, risk_valid_until, lowest_class,
           horizon_months, string_to_array(objectives, '|'), investor_type, professional_until,
           qualified_until, string_to_array(permissions, '|'), average_asset, trading_since,
           financial_asset, yearly_income, lifecycle, total_asset, locale, time_zone, false,
           coalesce(aml_hold, false), coalesce(internal_hold, false),
           coalesce(attributes, '{{}}'), coalesce(told_at, '{{}}'), %(now)s, %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        customer_no text, slot bigint, name text, gender text, birth_on date, city text,
        region text, risk_level text, risk_assessed_on date, risk_valid_until date,
        lowest_class boolean, horizon_months int, objectives text, investor_type text,
        professional_until date, qualified_until date, permissions text, average_asset numeric,
        trading_since date, financial_asset numeric, yearly_income numeric, lifecycle text,
        total_asset numeric, locale text, time_zone text, aml_hold boolean,
        internal_hold boolean, attributes jsonb, told_at jsonb)
    ORDER BY customer_no  -- one order for all writers, so that none deadlock
    ON CONFLICT (customer_no) DO UPDATE SET
        is_numbered = stored.is_numbered OR excluded.is_numbered,
        -- Sealed for another slot it could not be forgotten: the writer comes again.
        name_cipher = CASE
            WHEN excluded.slot = stored.slot AND excluded.name_cipher IS NOT NULL
                AND {newer_name}
            THEN excluded.name_cipher ELSE stored.name_cipher END,
        risk_level = CASE WHEN {newer_risk} AND {newer_assessment}
            THEN coalesce(excluded.risk_level, stored.risk_level) ELSE stored.risk_level END,
        {assessed},
        {dated},
        {plain},
        (attributes, told_at) = (
            SELECT stored.attributes || coalesce(
                       jsonb_object_agg(name, excluded.attributes -> name)
                       FILTER (WHERE name IS NOT NULL), '{{}}'),
                   stored.told_at || coalesce(
                       jsonb_object_agg(key, coalesce(excluded.told_at -> key, {written})), '{{}}')
            FROM (
                SELECT NULL AS name, key FROM unnest(ARRAY[{given}]) AS key
                WHERE key IS NOT NULL
                UNION ALL
                SELECT name, key FROM jsonb_object_keys(excluded.attributes) AS name
                CROSS JOIN LATERAL (SELECT 'attributes.' || name AS key) AS named
                WHERE {newer_attribute}) AS accepted),
        updated_at = excluded.updated_at
    WHERE stored.status <> 'erased'
    RETURNING customer_no, coalesce(merged_into_id, id), slot, xmax = 0  -- 0 where none was there
""".format(
    newer_name=_newer_column("name_cipher", "name"),
    newer_risk=_newer_column("risk_level", "risk_level"),
    newer_assessment=_NEWER_ASSESSMENT,
    assessed=_JOIN.join(
        f"{name} = CASE WHEN {_NEWER_ASSESSMENT}"
        f" THEN coalesce(excluded.{name}, stored.{name}) ELSE stored.{name} END"
        for name in _ASSESSED
    ),
    dated=_JOIN.join(
        f"{name} = CASE WHEN {_newer_column(name, name)}"
        f" THEN coalesce(excluded.{name}, stored.{name}) ELSE stored.{name} END"
        for name in _DATED
    ),
    plain=_JOIN.join(f"{name} = coalesce(excluded.{name}, stored.{name})" for name in _PLAIN),
    written=_WRITTEN,
    given=", ".join(
        f"CASE WHEN excluded.{column} IS NOT NULL AND {_newer_column(column, key)} THEN '{key}' END"
        for column, key in (
            ("name_cipher", "name"),
            ("risk_level", "risk_level"),
            *((name, name) for name in _DATED),
        )
    ),
    newer_attribute=_newer("key", "stored.attributes ? name"),
)

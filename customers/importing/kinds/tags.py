"""Tags that another system knows of, as far as the dictionary lets systems give them."""

from customers.importing.kinds.base import Bound, Kind, flag, moment, number
from customers.queries.loads import CUSTOMER, TAG

TAGS = Kind(
    key="tags",
    fields=(
        number("customer", "customer_no", "one_id", "客户号", reference=CUSTOMER),
        number("tag", "tag_key", "标签", reference=TAG),
        # "No" takes a tag back that was told before.
        flag("value", "值", default="true"),
        moment("told_at", "at", "ts", "time", "时间"),
    ),
    identity=("customer", "tag"),
    day="told_at",
    depends_on=(),
    bounds=(Bound(field="told_at", until_today=True),),
)

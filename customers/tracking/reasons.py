"""Why a tracking call cannot be taken: each code says one thing, whatever the event was.

The quarantine stores the code; the console says it in the reader's language.
"""

from collections.abc import Mapping
from typing import Final

from compliance.sentences import Sentence

# One event: it goes to quarantine.
UNKNOWN_TYPE: Final = Sentence(
    code="unknown_type",
    en="Its type is none of the tracking specification.",
    zh="事件类型不在跟踪规范之内。",
)
MISSING_IDENTITY: Final = Sentence(
    code="missing_identity",
    en="It names nobody: it needs a userId or an anonymousId, an alias a previousId and a userId.",
    zh="没有说明是谁：需要 userId 或 anonymousId；alias 需要 previousId 和 userId。",
)
INVALID_TRAITS: Final = Sentence(
    code="invalid_traits", en="Its traits are not an object.", zh="traits 不是对象。"
)
DUPLICATE_KEY: Final = Sentence(
    code="duplicate_key",
    en="An object in it has the same key twice.",
    zh="其中某个对象的同一个键出现了两次。",
)
NUMBER_OUT_OF_RANGE: Final = Sentence(
    code="number_out_of_range", en="A number in it is out of range.", zh="其中的数字超出范围。"
)
NOT_AN_OBJECT: Final = Sentence(
    code="not_an_object", en="It is not a JSON object.", zh="不是 JSON 对象。"
)
TOO_LARGE: Final = Sentence(code="too_large", en="It is larger than 32 KB.", zh="超过 32 KB。")
NUL_CHARACTER: Final = Sentence(
    code="nul_character", en="It holds the character U+0000.", zh="含有字符 U+0000。"
)
LONE_SURROGATE: Final = Sentence(
    code="lone_surrogate", en="It holds half of a surrogate pair.", zh="含有半个代理对。"
)
TOO_DEEP: Final = Sentence(code="too_deep", en="It is nested too deeply.", zh="嵌套过深。")
TOO_OLD: Final = Sentence(
    code="timestamp_too_old",
    en="Its time lies too far back; send history to /v1/import.",
    zh="事件时间过早；历史数据请发送到 /v1/import。",
)
INVALID_TIMESTAMP: Final = Sentence(
    code="invalid_timestamp",
    en="Its timestamp or sentAt is not an existing ISO 8601 date and time.",
    zh="timestamp 或 sentAt 不是有效的 ISO 8601 日期时间。",
)
NAMES_NOBODY: Final = Sentence(
    code="names_nobody",
    en="Its userId, anonymousId or previousId is a word for nobody, as undefined: leave it out.",
    zh="userId、anonymousId 或 previousId 是表示“无”的词（如 undefined）：请不要发送。",
)
INVALID: Final[Mapping[str, Sentence]] = {
    "userId": Sentence(
        code="invalid_user_id",
        en="Its userId is not a string of 1 to 256 printable characters.",
        zh="userId 不是 1 到 256 个可打印字符的文本。",
    ),
    "anonymousId": Sentence(
        code="invalid_anonymous_id",
        en="Its anonymousId is not a string of 1 to 256 printable characters.",
        zh="anonymousId 不是 1 到 256 个可打印字符的文本。",
    ),
    "previousId": Sentence(
        code="invalid_previous_id",
        en="Its previousId is not a string of 1 to 256 printable characters.",
        zh="previousId 不是 1 到 256 个可打印字符的文本。",
    ),
    "messageId": Sentence(
        code="invalid_message_id",
        en="Its messageId is not a string of 1 to 256 characters.",
        zh="messageId 不是 1 到 256 个字符的文本。",
    ),
    "event": Sentence(
        code="invalid_event",
        en="Its event is not a string of 1 to 256 characters.",
        zh="event 不是 1 到 256 个字符的文本。",
    ),
    "groupId": Sentence(
        code="invalid_group_id",
        en="Its groupId is not a string of 1 to 256 characters.",
        zh="groupId 不是 1 到 256 个字符的文本。",
    ),
    "context": Sentence(
        code="invalid_context", en="Its context is not an object.", zh="context 不是对象。"
    ),
    "properties": Sentence(
        code="invalid_properties",
        en="Its properties are not an object.",
        zh="properties 不是对象。",
    ),
    "traits": INVALID_TRAITS,
}
# One field of an identify or alias call: the event is taken without it, and where somebody tried
# what he may not, that part is kept in quarantine.
NEEDS_SERVER_KEY: Final = Sentence(
    code="needs_server_key",
    en="A write key may not set it: send it with a server key, or import it from a file.",
    zh="写入密钥无权设置：请使用服务器密钥发送，或从文件导入。",
)
NOT_BY_TRACKING: Final = Sentence(
    code="not_by_tracking",
    en="No tracking call may set it: record it by the API, or import it from a file.",
    zh="不能通过跟踪调用设置：请通过 API 记录，或从文件导入。",
)
VALUE_NOT_STORABLE: Final = Sentence(
    code="value_not_storable",
    en="Its value is not of the field's type, or too long, or nested.",
    zh="取值与字段类型不符、过长或含有嵌套。",
)
CONTACT_INVALID: Final = Sentence(
    code="contact_invalid",
    en="It is not a phone number or e-mail address that can exist.",
    zh="不是可能存在的手机号或邮箱地址。",
)
CONTACT_ELSEWHERE: Final = Sentence(
    code="contact_elsewhere",
    en="It holds a phone number or an e-mail address: send that as phone or email.",
    zh="含有手机号或邮箱地址：请用 phone 或 email 字段发送。",
)
ID_CARD: Final = Sentence(
    code="id_card",
    en="It holds the number of an identity card, which is kept nowhere: leave it out.",
    zh="含有身份证号码，系统不保存该类信息：请勿发送。",
)
CONTACT_OF_ANOTHER: Final = Sentence(
    code="contact_of_another",
    en="It belongs to another customer; a write key may not give it to this one.",
    zh="属于另一位客户；写入密钥无权将其改给此客户。",
)
CONTACT_KNOWN: Final = Sentence(
    code="contact_known",
    en="The customer has one already; a write key may not replace it.",
    zh="客户已有此类联系方式；写入密钥无权替换。",
)
IDENTITY_OF_ANOTHER: Final = Sentence(
    code="identity_of_another",
    en="It names another customer already; the two stay apart.",
    zh="该标识已属于另一位客户；两者保持独立。",
)
USER_ID_TOO_LONG: Final = Sentence(
    code="user_id_too_long",
    en="A customer number has at most 128 characters: the event is kept, its traits are not.",
    zh="客户号最多 128 个字符：事件已保存，其属性未保存。",
)
# Also of somebody who was erased: who asks is not told so.
NO_CUSTOMER: Final = Sentence(
    code="no_customer",
    en="It names no customer who can be described by a userId: the event is kept, its traits are"
    " not.",
    zh="没有以 userId 指明可描述的客户：事件已保存，其属性未保存。",
)
CATALOGUE_FULL: Final = Sentence(
    code="catalogue_full",
    en="The catalogue of attributes is full: remove some before new ones are taken.",
    zh="属性目录已满：请先删除部分属性，再接收新的属性。",
)
UNTRUSTED: Final = Sentence(
    code="untrusted_fields",
    en="It says what a write key may not say: {fields}. The rest of the event was taken.",
    zh="包含写入密钥无权设置的内容：{fields}。事件的其余部分已接收。",
)
ALARMING: Final[frozenset[str]] = frozenset(
    {
        NEEDS_SERVER_KEY.code,
        NOT_BY_TRACKING.code,
        CONTACT_OF_ANOTHER.code,
        CONTACT_KNOWN.code,
        IDENTITY_OF_ANOTHER.code,
    }
)
"""Codes of fields that somebody may have sent to become, or to change, another."""

# The tracking plan.
UNKNOWN_EVENT: Final = Sentence(
    code="unknown_event",
    en="The tracking plan has no event {event}: add it, or let this source send others, too.",
    zh="埋点方案中没有事件 {event}：请添加，或允许该来源发送方案外的事件。",
)
PROPERTY_MISSING: Final = Sentence(
    code="property_missing",
    en="Its property {property} is missing.",
    zh="缺少属性 {property}。",
)
PROPERTY_VALUE: Final = Sentence(
    code="property_value",
    en="Its property {property} is none of the values allowed: {values}.",
    zh="属性 {property} 不在允许的取值之内：{values}。",
)
PROPERTY_NOT: Final[Mapping[str, Sentence]] = {
    "text": Sentence(
        code="property_not_text",
        en="Its property {property} is not a text.",
        zh="属性 {property} 不是文本。",
    ),
    "number": Sentence(
        code="property_not_number",
        en="Its property {property} is not a number.",
        zh="属性 {property} 不是数字。",
    ),
    "integer": Sentence(
        code="property_not_integer",
        en="Its property {property} is not a whole number.",
        zh="属性 {property} 不是整数。",
    ),
    "boolean": Sentence(
        code="property_not_boolean",
        en="Its property {property} is neither true nor false.",
        zh="属性 {property} 不是 true 或 false。",
    ),
    "datetime": Sentence(
        code="property_not_datetime",
        en="Its property {property} is not an ISO 8601 date or time.",
        zh="属性 {property} 不是 ISO 8601 日期或时间。",
    ),
    "list": Sentence(
        code="property_not_list",
        en="Its property {property} is not a list.",
        zh="属性 {property} 不是列表。",
    ),
    "object": Sentence(
        code="property_not_object",
        en="Its property {property} is not an object.",
        zh="属性 {property} 不是对象。",
    ),
}

NOT_HELD: Final = Sentence(
    code="not_held",
    en="It was replayed or discarded already.",
    zh="该事件已重放或已丢弃。",
)

OF_EVENTS: Final[Mapping[str, Sentence]] = {
    sentence.code: sentence
    for sentence in (
        UNKNOWN_TYPE,
        MISSING_IDENTITY,
        NAMES_NOBODY,
        DUPLICATE_KEY,
        NUMBER_OUT_OF_RANGE,
        NOT_AN_OBJECT,
        TOO_LARGE,
        NUL_CHARACTER,
        LONE_SURROGATE,
        TOO_DEEP,
        TOO_OLD,
        INVALID_TIMESTAMP,
        NOT_HELD,
        UNTRUSTED,
        UNKNOWN_EVENT,
        PROPERTY_MISSING,
        PROPERTY_VALUE,
        *PROPERTY_NOT.values(),
        *INVALID.values(),
    )
}

NEEDS_MENDING: Final[frozenset[str]] = frozenset(
    {DUPLICATE_KEY.code, NUMBER_OUT_OF_RANGE.code, TOO_DEEP.code}
)
"""Codes of events that are held in other words than they came in: only a person can say what was
meant."""

# A whole request: nothing of it is taken.
BODY_ENCODING: Final = Sentence(
    code="encoding_unknown",
    en="Send the body plain or with gzip.",
    zh="请求体请不压缩或用 gzip 压缩发送。",
)
BODY_NOT_GZIP: Final = Sentence(
    code="not_gzip",
    en="Content-Encoding says gzip but the body is not.",
    zh="Content-Encoding 声明为 gzip，但请求体不是。",
)
BODY_GZIP_DAMAGED: Final = Sentence(
    code="not_gzip", en="The gzip data is damaged or cut off.", zh="gzip 数据已损坏或不完整。"
)
BODY_NOT_UTF8: Final = Sentence(
    code="not_utf8", en="The body is not UTF-8.", zh="请求体不是 UTF-8。"
)
BODY_TOO_DEEP: Final = Sentence(
    code="too_deep", en="The body is nested too deeply.", zh="请求体嵌套过深。"
)
BODY_NOT_JSON: Final = Sentence(
    code="not_json", en="The body is not valid JSON.", zh="请求体不是有效的 JSON。"
)
BODY_TOO_LARGE: Final = Sentence(code="too_large", en="The body is too large.", zh="请求体过大。")
BODY_UNPACKED_TOO_LARGE: Final = Sentence(
    code="too_large", en="The body is too large once unpacked.", zh="请求体解压后过大。"
)
BODY_DUPLICATE_KEY: Final = Sentence(
    code="duplicate_key",
    en="The body has the same key twice.",
    zh="请求体中同一个键出现了两次。",
)
BODY_NOT_AN_OBJECT: Final = Sentence(
    code="not_an_object", en="The body is not a JSON object.", zh="请求体不是 JSON 对象。"
)
BATCH_INVALID: Final = Sentence(
    code="batch_invalid", en="The batch is not a list.", zh="batch 不是列表。"
)
BATCH_CONTEXT: Final = Sentence(
    code="invalid_batch_context",
    en="The batch's context is not an object of at most 32 KB that can be stored: mend it, or"
    " leave it out.",
    zh="批次的 context 不是可以保存的、不超过 32 KB 的对象：请修正或不发送。",
)
BATCH_TOO_LARGE: Final = Sentence(
    code="too_large", en="The batch has too many messages.", zh="批次中的消息过多。"
)
BATCH_CONTEXT_TOO_LARGE: Final = Sentence(
    code="too_large",
    en="The batch's context would be stored with every message: send fewer messages, or a shorter"
    " context.",
    zh="批次的 context 会随每条消息保存：请减少消息数，或缩短 context。",
)

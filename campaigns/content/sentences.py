"""What is said about a template or a link that may not be used. A code may have several wordings.

Details named ``part`` are nouns of `PARTS`; ``where`` is a place inside the part, or nothing.
"""

from typing import Final

from compliance.sentences import Detail, Said, Sentence

_PARTS: Final = {
    "subject": ("subject", "主题"),
    "html": ("HTML", "HTML"),
    "mjml": ("MJML", "MJML"),
    "text": ("text", "正文"),
    "from": ("sender", "发件人"),
    "reply_to": ("reply address", "回复地址"),
    "signature": ("signature", "签名"),
    "title": ("title", "标题"),
    "body": ("body", "内容"),
    "url": ("address opened by a tap", "点击后打开的地址"),
    "script": ("script", "话术"),
    "queue": ("queue", "队列"),
}
PARTS: Final = {name: Sentence(code=name, en=en, zh=zh) for name, (en, zh) in _PARTS.items()}

NOWHERE: Final = Sentence(code="", en="", zh="")
_PLACE: Final = Sentence(
    code="place", en="Line {line}, column {column}: ", zh="第 {line} 行第 {column} 列："
)

UNKNOWN_PART: Final = Sentence(
    code="unknown_part",
    en="This channel has no part “{name}”; its parts are {known}.",
    zh="该渠道没有“{name}”部分；可用的部分有 {known}。",
)
MISSING_PART: Final = Sentence(
    code="missing_part", en="The {part} is empty.", zh="{part}不能为空。"
)
CAME_OUT_EMPTY: Final = Sentence(
    code="missing_part", en="The {part} came out empty.", zh="{part}渲染后为空。"
)
TOO_LONG: Final = Sentence(
    code="too_long",
    en="The {part} is longer than {most} characters.",
    zh="{part}超过 {most} 个字符。",
)
WIDE_BRACES: Final = Sentence(
    code="parse_error",
    en="{where}“{sign}” has full-width braces; write {{{{ or {{%.",
    zh="{where}“{sign}”使用了全角括号；请写成 {{{{ 或 {{%。",
)
UNSENDABLE: Final = Sentence(
    code="parse_error",
    en="{where}There is a character here that no message can hold; delete it.",
    zh="{where}此处有任何消息都无法包含的字符；请删除。",
)
TURNED: Final = Sentence(
    code="parse_error",
    en="{where}{sign} turns text around, so that customers read another one than its reviewers:"
    " delete it.",
    zh="{where}{sign} 会使文字反向显示，客户读到的与审核的不同；请删除。",
)
OPEN_BRACES: Final = Sentence(
    code="parse_error",
    en="{where}“{sign}” is not closed.",
    zh="{where}“{sign}”没有闭合。",
)
SYNTAX: Final = Sentence(
    code="parse_error",
    en="{where}The template cannot be read: {why}.",
    zh="{where}模板语法有误：{why}。",
)
UNKNOWN_TAG: Final = Sentence(
    code="unknown_tag",
    en="{where}“{why}” is no tag, or none for this place.",
    zh="{where}“{why}”不是标签，或不能用在此处。",
)
UNKNOWN_FILTER: Final = Sentence(
    code="unknown_filter", en="{where}There is no filter “{why}”.", zh="{where}没有过滤器“{why}”。"
)
ARGUMENTS: Final = Sentence(
    code="arguments",
    en="{where}The filter “{why}” needs other values behind its colon.",
    zh="{where}过滤器“{why}”冒号后的参数不对。",
)
FORBIDDEN: Final = Sentence(
    code="forbidden",
    en="{where}“{why}” may not be used in a message.",
    zh="{where}消息中不允许使用“{why}”。",
)
RANGE: Final = Sentence(
    code="range",
    en="{where}A range needs two whole numbers, as in (1..9).",
    zh="{where}区间必须写成两个整数，例如 (1..9)。",
)
MISSING_VARIABLE: Final = Sentence(
    code="missing_variable",
    en="This customer has no “{why}”, and no default is given.",
    zh="该客户没有“{why}”，模板也未给出默认值。",
)
RENDER_FAILED: Final = Sentence(
    code="render_failed",
    en="{where}The template cannot be filled in: {why}.",
    zh="{where}模板无法渲染：{why}。",
)
OVER_LIMIT: Final = Sentence(
    code="limit",
    en="{where}The template needs more than is allowed: {why}.",
    zh="{where}模板超出允许的资源限制：{why}。",
)
# What `confined` and `engine` call the limits.
LIMITS: Final = {
    "time": Sentence(code="time", en="computing time", zh="计算时间"),
    "memory": Sentence(code="memory", en="memory", zh="内存"),
    "size": Sentence(code="size", en="the size of one customer's data", zh="单个客户的数据量"),
    "gone": Sentence(code="gone", en="it ended its process", zh="导致渲染进程退出"),
    "output": Sentence(code="output", en="the length of the message", zh="消息长度"),
    "range": Sentence(code="range", en="the length of a range", zh="区间长度"),
    "loops": Sentence(code="loops", en="repetitions", zh="循环次数"),
    "names": Sentence(code="names", en="the size of its own variables", zh="变量占用的空间"),
    "nesting": Sentence(code="nesting", en="the depth of its blocks", zh="嵌套深度"),
}
UNKNOWN_MJML: Final = Sentence(
    code="unknown_mjml",
    en="MJML has no tag “{why}” that may be used here.",
    zh="MJML 没有可用的标签“{why}”。",
)
BAD_MJML: Final = Sentence(
    code="bad_mjml", en="The MJML cannot be read: {why}.", zh="MJML 无法解析：{why}。"
)
BAD_CSS: Final = Sentence(
    code="bad_css", en="The styles cannot be read: {why}.", zh="样式无法解析：{why}。"
)
ENGINE: Final = {
    "unknown_mjml": UNKNOWN_MJML,
    "bad_mjml": BAD_MJML,
    "bad_css": BAD_CSS,
    "parse_error": SYNTAX,
    "unknown_tag": UNKNOWN_TAG,
    "unknown_filter": UNKNOWN_FILTER,
    "arguments": ARGUMENTS,
    "forbidden": FORBIDDEN,
    "range": RANGE,
    "missing_variable": MISSING_VARIABLE,
    "render_failed": RENDER_FAILED,
    "limit": OVER_LIMIT,
}

UNKNOWN_SNIPPET: Final = Sentence(
    code="unknown_snippet",
    en="{where}There is no snippet “{key}”.",
    zh="{where}没有名为“{key}”的内容片段。",
)
SNIPPET_WAITS: Final = Sentence(
    code="snippet_waits",
    en="{where}No version of the snippet “{key}” is approved yet.",
    zh="{where}内容片段“{key}”尚无已批准的版本。",
)
SNIPPET_LACKS_FORM: Final = Sentence(
    code="snippet_lacks_form",
    en="{where}The snippet “{key}” says nothing as {form}; write it there first.",
    zh="{where}内容片段“{key}”没有{form}形式；请先在片段中填写。",
)
SNIPPET_IN_ITSELF: Final = Sentence(
    code="snippet_cycle",
    en="{where}A snippet stands inside itself: {chain}.",
    zh="{where}内容片段包含了自身：{chain}。",
)
SNIPPET_SYNTAX: Final = Sentence(
    code="parse_error",
    en='{where}A snippet is named in quotes, as in {{% snippet "risk-footer" %}}.',
    zh='{where}内容片段须用引号写出名称，例如 {{% snippet "risk-footer" %}}。',
)

BAD_LINK: Final = Sentence(
    code="bad_link",
    en="{where}A link is empty, too long or has odd characters.",
    zh="{where}链接为空、过长或含有异常字符。",
)
UNREADABLE_LINK: Final = Sentence(
    code="bad_link", en="{where}The link {url} cannot be read.", zh="{where}无法解析链接 {url}。"
)
NOT_HTTPS: Final = Sentence(
    code="not_https",
    en="{where}The address of a link or picture must start with https:// and name a host ({url}).",
    zh="{where}链接或图片的地址必须以 https:// 开头并包含主机名（{url}）。",
)
ODD_HOST: Final = Sentence(
    code="bad_link",
    en="{where}The host of {url} is not a plain name.",
    zh="{where}{url} 的主机不是普通的域名。",
)
RUN_ON_LINK: Final = Sentence(
    code="bad_link",
    en="{where}Where does the address {url} end? Put a blank behind it; other letters than ASCII"
    " in it are written as %E4 and so on.",
    zh="{where}无法判断链接 {url} 到何处为止：请在链接后加空格；"
    "链接中的非 ASCII 字符须写成 %E4 等形式。",
)
HOST_NOT_ALLOWED: Final = Sentence(
    code="host_not_allowed",
    en="{where}{host} is not on the list of hosts that messages may link to or show pictures of.",
    zh="{where}{host} 不在消息可链接或取用图片的域名清单中。",
)
NO_HOST: Final = Sentence(
    code="no_host",
    en="“{host}” is no host name like www.example.com.",
    zh="“{host}”不是形如 www.example.com 的域名。",
)
VARIABLE_LINK: Final = Sentence(
    code="variable_link",
    en="{where}A link names its scheme and host itself; values may only follow, in path or query.",
    zh="{where}链接的协议和域名必须直接写明；变量只能出现在其后的路径或参数中。",
)
UNENCODED_LINK: Final = Sentence(
    code="unencoded_link",
    en="{where}In a link a value is written {{{{ name | url_encode }}}}, and no tag may stand.",
    zh="{where}链接中的变量须写成 {{{{ name | url_encode }}}}；链接中不能使用标签。",
)
TAKEN_NAME: Final = Sentence(
    code="taken_name",
    en="{where}“{name}” is an address that the product makes; choose another name.",
    zh="{where}“{name}”是系统生成的地址；请使用其他名称。",
)
NOT_IN_MAIL: Final = Sentence(
    code="not_in_mail",
    en="{where}“{sign}” may not stand in an e-mail, which shows text, pictures and links: delete"
    " it.",
    zh="{where}邮件只展示文字、图片和链接，不能包含“{sign}”；请删除。",
)
OPEN_TAG: Final = Sentence(
    code="open_tag",
    en="{where}“{sign}”: write the names of tags and attributes out; no value and no Liquid tag"
    " may stand in them or touch them. Put a blank before {{% if … %}} (without a hyphen), and"
    ' values in quotation marks, as in class="{{{{ … }}}}".',
    zh="{where}“{sign}”：标签名和属性名必须直接写全，其中或紧邻处不能使用变量或 Liquid 标签。"
    '请在 {{% if … %}} 前加空格（不用连字符），并将变量放在引号内，例如 class="{{{{ … }}}}"。',
)
OPEN_QUOTE: Final = Sentence(
    code="open_quote",
    en="{where}The quotation mark in “{sign}” is not closed.",
    zh="{where}“{sign}”中的引号没有闭合。",
)
_IN_VARIANT: Final = Sentence(
    code="variant", en="Language variant “{locale}”: ", zh="语言版本“{locale}”："
)
NO_WAY_OUT: Final = Sentence(
    code="no_way_out",
    en="{variant}An advertisement shows its reader the way out in each part: put a link to"
    " {{{{ unsubscribe_url }}}}, with words to it, into the {part}; outside of conditions, or into"
    " each branch of one that ends with {{% else %}}.",
    zh="{variant}营销邮件的每个部分都必须让读者看到退订入口：请在{part}中加入指向"
    " {{{{ unsubscribe_url }}}} 且带文字的链接；链接不要放在条件之内，"
    "或放入以 {{% else %}} 结尾的条件的每个分支。",
)
TOO_MANY_BRANCHES: Final = Sentence(
    code="no_way_out",
    en="{variant}A condition in the {part} has more than {most} branches; of an advertisement each"
    " is looked into for the way out: put the link behind the condition and split it up.",
    zh="{variant}{part}中有一个条件超过 {most} 个分支；营销邮件须逐一检查每个分支是否有退订入口："
    "请将链接移到条件之外，并拆分该条件。",
)
CAME_OUT_WITHOUT: Final = Sentence(
    code="no_way_out",
    en="For this customer the {part} came out without the way out that an advertisement"
    " shows: put a link to {{{{ unsubscribe_url }}}} outside of conditions.",
    zh="对该客户，{part}渲染后没有营销邮件必须展示的退订入口："
    "请将指向 {{{{ unsubscribe_url }}}} 的链接放在条件之外。",
)
RECAST: Final = Sentence(
    code="recast",
    en="{where}“{sign}” cuts or replaces in markup: customers would read its tags as text. Cut"
    " the text before the markup is put around it.",
    zh="{where}“{sign}”截断或替换了标记：客户会把标签当作文字读到。请先处理文字，再加上标记。",
)
WORDING: Final = Sentence(
    code="wording",
    en="The {part} says what may not be advertised: {hits}.",
    zh="{part}含有不得宣传的表述：{hits}。",
)
RISK_POINTS: Final = Sentence(
    code="risk_points",
    en="{product} is of high risk or complex: the text must say its special risk points,"
    " “{points}”, and link to further information.",
    zh="{product} 属于高风险或复杂产品：文案必须写明其特别风险点“{points}”，并附上详细信息的链接。",
)
NO_RISK_POINTS: Final = Sentence(
    code="no_risk_points",
    en="{product} is of high risk or complex, and its special risk points are not on record:"
    " ask compliance to enter them under Products.",
    zh="{product} 属于高风险或复杂产品，但尚未登记其特别风险点：请联系合规人员在“产品”中填写。",
)
SAID_WORDING: Final = Sentence(
    code="wording",
    en="“{term}” may not stand in an advertisement as it is ({rule}; {basis}).",
    zh="“{term}”不宜直接用于宣传（{rule}；{basis}）。",
)
UNSAID_THERE: Final = Sentence(
    code="unsaid_there",
    en="As an advertisement it must also say, by rule {rule}: {names}.",
    zh="作为营销信息，按规则 {rule} 还须载明：{names}。",
)

REPEATED_UTM: Final = Sentence(
    code="repeated_utm",
    en="{where}{url} has the parameter {name} more than once.",
    zh="{where}{url} 中的参数 {name} 出现了多次。",
)
LINK_ANSWERS: Final = Sentence(
    code="link_answers",
    en="{where}{url} answers with {status}.",
    zh="{where}{url} 返回 {status}。",
)
LINK_UNREACHABLE: Final = Sentence(
    code="link_unreachable",
    en="{where}{url} could not be reached ({why}).",
    zh="{where}无法访问 {url}（{why}）。",
)
LINK_PRIVATE: Final = Sentence(
    code="link_private",
    en="{where}{url} leads to an address that is not public.",
    zh="{where}{url} 指向非公网地址。",
)
LINK_LEADS_ON: Final = Sentence(
    code="link_leads_on",
    en="{where}{url} leads on to {to}, where no message may link.",
    zh="{where}{url} 会跳转到 {to}，消息不得链接到该地址。",
)
LINK_LEADS_NOWHERE: Final = Sentence(
    code="link_leads_nowhere",
    en="{where}{url} leads on and on without an end.",
    zh="{where}{url} 不断跳转，没有终点。",
)

NOT_AN_OBJECT: Final = Sentence(
    code="not_an_object", en="{what} must be a JSON object.", zh="{what}必须是 JSON 对象。"
)
NO_TEMPLATE: Final = Sentence(
    code="no_template",
    en="“template” must be text, or an object of texts by part together with “channel”.",
    zh="“template”必须是文本；或者在给出“channel”时是各部分文本组成的对象。",
)
NO_LOCALE: Final = Sentence(
    code="no_locale",
    en="A locale is a language, perhaps with script and region: en, zh-Hans, zh-TW.",
    zh="区域设置由语言以及可选的文字和地区组成，例如 en、zh-Hans、zh-TW。",
)
UNKNOWN_CHANNEL: Final = Sentence(
    code="unknown_channel", en="“channel” is one of {known}.", zh="“channel”须为 {known} 之一。"
)
UNKNOWN_PURPOSE: Final = Sentence(
    code="unknown_purpose", en="“purpose” is one of {known}.", zh="“purpose”须为 {known} 之一。"
)


def variant(locale: str) -> Detail:
    """The language variant, as the beginning of a sentence; nothing for the default."""
    return Said(sentence=_IN_VARIANT, details={"locale": locale}) if locale else NOWHERE


def part_named(name: str) -> Detail:
    """The part as a noun of the reader's language."""
    return PARTS.get(name, name)


def where(line: int, column: int) -> Detail:
    """The place inside a part, as the beginning of a sentence; nothing if it isn't known."""
    if not line:
        return NOWHERE
    return Said(sentence=_PLACE, details={"line": line, "column": column})


def where_at(source: str, index: int) -> Detail:
    """As `where`, of a character of the source."""
    return where(source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index))

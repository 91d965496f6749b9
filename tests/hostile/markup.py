"""XML that reaches for files and addresses, and pages that would act."""

import json
from collections.abc import Callable

from tests.hostile.case import NEEDLE, SECRET, Case, Trap, fixed
from tests.hostile.containers import R, docx, epub, odf, paragraph, pptx, relations, xlsx

_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 12}">' for n in range(1, 12))
_LAUGHS = f'<!DOCTYPE a [<!ENTITY e0 "ha">{_ENTITIES}]>'
_LONG = f'<!DOCTYPE a [<!ENTITY e "{"x" * 50_000}">]>'
_TEXT = "<text:p>{}</text:p>"
_PIECES = "<scr<script></script>ipt>alert(1)</scr</script>ipt>"


def xml_cases() -> list[Case]:
    """Document types, entities and references in the XML of every format."""
    cell = '<row r="2"><c r="A2" t="inlineStr"><is><t>{}</t></is></c></row>'
    return [
        Case("xml", "laughs_word", "a.docx", fixed(docx(paragraph("&e11;"), before=_LAUGHS)), "refuse"),
        Case("xml", "laughs_workbook", "a.xlsx", fixed(xlsx(cell.format("&e11;"), before=_LAUGHS)), "refuse"),
        Case("xml", "laughs_slides", "a.pptx", fixed(pptx(before=_LAUGHS)), "refuse"),
        Case("xml", "laughs_text", "a.odt", fixed(odf("text", _TEXT.format("&e11;"), before=_LAUGHS)), "refuse"),
        Case("xml", "laughs_book", "a.epub", fixed(epub("<p>&e11;</p>", before=_LAUGHS))),
        Case("xml", "laughs_contents", "a.epub", fixed(epub(opf_before=_LAUGHS))),
        Case("xml", "quadratic_word", "a.docx", fixed(docx(paragraph("&e;" * 20_000), before=_LONG)), "refuse"),
        Case("xml", "laughs_utf16", "a.docx", fixed(_utf16_docx()), "refuse"),
        Case(
            "xml", "laughs_styles", "a.docx", fixed(docx(more={"word/styles.xml": f"{_LAUGHS}<a>&e11;</a>"})), "refuse"
        ),
        *(
            Case(
                "xml",
                f"{what}_{kind}",
                f"a.{kind}",
                lambda trap, kind=kind, what=what: _external(kind, what, trap),
                must_not=(SECRET,),
            )
            for kind in ("docx", "xlsx", "pptx", "odt", "epub")
            for what in ("file", "address", "parameter")
        ),
        Case("xml", "include", "a.docx", _including, must_not=(SECRET,)),
        Case("xml", "remote_everything", "a.docx", _remote, "accept", must=(NEEDLE,)),
        Case("xml", "foreign_chunk", "a.docx", fixed(_foreign_chunk()), must_not=("alert(1)",)),
        Case("xml", "deep", "a.docx", fixed(docx("<w:sdt><w:sdtContent>" * 100_000))),
        Case("xml", "deep_closed", "a.docx", fixed(docx("<w:sdt>" * 60_000 + "</w:sdt>" * 60_000))),
        Case("xml", "deep_tables", "a.docx", fixed(docx(_deep_tables(3_000)))),
        Case("xml", "deep_text", "a.odt", fixed(odf("text", "<text:span>" * 60_000 + "</text:span>" * 60_000))),
        Case("xml", "many_attributes", "a.docx", fixed(docx(f"<w:p {_attributes(100_000)}/>"))),
        Case("xml", "wide_span", "a.docx", fixed(docx(_wide_span()))),
        Case("xml", "not_xml", "a.docx", fixed(docx("<w:p"))),
        Case("xml", "endless_styles", "a.docx", fixed(docx(more={"word/styles.xml": _style_ring()})), "accept"),
    ]


def _external(kind: str, what: str, trap: Trap) -> bytes:
    aim = f"file://{trap.secret_file}" if what == "file" else trap.url
    doctype = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{aim}">]>'
    if what == "parameter":
        doctype = f'<!DOCTYPE a PUBLIC "-//a" "{trap.url}" [<!ENTITY % p SYSTEM "{trap.url}">%p;]>'
    made = {
        "docx": lambda: docx(paragraph("&x;"), before=doctype),
        "xlsx": lambda: xlsx('<row r="2"><c t="inlineStr"><is><t>&x;</t></is></c></row>', before=doctype),
        "pptx": lambda: pptx(before=doctype),
        "odt": lambda: odf("text", _TEXT.format("&x;"), before=doctype),
        "epub": lambda: epub("<p>&x;</p>", before=doctype, opf_before=doctype),
    }
    return made[kind]()


def _utf16_docx() -> bytes:
    body = f'<?xml version="1.0" encoding="UTF-16"?>{_LAUGHS}<a>&e11;</a>'
    return docx(more={"word/document.xml": body.encode("utf-16")})


def _including(trap: Trap) -> bytes:
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{trap.secret_file}" parse="text"/>'
    return docx(f"<w:p><w:r><w:t>{include}</w:t></w:r></w:p>")


def _remote(trap: Trap) -> bytes:
    outside = relations(*((kind, trap.url, True) for kind in ("attachedTemplate", "image", "oleObject", "frame")))
    return docx(more={"word/_rels/document.xml.rels": outside, "word/_rels/settings.xml.rels": outside})


def _foreign_chunk() -> bytes:
    return docx(
        f'<w:altChunk xmlns:r="{R}" r:id="rId1"/>',
        more={
            "word/_rels/document.xml.rels": relations(("aFChunk", "chunk.html", False)),
            "word/chunk.html": "<script>alert(1)</script><p>chunk</p>",
        },
    )


def _deep_tables(depth: int) -> str:
    return "<w:tbl><w:tr><w:tc>" * depth + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * depth


def _attributes(count: int) -> str:
    return " ".join(f"a{number}='x'" for number in range(count))


def _wide_span() -> str:
    wide = '<w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
    return f"<w:tbl><w:tr><w:tc>{wide}{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"


def _style_ring() -> str:
    style = '<w:style w:styleId="{}"><w:basedOn w:val="{}"/></w:style>'
    ring = "".join(style.format(n, (n + 1) % 1_000) for n in range(1_000))
    return f'<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{ring}</w:styles>'


def markup_cases() -> list[Case]:
    """Pages, Markdown and mail that would run or fetch something."""
    active = {
        "script": "<script>alert(1)</script><SCRIPT src='{url}'></SCRIPT>",
        "style": "<style>@import '{url}'; p {{ background: url({url}); content: 'alert(1)' }}</style>",
        "picture": "<img src='{url}' onerror='alert(1)'><img srcset='{url} 2x'>",
        "refresh": "<meta http-equiv=refresh content='0;{url}'><base href='{url}'><link rel=stylesheet href={url}>",
        "frames": "<iframe src='{url}'>alert(1)</iframe><object data='{url}'>alert(1)</object><embed src='{url}'>",
        "svg": "<svg onload='alert(1)'><image href='{url}'/><script>alert(1)</script></svg>",
        "links": "<a href='javascript:alert(1)'>link</a><a href='data:text/html,alert(1)'>link</a>",
        "form": "<form action='{url}'><input value='alert(1)' type=hidden><button formaction={url}>go</button></form>",
        "template": "<template><p>alert(1)</p></template><noscript><p>alert(1)</p></noscript>",
        "comment": "<!-- alert(1) --><? alert(1) ?><!alert(1)>",
        "hidden": "<p style='display:none'>alert(1)</p><p hidden>alert(1)</p>",
        "preload": "<link rel=preload href='{url}'><video src='{url}' poster='{url}'></video>",
    }
    return [
        *(
            Case("markup", f"page_{key}", "a.html", _page(body), "accept", must=(NEEDLE,), must_not=("alert(1)",))
            for key, body in active.items()
        ),
        *(
            Case("markup", f"markdown_{key}", "a.md", _page(active[key]), must=(NEEDLE,))
            for key in ("script", "picture", "frames")
        ),
        *(
            Case(
                "markup",
                f"{key}_{kind}",
                f"a.{kind}",
                lambda trap, kind=kind, key=key: _in(kind, active[key], trap),
                must=(NEEDLE,),
            )
            for kind in ("epub", "eml", "ipynb")
            for key in ("script", "picture")
        ),
        Case("markup", "script_in_pieces", "a.html", _page(_PIECES), "accept", must_not=("<script",)),
        Case("markup", "markdown_links", "a.md", _markdown_links, "accept", must=(NEEDLE,)),
        Case(
            "markup",
            "written_tags",
            "a.html",
            fixed(f"<p>{NEEDLE}</p><p>&lt;b&gt;bold&lt;/b&gt;</p>".encode()),
            "accept",
            must=("<b>",),
        ),
        Case(
            "markup",
            "formulas",
            "a.csv",
            fixed(f"name,value\n{NEEDLE},=cmd|'/c calc'!A1\n@SUM(1),+1\n".encode()),
            "accept",
        ),
        Case("markup", "objects_in_rtf", "a.rtf", _rtf, "either", must_not=(SECRET,)),
    ]


def _page(body: str) -> Callable[[Trap], bytes]:
    return lambda trap: f"<html><body><p>{NEEDLE}</p>{body.format(url=trap.url)}</body></html>".encode()


def _in(kind: str, body: str, trap: Trap) -> bytes:
    body = f"<p>{NEEDLE}</p>{body.format(url=trap.url)}"
    if kind == "epub":
        return epub(body)
    if kind == "eml":
        return f"Subject: a\nContent-Type: text/html\n\n<html><body>{body}</body></html>\n".encode()
    cell = {"cell_type": "markdown", "source": [body], "outputs": [{"data": {"text/html": body}}]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


def _markdown_links(trap: Trap) -> bytes:
    return f"# {NEEDLE}\n\n![a]({trap.url}) [b](javascript:alert(1)) <{trap.url}> ![c][d]\n\n[d]: {trap.url}\n".encode()


def _rtf(trap: Trap) -> bytes:
    field = rf'{{\field{{\*\fldinst INCLUDETEXT "{trap.secret_file}"}}{{\fldrslt words}}}}'
    include = rf'{{\field{{\*\fldinst INCLUDEPICTURE "{trap.url}"}}}}{{\*\template {trap.url}}}'
    return rf"{{\rtf1 {NEEDLE} {field}{include}{{\object\objocx{{\*\objdata 0105}}}}}}".encode()

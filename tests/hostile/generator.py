"""All hostile files, made anew at each run from fixed seeds, so that no virus scanner finds them in the repository."""

from tests.hostile.archives import archive_cases
from tests.hostile.case import Case
from tests.hostile.markup import markup_cases, xml_cases
from tests.hostile.pages import pdf_cases, picture_cases
from tests.hostile.texts import (
    duplicate_cases,
    encoding_cases,
    injection_cases,
    name_cases,
    shape_cases,
    type_cases,
    unicode_cases,
)


def all_cases() -> list[Case]:
    """Every case, class by class."""
    return [
        *type_cases(),
        *encoding_cases(),
        *shape_cases(),
        *unicode_cases(),
        *archive_cases(),
        *name_cases(),
        *xml_cases(),
        *pdf_cases(),
        *picture_cases(),
        *markup_cases(),
        *injection_cases(),
        *duplicate_cases(),
    ]

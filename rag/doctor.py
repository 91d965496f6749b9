"""Everything compared with everything, and mended from the catalogue where it can be."""

from rag.integrity import catalogue_faults
from rag.library import Library


def check(library: Library) -> list[str]:
    """What could not be mended, after comparing everything with everything. `index.repairs` says what was."""
    library.check_writable()
    faults = faults_of_truth(library)
    if not faults:
        library.index.check()
    faults += [
        f"{record.name}: its uploaded file is {state}. Add it again to be able to rebuild with another parser."
        for record in library.documents()
        if (state := library.uploads.state(record.id)) != "whole"
    ]
    return faults


def faults_of_truth(library: Library) -> list[str]:
    """What is wrong with the files of the truth, after reading all of them; empty if they are as written."""
    faults = [f"the library's file is damaged: {fault}" for fault in library.database.faults()]
    return faults + [f"the catalogue is damaged: {fault}" for fault in catalogue_faults(library.catalogue)]

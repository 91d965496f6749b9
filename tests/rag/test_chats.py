"""Conversations survive a reload, whole."""

import time

import pytest

from rag.chats import ChatMessage
from rag.errors import UnknownDocument
from rag.library import Library
from rag.settings import Settings
from rag.types import Answer, Citation
from tests.rag.fake_embedder import FakeEmbedder

CITATION = Citation(1, "d1:0-20", "d1", "returns.md", 3, "Shop › Returns", 4, 18, "thirty days — “ja”")
ANSWER = Answer("Thirty days [1].", (CITATION,), ("Perhaps more.",), None, "quoting")
REFUSAL = Answer("", (), (), "The documents do not say.", "quoting")


def test_chat_survives_a_reload(settings: Settings) -> None:
    """Turns come back in order, with their answers as they were: citations, doubts and refusals."""
    turns = (ChatMessage("user", "How long?"), ChatMessage("assistant", ANSWER.text, ANSWER))
    turns += (ChatMessage("user", "And gifts?"), ChatMessage("assistant", "", REFUSAL))
    with Library.open(settings, FakeEmbedder()) as library:
        chat = library.chats.create("How long?")
        for turn in turns:
            library.chats.append(chat.id, turn)
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.chats.get(chat.id).messages == turns


def test_chats_are_newest_first_without_messages(library: Library) -> None:
    """The list shows titles only."""
    for title in ("first", "second"):
        library.chats.append(library.chats.create(title).id, ChatMessage("user", title))
        time.sleep(0.001)
    assert [(chat.title, chat.messages) for chat in library.chats.list()] == [("second", ()), ("first", ())]


def test_chats_do_not_mix(library: Library) -> None:
    """Each has its own turns, and an id that cannot be guessed from another."""
    one, other = library.chats.create("one"), library.chats.create("other")
    library.chats.append(one.id, ChatMessage("user", "in one"))
    assert len({one.id, other.id}) == 2
    assert len(one.id) >= 16
    assert library.chats.get(other.id).messages == ()


def test_deleted_chat_is_gone(library: Library) -> None:
    """With its turns; the other one stays."""
    gone, kept = library.chats.create("gone"), library.chats.create("kept")
    library.chats.append(gone.id, ChatMessage("user", "hello"))
    library.chats.delete(gone.id)
    assert [chat.id for chat in library.chats.list()] == [kept.id]
    assert library.database.query("SELECT count(*) FROM messages")[0][0] == 0
    with pytest.raises(UnknownDocument, match=f"no chat '{gone.id}'"):
        library.chats.get(gone.id)


def test_turn_of_a_deleted_chat_is_refused(library: Library) -> None:
    """A chat deleted in another tab while its answer was written takes no more turns."""
    with pytest.raises(UnknownDocument, match="no chat 'gone'"):
        library.chats.append("gone", ChatMessage("user", "hello"))

"""Conversations, kept in the catalogue's file so that a reload loses nothing."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Literal

from rag.database import Database
from rag.errors import UnknownDocument
from rag.types import Answer, Citation


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn; an assistant's has its checked answer once it is finished."""

    role: Literal["user", "assistant"]
    content: str
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation; lists leave `messages` empty."""

    id: str
    title: str
    created_at: str
    messages: tuple[ChatMessage, ...] = ()


class Chats:
    """All conversations of one library."""

    SCHEMA = """
    CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
    CREATE TABLE messages (
        chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL, answer TEXT, created_at TEXT NOT NULL,
        PRIMARY KEY (chat_id, ordinal)
    ) STRICT"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> list[Chat]:
        """The conversations, newest first, without their messages."""
        rows = self._database.query("SELECT * FROM chats ORDER BY created_at DESC, id")
        return [Chat(row["id"], row["title"], row["created_at"]) for row in rows]

    def get(self, chat_id: str) -> Chat:
        """One conversation with its messages. Raises UnknownDocument."""
        rows = self._database.query("SELECT * FROM chats WHERE id = ?", (chat_id,))
        if not rows:
            raise UnknownDocument(f"There is no chat {chat_id!r} in this library.")
        row = rows[0]
        messages = self._database.query("SELECT * FROM messages WHERE chat_id = ? ORDER BY ordinal", (chat_id,))
        return Chat(row["id"], row["title"], row["created_at"], tuple(_message(message) for message in messages))

    def create(self, title: str) -> Chat:
        """A new, empty conversation; its id cannot be guessed."""
        chat = Chat(secrets.token_urlsafe(12), title, _now())
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO chats VALUES (?, ?, ?)", (chat.id, chat.title, chat.created_at))
        return chat

    def append(self, chat_id: str, message: ChatMessage) -> None:
        """Adds a turn to the end of a conversation. Raises UnknownDocument, say when another tab has deleted it."""
        answer = json.dumps(asdict(message.answer)) if message.answer else None
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM chats WHERE id = ?", (chat_id,)).fetchone() is None:
                raise UnknownDocument(f"There is no chat {chat_id!r} in this library.")
            connection.execute(
                "INSERT INTO messages SELECT ?, coalesce(max(ordinal), 0) + 1, ?, ?, ?, ? FROM messages "
                "WHERE chat_id = ?",
                (chat_id, message.role, message.content, answer, _now(), chat_id),
            )

    def delete(self, chat_id: str) -> None:
        """Deletes a conversation and its turns, from the file too."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,))
        self._database.empty_log()


def _message(row: Row) -> ChatMessage:
    return ChatMessage(row["role"], row["content"], _answer(row["answer"]) if row["answer"] else None)


def _answer(text: str) -> Answer:
    fields = json.loads(text)
    fields["citations"] = tuple(Citation(**citation) for citation in fields["citations"])
    fields["unsupported"] = tuple(fields["unsupported"])
    return Answer(**fields)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")

"""From a question to a stored answer, in steps that survive Stop: Streamlit ends a script wherever it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.errors import SightlineError
from rag.chats import ChatMessage, Chats
from rag.citations import check_answer
from rag.generation import chat_model
from rag.pipeline import retrieve
from rag.projection import target_map
from rag.types import Answer, Message, Retrieval
from ui import session
from ui.components.plain import Calmer
from ui.engine import Workshop
from ui.session import Evidence

TITLE_LENGTH = 80
STOPPED = "The answer was stopped before it began."


@dataclass(slots=True)
class Turn:
    """A question whose answer is being written. `text` grows while it streams, so that Stop loses nothing."""

    chat_id: str
    question: str
    retrieval: Retrieval | None = None
    model: str = ""
    text: str = ""
    trouble: str = ""


def history(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """Earlier turns in the shape that prompts take."""
    return tuple(Message(role=message.role, content=message.content) for message in messages)


def begin(chats: Chats, question: str) -> Turn:
    """Stores the question, in a new chat if none is open."""
    chat_id = session.chat_id()
    if chat_id is None:
        chat_id = chats.create(question[:TITLE_LENGTH]).id
        session.open_chat(chat_id)
    chats.append(chat_id, ChatMessage("user", question))
    return Turn(chat_id, question)


def look_up(workshop: Workshop, turn: Turn, earlier: Sequence[ChatMessage]) -> None:
    """Retrieves for the question, and lays the evidence out. Raises SightlineError, say if a model is missing."""
    try:
        retrieval = retrieve(workshop.library, turn.question, session.settings(), history=history(earlier))
    except SightlineError as error:
        session.note_lost_evidence(turn.chat_id, turn.question, str(error))
        raise
    turn.retrieval = retrieval
    session.set_evidence(Evidence(turn.chat_id, turn.question, retrieval, target_map(workshop.library, retrieval)))


def write(workshop: Workshop, turn: Turn) -> Iterator[str]:
    """The answer as it comes, calmed for the page. What has come is kept in the turn, in plain Python."""
    if turn.retrieval is None:
        return
    model = chat_model(session.settings(), workshop.embedder)
    turn.model = model.name
    calmer = Calmer()
    for piece in model.stream(turn.retrieval):
        turn.text += piece
        yield calmer.feed(piece)


def store(workshop: Workshop, turn: Turn) -> None:
    """Checks what was written and stores it; also what was stopped half way, or failed.

    NOTE: plain Python only. After Stop the next call of Streamlit would end this, too, and lose the answer.
    """
    if turn.trouble:
        answer = Answer(turn.text, (), (), turn.trouble, turn.model if turn.text.strip() else "")
    elif turn.retrieval is None or not turn.text.strip():
        answer = Answer(turn.text, (), (), STOPPED, turn.model)
    else:
        answer = check_answer(turn.text, turn.retrieval, workshop.embedder, model=turn.model)
    workshop.library.chats.append(turn.chat_id, ChatMessage("assistant", answer.text, answer))


def recall_evidence(workshop: Workshop, messages: Sequence[ChatMessage]) -> Evidence | None:
    """The evidence of a chat's last question: what is remembered, or searched again after a reload.

    Raises SightlineError if that failed.
    """
    chat_id = session.chat_id()
    questions = [place for place, message in enumerate(messages) if message.role == "user"]
    if chat_id is None or not questions:
        return None
    question = messages[questions[-1]].content
    known = session.evidence()
    if known is None or (known.chat_id, known.question) != (chat_id, question):
        if why := session.lost_evidence(chat_id, question):
            raise SightlineError(why)
        turn = Turn(chat_id, question)
        look_up(workshop, turn, messages[: questions[-1]])
    return session.evidence()

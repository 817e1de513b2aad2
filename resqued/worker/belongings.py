"""What is a worker's alone: the descriptors that a job's process closes."""

from collections.abc import Callable

from resqued.lifeline import Bell, Lifeline
from resqued.notes import Notebook
from resqued.signals import Inbox
from resqued.store.vigil import Vigil


class Belongings:
    """Connections to Redis, signals, and what ties the worker to its fellows.

    `connection`: the descriptor of the one that it writes through, -1 without one.
    """

    def __init__(
        self,
        connection: Callable[[], int],
        vigil: Vigil,
        *,
        inbox: Inbox,
        notebook: Notebook | None,
        lifeline: Lifeline | None,
        bell: Bell | None,
    ) -> None:
        self._connection, self._vigil = connection, vigil
        self._lasting = (
            *inbox.pipe,
            *((notebook.descriptor,) if notebook else ()),
            *((lifeline.fileno(),) if lifeline else ()),
            *(bell.pipe if bell else ()),
        )

    def descriptors(self) -> list[int]:
        changing = self._connection(), *self._vigil.descriptors
        return [*self._lasting, *(descriptor for descriptor in changing if descriptor >= 0)]

"""Importing the application: the modules that `[jobs] modules` names. What does not import is told, with its place."""

import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

from resqued import failure

STANDARD_LIBRARY = os.path.dirname(os.__file__) + "/"  # noqa: PTH120  compared with the file names of code objects
RESQUED = os.path.dirname(__file__) + "/"  # noqa: PTH120  as above
INSTALLED = ("/site-packages/", "/dist-packages/")


def put_first(path: Sequence[str]) -> list[str]:
    """Put the directories first on sys.path, in their order. Returns a mistake for each that is not there."""
    sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
    invalidate_caches()
    return [f"jobs.path: there is no {entry!r}" for entry in path if not Path(entry).exists()]


@dataclass
class Application:
    """What `[jobs] modules` means: `app.jobs` a module, `app.jobs.*` a package with all that is in it."""

    patterns: Sequence[str]
    modules: dict[str, ModuleType] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    _broken: list[str] = field(default_factory=list)

    def load(self) -> None:
        """Import all of it. KeyboardInterrupt is the operator's, and is raised; anything else becomes a mistake."""
        for pattern in self.patterns:
            name = pattern.removesuffix(".*")
            module = self._import(name)
            if module is not None and name != pattern:
                self._import_all_below(module)

    def allows(self, module: str) -> bool:
        """Whether the patterns mean a module of this name, be there one or not."""
        return any(
            module == pattern.removesuffix(".*") or (pattern.endswith(".*") and module.startswith(pattern[:-1]))
            for pattern in self.patterns
        )

    def broke(self, module: str) -> bool:
        """Whether it is already known why a module of this name is missing."""
        return any(module == broken or module.startswith(f"{broken}.") for broken in self._broken)

    def _import_all_below(self, package: ModuleType) -> None:
        if not hasattr(package, "__path__"):
            self.mistakes.append(f'jobs.modules: {package.__name__} is no package: write "{package.__name__}"')
            return
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.name.endswith(".__main__"):  # a program, not a module: to import it is to run it
                continue
            module = self._import(found.name)
            if module is not None and found.ispkg:
                self._import_all_below(module)

    def _import(self, name: str) -> ModuleType | None:
        try:
            self.modules[name] = import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  sys.exit at import is a mistake like any other
            self._broken.append(name)
            self.mistakes.append(f"jobs.modules: cannot import {name}: {failure.summary_of(error)}{self._place(error)}")
            return None
        return self.modules[name]

    def _place(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename:
            return f" ({error.filename}:{error.lineno})"
        places = list(_places(error))
        own = [place for place in places if self._is_own(*place)]
        if not own and isinstance(error, ModuleNotFoundError):
            return "; is it below one of the directories of jobs.path?"
        return "".join(f" ({file}:{line})" for _, file, line in (own or places)[-1:])

    def _is_own(self, module: str, file: str, _line: int) -> bool:
        if module.partition(".")[0] in {pattern.partition(".")[0] for pattern in self.patterns}:
            return True
        foreign = file.startswith((STANDARD_LIBRARY, RESQUED, "<")) or any(part in file for part in INSTALLED)
        return not foreign


def _places(error: BaseException) -> Iterator[tuple[str, str, int]]:
    """Module, file and line of each frame, outermost first."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        yield str(frame.f_globals.get("__name__")), frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next

"""Which code may run: the jobs that the configuration allows, by every name that a payload may use for them.

A queue cannot choose what is imported or called. A name is looked up in a dictionary that was made when the
application was loaded; nothing is ever imported, and no attribute of a module fetched, because a payload named it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType, MappingProxyType, ModuleType

from resqued import failure, hooks, jobclass, jobhooks, joblimits, memory
from resqued.application import Application, put_first
from resqued.errors import ConfigError, UnknownJob
from resqued.jobclass import full_name
from resqued.protocol.identity import unspeakable

Framework = Callable[[], tuple[Sequence[str], Sequence[str]]]  # sets itself up: modules of jobs, and mistakes
LONGEST_NAME = 200  # characters of a name in a message
MOST_NAMES = 10  # in a message


class Registry:
    """Looked up in this order: `names`, `module.Class` or a class's own `resque_name`, a bare `Class` that is unique.

    `modules`, `names` and `path` are those of `[jobs]`: `app.jobs` or `app.jobs.*`; name → `module:Class`; directories.
    A `framework` is set up before the modules are imported, and may know more of them.
    """

    def __init__(
        self,
        modules: Sequence[str],
        names: Mapping[str, str],
        path: Sequence[str] = (),
        framework: Framework | None = None,
    ) -> None:
        self._application = Application(modules)
        self._modules, self._names, self._path, self._framework = modules, names, path, framework
        self._jobs: dict[str, type] = {}
        self._ambiguous: dict[str, list[str]] = {}
        self._given = False  # its jobs are a program's, not a configuration's
        self.loaded = False

    @classmethod
    def of(cls, *classes: type, names: Mapping[str, type] = MappingProxyType({})) -> "Registry":
        """The registry of a worker that is told its jobs: these classes, with `names` for them in other languages.

        A class of the script itself (`__main__`) goes by its bare name. Raises ConfigError.
        """
        registry = cls([], {})
        index = _Index()
        for job_class in dict.fromkeys([*classes, *names.values()]):
            index.add_class(job_class)
        for name, job_class in names.items():
            index.add(name, job_class)
        registry._adopt(index, index.mistakes, "jobs")
        registry._given = True
        return registry

    def load(self, *, source: str = "application") -> None:
        """Put `path` first on sys.path, import the modules, and know their jobs; then the `after_load` hooks.

        Raises ConfigError with every mistake at once: modules that do not import, names that mean nothing or too much.
        `source` is for the error.
        """
        mistakes = put_first(self._path)
        more, why_not = self._framework() if self._framework else ((), ())
        if why_not:  # nothing of it can be imported then
            raise ConfigError(source, [*mistakes, *why_not])
        self._application = Application(list(dict.fromkeys([*self._modules, *more])))
        self._application.load()
        index = _Index()
        for module in self._application.modules.values():
            index.add_module(module)
        for name, target in self._names.items():
            self._add_alias(index, name, target)
        self._adopt(index, [*mistakes, *self._application.mistakes, *index.mistakes], source)
        if mistakes := list(_mistakes_of_hooks()):
            raise ConfigError(source, mistakes)

    def find(self, name: str) -> type:
        """The class that a payload means by `name`. Raises UnknownJob, which says what would allow it."""
        try:
            return self._jobs[name]
        except KeyError:
            raise self._unknown(name) from None

    def __contains__(self, name: str) -> bool:
        """Whether it means something, as far as that is known before the modules are loaded."""
        return name in self._jobs or name in self._names

    @property
    def jobs(self) -> Mapping[str, type]:
        """Every name that can be found, with its class."""
        return MappingProxyType(self._jobs)

    def _adopt(self, index: "_Index", mistakes: Sequence[str], source: str) -> None:
        if mistakes:
            raise ConfigError(source, mistakes)
        self._jobs, self._ambiguous = index.every_name(), index.ambiguous()
        if any(jobhooks.of(job_class).asynchronous for job_class in self._jobs.values()):
            from resqued import eventloop  # noqa: F401, PLC0415  once here, or every job imports asyncio for itself
        self.loaded = True

    def _add_alias(self, index: "_Index", name: str, target: str) -> None:
        module_name, _, path = target.partition(":")
        module = self._application.modules.get(module_name)
        if not (module_name and path):
            wrong = f'expected "module:Class", got "{target}"'
        elif not self._application.allows(module_name):
            wrong = f'module {module_name} is not allowed: add "{module_name}" to jobs.modules'
        elif module is None and self._application.broke(module_name):
            return  # which is mistake enough
        elif module is None:
            wrong = f"there is no module {module_name}"
        elif jobclass.is_class(found := jobclass.found_at(path, module)) and found in index.classes:
            index.add(name, found)
            return
        else:
            wrong = self._why_no_job(path, module)
        index.mistakes.append(f'jobs.names."{name}": {wrong}')

    def _unknown(self, name: str) -> UnknownJob:
        if not self.loaded:
            raise RuntimeError("the registry has to be loaded before it knows a job")
        shown = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
        return UnknownJob(f"job {shown!r} {self._why_unknown(name)}")

    def _why_unknown(self, name: str) -> str:
        if candidates := self._ambiguous.get(name):
            return f"may be {_listed(candidates, 'or')}: name its module, too, or say in [jobs.names] which one it is"
        if self._given:
            return f"is none of this worker's jobs ({_listed(self._jobs)})"
        if len(name) <= LONGEST_NAME and (found := self._module_of(name)):
            module, path = found
            return f"is not allowed: {self._why_no_job(path, module)} ([jobs] modules and [jobs.names] say what is)"
        return (
            f"is in none of the modules that may be named ({_listed(self._application.patterns)}): "
            "add its module to [jobs] modules, or say in [jobs.names] which class it means"
        )

    def _module_of(self, name: str) -> tuple[ModuleType, str] | None:
        """The longest allowed module that `name` begins with, and the rest of the name."""
        module_name, dot, path = name.rpartition(".")
        while dot:
            if module := self._application.modules.get(module_name):
                return module, path
            module_name, dot, last = module_name.rpartition(".")
            path = f"{last}.{path}"
        return None

    def _why_no_job(self, path: str, module: ModuleType) -> str:
        place = f"{module.__name__}.{path}"
        found = jobclass.found_at(path, module)
        if found is None:
            return f"there is no {place}"
        if not jobclass.is_job(found):
            return f"{place} {_lack(found)}"
        if found.__module__ == module.__name__:
            return f"{place} is none of the jobs that the module had when it was loaded"
        if found.__module__ in self._application.modules:
            return f"{place} is defined in {found.__module__}: its name is {full_name(found)}"
        return f"{place} is defined in {found.__module__}: add {found.__module__} to [jobs] modules"


class _Index:
    """Names and classes while they are collected, with the mistakes that show only when they are together."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self.classes: dict[type, str] = {}  # with the place where each was found
        self._meanings: dict[str, type] = {}
        self._bare: dict[str, list[type]] = {}

    def add_module(self, module: ModuleType) -> None:
        try:
            for path, job_class in jobclass.defined_in(module).items():
                self.add_class(job_class, path)
        except Exception as error:  # noqa: BLE001  a property or metaclass of the application that fails when looked at
            self.mistakes.append(f"jobs.modules: cannot look into {module.__name__}: {failure.account_of(error)}")

    def add_class(self, job_class: type, path: str | None = None) -> None:
        path = path or job_class.__qualname__
        place = self.classes.setdefault(job_class, f"{job_class.__module__}.{path}")
        if not jobclass.is_job(job_class):
            self.mistakes.append(f"{place} has no perform")
            return
        jobhooks.of(job_class)  # found before there is a fork, or every job would search for itself
        self._check_own_name(job_class)
        self._check_queue(job_class)
        self._check_keywords(job_class)
        self._check_locks(job_class)
        self._check_limits(job_class)
        self.add(f"{job_class.__module__}.{path}", job_class)
        self.add(jobclass.name_of(job_class), job_class)
        self._bare.setdefault(path, []).append(job_class)

    def _check_queue(self, job_class: type) -> None:
        stated = getattr(job_class, "queue", None)  # what is no text may be another thing of that name
        if isinstance(stated, str) and stated and (why := unspeakable(stated)):
            self.mistakes.append(f"{self.classes[job_class]}.queue: {stated!r} {why}")

    def _check_keywords(self, job_class: type) -> None:
        stated = getattr(job_class, "resque_keywords", False)
        if not isinstance(stated, bool):
            self.mistakes.append(f"{self.classes[job_class]}.resque_keywords: expected True or False, got {stated!r}")

    def _check_locks(self, job_class: type) -> None:
        if not (stated := jobhooks.of(job_class).locks):
            return
        from resqued.rubylocks import PLUGINS  # noqa: PLC0415  with what it needs it is for those who have locks

        wrong = [one for one in stated if one not in PLUGINS]
        if wrong:
            known = ", ".join(f'"{plugin}"' for plugin in PLUGINS)
            self.mistakes.append(f"{self.classes[job_class]}.resque_locks: expected some of {known}, got {wrong[0]!r}")

    def _check_limits(self, job_class: type) -> None:
        place = self.classes[job_class]
        wrong = [f"{place}.{why}" for why in joblimits.mistakes(job_class)]
        if not wrong and joblimits.of(job_class).memory and not memory.can_be_watched():  # which finds them, as above
            wrong = [f"{place}.memory: {memory.UNWATCHED}"]
        self.mistakes += wrong

    def add(self, name: str, job_class: type) -> None:
        other = self._meanings.setdefault(name, job_class)
        if other is not job_class:
            both = f"{self.classes[other]} and {self.classes[job_class]}"
            self.mistakes.append(f'"{name}" means both {both}: rename one, or give each a resque_name')

    def every_name(self) -> dict[str, type]:
        unique = {bare: classes[0] for bare, classes in self._bare.items() if len(classes) == 1}
        return unique | self._meanings

    def ambiguous(self) -> dict[str, list[str]]:
        """Bare names that mean nothing because several classes have them, with those classes' places."""
        return {
            bare: [self.classes[each] for each in classes] for bare, classes in self._bare.items() if len(classes) > 1
        }

    def _check_own_name(self, job_class: type) -> None:
        own = jobclass.own_name(job_class)
        if own is not None and not (isinstance(own, str) and own):
            self.mistakes.append(f"{self.classes[job_class]}.resque_name: expected a name, got {own!r}")


def _lack(found: object) -> str:
    """What keeps a thing from being a job."""
    if jobclass.is_class(found):
        return "has no perform"
    return "is a function without @resqued.job" if isinstance(found, FunctionType) else "is not a class"


def _mistakes_of_hooks() -> Iterator[str]:
    for hook in hooks.registered["after_load"]:
        try:
            hook()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  the application's own code: sys.exit, too
            yield f"jobs.modules: an after_load hook failed: {failure.account_of(error)}"


def _listed(names: Iterable[str], conjunction: str = "") -> str:
    """Up to ten names in a sentence: `a, b, …` or, with a conjunction, `a, b or c`."""
    shown = list(dict.fromkeys(names))
    if len(shown) > MOST_NAMES:
        shown[MOST_NAMES:] = ["…"]
    if conjunction and len(shown) > 1:
        shown[-2:] = [f"{shown[-2]} {conjunction} {shown[-1]}"]
    return ", ".join(shown) or "none"

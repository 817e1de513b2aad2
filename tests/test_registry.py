"""Which code may run: names of payloads, and what the application has to be for them to mean anything."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from resqued import hooks
from resqued.errors import ConfigError, UnknownJob
from resqued.jobclass import name_of
from resqued.registry import Registry

ECHO = """
    class Echo:
        @staticmethod
        def perform(text): ...
"""


class Application:
    """Modules written to a directory, and forgotten by this process after the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str = ECHO) -> Path:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def registry(self, *modules: str, **names: str) -> Registry:
        return Registry(modules, names, path=[str(self.directory)])

    def loaded(self, *modules: str, names: Mapping[str, str] | None = None) -> Registry:
        registry = Registry(modules, names or {}, path=[str(self.directory)])
        registry.load()
        return registry

    def mistakes(self, *modules: str, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            self.loaded(*modules, names=names)
        return caught.value.mistakes


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    before = set(sys.modules)
    yield Application(tmp_path)
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"app", "lib", "other"}:
            del sys.modules[name]


def refusal(registry: Registry, name: str) -> str:
    with pytest.raises(UnknownJob) as caught:
        registry.find(name)
    return str(caught.value)


# What may run


def test_a_job_is_found_by_module_and_class(app: Application) -> None:
    app.write("app/jobs.py")

    assert name_of(app.loaded("app.jobs").find("app.jobs.Echo")) == "app.jobs.Echo"


def test_a_nested_job_is_found_by_its_whole_path(app: Application) -> None:
    app.write("app.py", "class Outer:\n class Inner:\n  def perform(self): ...")
    found = app.loaded("app").find("app.Outer.Inner")

    assert found.__qualname__ == "Outer.Inner"


def test_an_inherited_perform_is_one(app: Application) -> None:
    app.write("lib.py")
    app.write("app.py", "import lib\nclass Loud(lib.Echo): ...")

    assert app.loaded("app").find("app.Loud").__name__ == "Loud"


def test_a_second_name_in_the_module_is_found_so_that_a_job_can_be_renamed(app: Application) -> None:
    app.write("app.py", "class Echo:\n def perform(self): ...\nOldEcho = Echo")
    registry = app.loaded("app")

    assert registry.find("app.OldEcho") is registry.find("app.Echo")


def test_a_star_takes_the_package_and_all_its_submodules(app: Application) -> None:
    for file in ("app/jobs/__init__.py", "app/jobs/mail.py", "app/jobs/deep/down.py"):
        app.write(file)
    app.write("app/jobs/deep/__init__.py", "")
    registry = app.loaded("app.jobs.*")

    assert set(registry.jobs) == {"app.jobs.Echo", "app.jobs.mail.Echo", "app.jobs.deep.down.Echo"}


def test_a_star_does_not_run_programs(app: Application) -> None:
    app.write("app/__init__.py")
    app.write("app/__main__.py", "raise SystemExit('this is a program')")

    assert app.loaded("app.*").find("app.Echo").__name__ == "Echo"


def test_the_directories_of_path_come_first_in_their_order(app: Application, tmp_path: Path) -> None:
    directories = [str(tmp_path / name) for name in ("second", "first")]
    for directory in directories:
        Path(directory).mkdir()
    sys.path.append(directories[1])
    Registry([], {}, path=directories).load()

    assert sys.path[:2] == directories
    assert sys.path.count(directories[1]) == 1


def test_loading_again_keeps_what_was_found(app: Application) -> None:
    app.write("app.py")
    registry = app.loaded("app")
    found = registry.find("app.Echo")
    registry.load()

    assert registry.find("app.Echo") is found


# Short names and aliases


def test_a_bare_class_is_found_if_one_module_defines_it(app: Application) -> None:
    app.write("app.py")

    assert app.loaded("app").find("Echo").__module__ == "app"


def test_a_bare_class_of_two_modules_is_refused_with_the_candidates(app: Application) -> None:
    app.write("app/one.py")
    app.write("app/two.py")

    assert "may be app.one.Echo or app.two.Echo" in refusal(app.loaded("app.one", "app.two"), "Echo")


def test_an_alias_of_the_configuration_is_found(app: Application) -> None:
    app.write("app.py")

    assert app.loaded("app", names={"MyTask::Echo": "app:Echo"}).find("MyTask::Echo").__name__ == "Echo"


def test_an_alias_may_lead_to_a_nested_class(app: Application) -> None:
    app.write("app.py", "class Outer:\n class Inner:\n  def perform(self): ...")

    assert app.loaded("app", names={"In": "app:Outer.Inner"}).find("In").__name__ == "Inner"


def test_an_alias_may_lead_through_a_re_export_of_an_allowed_module(app: Application) -> None:
    app.write("app/__init__.py", "from app.jobs import Echo")
    app.write("app/jobs.py")

    assert app.loaded("app.*", names={"E": "app:Echo"}).find("E").__module__ == "app.jobs"


def test_an_alias_decides_what_an_ambiguous_bare_class_means(app: Application) -> None:
    app.write("app/one.py")
    app.write("app/two.py")
    registry = app.loaded("app.one", "app.two", names={"Echo": "app.two:Echo"})

    assert registry.find("Echo").__module__ == "app.two"


def test_an_alias_comes_before_a_bare_class(app: Application) -> None:
    app.write("app.py", "class Echo:\n def perform(self): ...\nclass Loud(Echo): ...")

    assert app.loaded("app", names={"Echo": "app:Loud"}).find("Echo").__name__ == "Loud"


def test_a_resque_name_is_found_and_is_what_the_class_is_called(app: Application) -> None:
    app.write("app.py", "class Echo:\n resque_name = 'MyTask::Echo'\n def perform(self): ...")
    found = app.loaded("app").find("MyTask::Echo")

    assert name_of(found) == "MyTask::Echo"


def test_a_resque_name_is_not_inherited(app: Application) -> None:
    app.write("app.py", "class Echo:\n resque_name = 'E'\n def perform(self): ...\nclass Loud(Echo): ...")
    registry = app.loaded("app")

    assert [registry.find("E").__name__, name_of(registry.find("Loud"))] == ["Echo", "app.Loud"]


# What may not


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.eval", "MyTask::Echo", "", ".", "é\ud800"])
def test_what_is_in_no_allowed_module_is_refused_with_the_settings_that_would_allow_it(
    app: Application, name: str
) -> None:
    app.write("app.py")
    reason = refusal(app.loaded("app"), name)

    assert "(app)" in reason
    assert "[jobs] modules" in reason
    assert "[jobs.names]" in reason


def test_a_class_that_an_allowed_module_only_imports_is_refused_with_the_module_to_add(app: Application) -> None:
    app.write("lib.py")
    app.write("app.py", "from lib import Echo")

    assert "app.Echo is defined in lib: add lib to [jobs] modules" in refusal(app.loaded("app"), "app.Echo")


def test_a_class_imported_from_an_allowed_module_is_refused_with_its_name(app: Application) -> None:
    app.write("app/__init__.py", "from app.jobs import Echo")
    app.write("app/jobs.py")

    assert "its name is app.jobs.Echo" in refusal(app.loaded("app.*"), "app.Echo")


@pytest.mark.parametrize("name", ["os.system", "app.os.system", "app.subprocess.Popen", "app.os", "app.Echo.perform"])
def test_what_an_allowed_module_imports_cannot_be_named_through_it(app: Application, name: str) -> None:
    app.write("app.py", f"import os, subprocess\n{dedent(ECHO)}")

    assert f"job {name!r} is " in refusal(app.loaded("app"), name)


def test_a_class_without_perform_is_refused_with_the_reason(app: Application) -> None:
    app.write("app.py", "class Settings: ...")

    assert "app.Settings has no perform" in refusal(app.loaded("app"), "app.Settings")


def test_a_perform_that_cannot_be_called_is_none(app: Application) -> None:
    app.write("app.py", "class Echo:\n perform = None")

    assert "app.Echo has no perform" in refusal(app.loaded("app"), "app.Echo")


def test_a_function_is_not_a_job(app: Application) -> None:
    app.write("app.py", "def echo(): ...\necho.perform = echo")

    assert "app.echo is a function without @resqued.job" in refusal(app.loaded("app"), "app.echo")


def test_a_name_never_imports_a_module(app: Application) -> None:
    app.write("app/__init__.py", "")
    app.write("app/hidden.py")
    registry = app.loaded("app")
    refusal(registry, "app.hidden.Echo")

    assert "app.hidden" not in sys.modules


def test_a_name_never_runs_the_getattr_of_a_module(app: Application) -> None:
    app.write("app.py", "asked = []\ndef __getattr__(name):\n asked.append(name)\n raise AttributeError")
    registry = app.loaded("app")
    asked_at_load = len(sys.modules["app"].asked)
    refusal(registry, "app.Echo")

    assert len(sys.modules["app"].asked) == asked_at_load


def test_a_name_of_a_megabyte_is_refused_in_a_line(app: Application) -> None:
    app.write("app.py")

    assert len(refusal(app.loaded("app"), "a." * 500_000)) < 1000


def test_where_no_module_is_allowed_everything_is_refused_with_the_setting() -> None:
    registry = Registry([], {})
    registry.load()

    assert "may be named (none): add its module to [jobs] modules" in refusal(registry, "os.system")


def test_a_registry_that_is_not_loaded_knows_nothing_and_says_so(app: Application) -> None:
    with pytest.raises(RuntimeError, match="has to be loaded"):
        app.registry("app").find("app.Echo")


# Mistakes


def test_all_mistakes_are_reported_at_once(app: Application) -> None:
    app.write("app/good.py")
    app.write("app/broken.py", "\n\n1 / 0")
    names = {"A": "app.good:Missing", "B": "lib:Echo", "C": "app.good.Echo"}
    found = app.mistakes("app.good", "app.broken", "app.absent", names=names)

    assert len(found) == 5


def test_a_module_that_fails_is_told_with_its_exception_and_place(app: Application) -> None:
    file = app.write("app.py", "\n\n1 / 0")

    assert app.mistakes("app") == (f"jobs.modules: cannot import app: ZeroDivisionError: division by zero ({file}:3)",)


def test_the_place_of_a_failure_is_that_in_the_application_not_in_a_library(app: Application) -> None:
    file = app.write("app.py", "import json\njson.loads('{')")
    (mistake,) = app.mistakes("app")

    assert mistake.endswith(f"({file}:2)")


def test_the_place_of_a_failure_may_be_in_a_module_that_the_application_imports(app: Application) -> None:
    file = app.write("lib.py", "\nraise ValueError('no')")
    app.write("app.py", "import lib")
    (mistake,) = app.mistakes("app")

    assert mistake.endswith(f"ValueError: no ({file}:2)")


def test_the_place_of_a_syntax_error_is_where_it_is(app: Application) -> None:
    file = app.write("lib.py", "\n\nclass :")
    app.write("app.py", "import lib")
    (mistake,) = app.mistakes("app")

    assert mistake.endswith(f"({file}:3)")


def test_a_module_that_is_not_there_makes_one_think_of_the_path(app: Application) -> None:
    (mistake,) = app.mistakes("app")

    assert "No module named 'app'" in mistake
    assert "jobs.path" in mistake


def test_a_missing_module_that_the_application_imports_is_told_with_the_place(app: Application) -> None:
    file = app.write("app.py", "import lib")
    (mistake,) = app.mistakes("app")

    assert mistake.endswith(f"No module named 'lib' ({file}:1)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys; sys.exit(3)", "SystemExit: sys.exit(3)"),
        ("import sys; sys.exit('no database')", "SystemExit: sys.exit('no database')"),
        ("raise BaseException('no')", "BaseException: no"),
        ("raise GeneratorExit", "GeneratorExit"),
    ],
)
def test_a_module_that_wants_to_end_the_process_is_a_mistake_like_any_other(
    app: Application, text: str, told: str
) -> None:
    file = app.write("app.py", text)

    assert app.mistakes("app") == (f"jobs.modules: cannot import app: {told} ({file}:1)",)


def test_an_operator_may_interrupt_an_import(app: Application) -> None:
    app.write("app.py", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        app.registry("app").load()


@pytest.mark.parametrize("module", ["", ".app", "app..jobs", "*", "app.*.jobs", "app/jobs", "app jobs"])
def test_what_cannot_be_a_module_is_a_mistake(app: Application, module: str) -> None:
    app.write("app.py")

    assert len(app.mistakes(module)) == 1


def test_a_star_after_a_plain_module_is_a_mistake(app: Application) -> None:
    app.write("app.py")

    assert app.mistakes("app.*") == ('jobs.modules: app is no package: write "app"',)


def test_every_broken_submodule_is_told(app: Application) -> None:
    app.write("app/__init__.py", "")
    for name in ("one", "two"):
        app.write(f"app/{name}.py", "1 / 0")

    assert [mistake.split(":")[1] for mistake in app.mistakes("app.*")] == [
        " cannot import app.one",
        " cannot import app.two",
    ]


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("app.Echo", 'expected "module:Class", got "app.Echo"'),
        ("app:", 'expected "module:Class", got "app:"'),
        ("os:system", 'module os is not allowed: add "os" to jobs.modules'),
        ("app:Ecko", "there is no app.Ecko"),
        ("app:Settings", "app.Settings has no perform"),
        ("app:number", "app.number is not a class"),
        ("app:Path", "app.Path has no perform"),
        ("app:Elsewhere", "app.Elsewhere is defined in lib: add lib to [jobs] modules"),
    ],
)
def test_an_alias_that_leads_nowhere_is_a_mistake(app: Application, target: str, wrong: str) -> None:
    app.write("lib.py", "class Elsewhere:\n def perform(self): ...")
    app.write("app.py", "from pathlib import Path\nfrom lib import Elsewhere\nclass Settings: ...\nnumber = 5")

    assert app.mistakes("app", names={"MyTask::Echo": target}) == (f'jobs.names."MyTask::Echo": {wrong}',)


def test_an_alias_into_a_package_that_lacks_the_module_is_a_mistake(app: Application) -> None:
    app.write("app/__init__.py", "")

    assert app.mistakes("app.*", names={"E": "app.mial:Echo"}) == ('jobs.names."E": there is no module app.mial',)


@pytest.mark.parametrize("target", ["app:Echo", "app.mail:Echo"])
def test_an_alias_into_a_module_that_does_not_import_is_no_mistake_of_its_own(app: Application, target: str) -> None:
    app.write("app/__init__.py", "1 / 0")

    assert len(app.mistakes("app.*", names={"E": target})) == 1


def test_two_classes_with_one_resque_name_are_a_mistake(app: Application) -> None:
    named = "class {}:\n resque_name = 'Echo'\n def perform(self): ...\n"
    app.write("app.py", named.format("A") + named.format("B"))
    (mistake,) = app.mistakes("app")

    assert '"Echo" means both app.A and app.B' in mistake


def test_an_alias_that_is_the_name_of_another_job_is_a_mistake(app: Application) -> None:
    app.write("app.py", "class A:\n def perform(self): ...\nclass B(A): ...")
    (mistake,) = app.mistakes("app", names={"app.A": "app:B"})

    assert '"app.A" means both app.A and app.B' in mistake


def test_an_alias_that_repeats_a_resque_name_is_fine(app: Application) -> None:
    app.write("app.py", "class A:\n resque_name = 'Echo'\n def perform(self): ...")

    assert app.loaded("app", names={"Echo": "app:A"}).find("Echo").__name__ == "A"


def test_keywords_that_are_neither_wanted_nor_not_are_a_mistake(app: Application) -> None:
    app.write("app.py", "class A:\n resque_keywords = 'yes'\n def perform(self): ...")

    assert app.mistakes("app") == ("app.A.resque_keywords: expected True or False, got 'yes'",)


def test_locks_of_a_plugin_that_nobody_knows_are_a_mistake(app: Application) -> None:
    app.write("app.py", "class A:\n resque_locks = ['resque-lock', 'lock']\n def perform(self): ...")

    assert app.mistakes("app") == (
        'app.A.resque_locks: expected some of "resque-lock", "resque-loner", "resque-retry", got \'lock\'',
    )


def test_a_resque_name_that_is_no_name_is_a_mistake(app: Application) -> None:
    app.write("app.py", "class A:\n resque_name = 5\n def perform(self): ...")

    assert app.mistakes("app") == ("app.A.resque_name: expected a name, got 5",)


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n queue = 'a b'\n def perform(self): ...",
        "import resqued\n@resqued.job(queue='a b')\ndef A(): ...",
    ],
    ids=["of a class", "of a function"],
)
def test_a_queue_that_no_job_can_be_put_on_is_a_mistake(app: Application, text: str) -> None:
    app.write("app.py", text)

    assert app.mistakes("app") == (
        "app.A.queue: 'a b' contains ' ', which cuts or breaks worker ids for other Resque clients",
    )


def test_a_queue_that_is_not_stated_or_no_text_is_none(app: Application) -> None:
    app.write("app.py", "class A:\n queue = ''\n def perform(self): ...\nclass B(A):\n def queue(self): ...")

    assert app.loaded("app").find("B").__name__ == "B"


def test_classes_of_one_factory_that_could_not_be_told_apart_are_a_mistake(app: Application) -> None:
    factory = "def make():\n class Job:\n  def perform(self): ...\n return Job\n"
    app.write("app.py", f"{factory}A = make()\nB = make()")
    (mistake,) = app.mistakes("app")

    assert "means both app.A and app.B" in mistake


@pytest.mark.parametrize("attribute", ["perform", "on_failure_x"])
def test_a_class_that_fails_when_looked_at_is_a_mistake(app: Application, attribute: str) -> None:
    file = app.write(
        "app.py",
        f"""
        class Broken:
            def __get__(self, instance, owner):
                raise RuntimeError("not yet")

        class Job:
            def perform(self): ...
            {attribute} = Broken()
        """,
    )

    assert app.mistakes("app") == (f"jobs.modules: cannot look into app: RuntimeError: not yet ({file}:4)",)


def test_a_lazy_proxy_in_a_module_is_not_woken(app: Application) -> None:
    app.write(
        "app.py",
        """
        class Proxy:
            @property
            def __class__(self):
                raise RuntimeError("no application context")

        settings = Proxy()
        """,
    )

    assert app.loaded("app").jobs == {}


def test_a_directory_that_is_not_there_is_a_mistake(app: Application, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"jobs.path: there is no '{tmp_path}/gone'"):
        Registry([], {}, path=[f"{tmp_path}/gone"]).load()


def test_mistakes_name_their_source(app: Application) -> None:
    with pytest.raises(ConfigError, match=r"^/etc/resqued.toml: jobs.modules: cannot import app"):
        app.registry("app").load(source="/etc/resqued.toml")


def test_a_registry_with_mistakes_is_not_loaded(app: Application) -> None:
    registry = app.registry("app")
    with pytest.raises(ConfigError):
        registry.load()

    assert not registry.loaded


def test_loading_prepares_what_jobs_would_otherwise_each_load(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.write("app.py", "class Echo:\n async def perform(self): ...")
    monkeypatch.delitem(sys.modules, "resqued.eventloop", raising=False)
    monkeypatch.delattr("resqued.eventloop", raising=False)
    app.loaded("app")

    assert "resqued.eventloop" in sys.modules


# A worker that is told its jobs


class Echo:
    @staticmethod
    def perform() -> None: ...


def in_a_script(name: str) -> type:
    return type(name, (), {"__module__": "__main__", "perform": lambda _self: None})


def test_given_classes_are_found_by_full_and_by_bare_name() -> None:
    registry = Registry.of(Echo)

    assert [registry.find(name) for name in (f"{__name__}.Echo", "Echo")] == [Echo, Echo]
    assert registry.loaded


def test_a_class_of_the_script_goes_by_its_bare_name() -> None:
    job = in_a_script("Greet")

    assert Registry.of(job).find("Greet") is job
    assert name_of(job) == "Greet"


def test_a_class_of_the_script_comes_before_an_imported_one_of_the_same_name() -> None:
    job = in_a_script("Echo")

    assert Registry.of(Echo, job).find("Echo") is job


def test_given_classes_may_have_names_for_other_languages() -> None:
    assert Registry.of(names={"MyTask::Echo": Echo}).find("MyTask::Echo") is Echo


def test_a_given_class_without_perform_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="int has no perform"):
        Registry.of(int)


def test_an_unknown_job_of_given_classes_is_refused_with_those() -> None:
    assert "is none of this worker's jobs" in (reason := refusal(Registry.of(Echo), "os.system"))
    assert "Echo" in reason


# What is around the modules


def test_a_framework_is_set_up_first_and_may_know_of_modules(app: Application) -> None:
    app.write("app.py")
    app.write("lib.py")
    known = Registry(
        ["app"], {"Ruby::Echo": "lib:Echo"}, path=[str(app.directory)], framework=lambda: (["lib", "app"], [])
    )
    known.load()

    assert set(known.jobs) == {"app.Echo", "lib.Echo", "Ruby::Echo"}
    assert "none of the modules that may be named (app, lib)" in refusal(known, "Gone")


def test_a_framework_that_cannot_be_set_up_is_a_mistake_without_the_modules_that_need_it(app: Application) -> None:
    registry = Registry(["app"], {}, framework=lambda: ([], ["jobs.django: not today"]))
    with pytest.raises(ConfigError) as caught:
        registry.load()

    assert caught.value.mistakes == ("jobs.django: not today",)


@pytest.fixture
def after_load(monkeypatch: pytest.MonkeyPatch) -> list[Callable[..., object]]:
    monkeypatch.setitem(hooks.registered, "after_load", [])
    return hooks.registered["after_load"]


def test_after_load_hooks_run_when_everything_has_been_imported(app: Application, after_load: list[object]) -> None:
    hook = "import sys\nfrom resqued import hooks\nhooks.after_load(lambda: sys.modules['app'].SAID.append('other'))"
    app.write("app.py", f"{hook}\nSAID = []")
    app.write("other.py", "import app\napp.SAID.append('imported')")
    app.loaded("app", "other")

    assert sys.modules["app"].SAID == ["imported", "other"]


@pytest.mark.parametrize("error", [OSError("no database"), SystemExit(3)])
def test_an_after_load_hook_that_fails_is_a_mistake(
    app: Application, after_load: list[object], error: BaseException
) -> None:
    def fail() -> None:
        raise error

    hooks.after_load(fail)
    app.write("app.py")
    (mistake,) = app.mistakes("app")

    assert mistake.startswith(f"jobs.modules: an after_load hook failed: {type(error).__name__}: ")
    assert mistake.endswith(f" ({__file__}:{fail.__code__.co_firstlineno + 1})")

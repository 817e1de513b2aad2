"""Where Redis is, and in which namespace, as variables say it. Resque itself reads none of them: initializers do."""

from collections.abc import Iterator
from urllib.parse import quote

from resqued import address
from resqued.cli.translation.meaning import Meaning, Mistake, Remark, Setting, Variables
from resqued.errors import AddressError

BACKEND, DATABASE = "REDIS_BACKEND", "REDIS_BACKEND_DB"  # of php-resque
URLS = ("RESQUE_REDIS_URL", "RESQUE_REDIS", "REDIS_URL", BACKEND, "REDISTOGO_URL", "REDISCLOUD_URL")
HOSTS = ("RESQUE_HOST", "REDIS_HOST")
PARTS = tuple(f"{family}_{part}" for family in ("RESQUE", "REDIS") for part in ("PORT", "DB", "PASSWORD"))
SECRET = "holds a password: let only resqued read this file, or move it into a password_file"  # noqa: S105  it is none
NAMESPACES = ("RESQUE_NAMESPACE", "REDIS_NAMESPACE", "PREFIX")


def is_said(variables: Variables) -> bool:
    return any(variables.get(name) for name in ("REDIS_PROVIDER", *URLS, *HOSTS))


def redis(variables: Variables) -> Iterator[Meaning]:
    provider = variables.get("REDIS_PROVIDER", "")
    if provider:
        yield Remark("REDIS_PROVIDER", f"says that {provider} has the address")
    if provider and provider not in variables:
        yield Mistake("REDIS_PROVIDER", f"names {provider}, which is not set")
        return
    first, *others = [name for name in (provider, *URLS, *HOSTS) if variables.get(name)] or [""]
    if first:
        yield from _server(first, variables)
    parts = [part for part in (*PARTS, DATABASE) if part in variables and not _belongs(part, first)]
    why = f"{first} goes first" if first else "is empty, or says nothing without a host"
    yield from (Remark(other, why) for other in dict.fromkeys((*others, *parts)) if other != first)


def _belongs(part: str, name: str) -> bool:
    """Whether `part` says more about the server that `name` names."""
    return name == BACKEND if part == DATABASE else name in HOSTS and _family(part) == _family(name)


def _family(name: str) -> str:
    return name.partition("_")[0]


def _server(name: str, variables: Variables) -> Iterator[Meaning]:
    url, namespace = _address(name, variables)
    try:
        server = address.parse(url)
    except AddressError as error:
        yield Mistake(name, str(error))
        return
    yield Setting("redis", "url", url, name, SECRET if server.password else "")
    if namespace:
        yield Setting("redis", "namespace", namespace, name)


def _address(name: str, variables: Variables) -> tuple[str, str]:
    """A URL and a namespace, out of whatever `Resque.redis=` takes: a URL, host:port:db, host:port/namespace."""
    text = variables[name]
    if "://" in text:
        return text, ""
    server, _, namespace = text.partition("/")
    host, port, database, *_ = (*server.split(":"), "", "")
    family = _family(name)
    password = variables.get(f"{family}_PASSWORD", "") if name in HOSTS else ""
    if name in HOSTS:
        port, database = port or variables.get(f"{family}_PORT", ""), variables.get(f"{family}_DB", database)
    elif name == BACKEND:
        database = database or variables.get(DATABASE, "")
    login = f":{quote(password, safe='')}@" if password else ""
    return f"redis://{login}{host}:{port or 6379}/{database or 0}", namespace


def namespace(variables: Variables) -> Iterator[Meaning]:
    name, *others = (name for name in NAMESPACES if name in variables)
    yield from (Remark(other, f"{name} goes first") for other in others)
    if "/" in variables[name] or not variables[name]:
        yield Remark(name, "is no namespace, by the look of it")
    else:
        yield Setting("redis", "namespace", variables[name].removesuffix(":"), name)

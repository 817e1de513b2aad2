"""The two commands."""

from resqued import atfork  # noqa: F401  before anything of ours can import `threading`

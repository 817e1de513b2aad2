"""The application to be installed in a project."""

from collections.abc import Mapping

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from resqued import address, destination
from resqued.errors import AddressError
from resqued.protocol.keys import DEFAULT_NAMESPACE

DEFAULTS = {"redis": "127.0.0.1:6379", "namespace": DEFAULT_NAMESPACE}


class Resqued(AppConfig):
    """Has no models; knows where jobs go."""

    name = "resqued.contrib.django"
    label = "resqued"

    def ready(self) -> None:
        """Nothing is connected, and no client made, before there is something to enqueue."""
        stated = getattr(settings, "RESQUED", None)
        if stated is not None:
            destination.state(_place(stated))


def _place(stated: object) -> destination.Place:
    if not isinstance(stated, Mapping):
        kind = type(stated).__name__  # not what it says: that may be a URL with a password
        raise ImproperlyConfigured(f"RESQUED: expected a dict with {' and '.join(DEFAULTS)}, got a {kind}")
    if unknown := [repr(key) for key in stated if key not in DEFAULTS]:
        raise ImproperlyConfigured(f"RESQUED: unknown: {', '.join(unknown)}; known: {', '.join(DEFAULTS)}")
    if wrong := [key for key, value in stated.items() if not isinstance(value, str)]:
        raise ImproperlyConfigured(f"RESQUED: expected text, got something else: {', '.join(wrong)}")
    wanted = {**DEFAULTS, **stated}
    try:
        return destination.Place(address.parse(wanted["redis"]), wanted["namespace"])
    except AddressError as error:
        raise ImproperlyConfigured(f"RESQUED['redis']: {error}") from None

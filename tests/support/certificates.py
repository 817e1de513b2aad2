"""A private certificate authority, made with the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificates:
    """What `openssl` made in a directory: an authority, and a certificate of its own for a server and for a client."""

    directory: Path

    @property
    def authority(self) -> Path:
        return self.directory / "authority.crt"

    def certificate(self, name: str) -> Path:
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.directory / f"{name}.key"


def make(directory: Path) -> Certificates:
    """An authority, which vouches for a `server` that is 127.0.0.1, and for a `client`."""
    made = Certificates(directory)
    signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")  # Python 3.13 wants to read it
    _openssl("req", "-x509", *EC, *signs, "-subj", "/CN=resqued tests", *_files(made, "authority"))
    for name, alternative in (("server", "IP:127.0.0.1"), ("client", "DNS:client")):
        vouched = ("-CA", str(made.authority), "-CAkey", str(made.key("authority")))
        extensions = ("-addext", f"subjectAltName={alternative}", "-addext", "basicConstraints=CA:FALSE")
        _openssl("req", "-x509", *EC, *vouched, "-subj", f"/CN={name}", *extensions, *_files(made, name))
    return made


def redis_options(papers: Certificates) -> tuple[str, ...]:
    """For a redis-server that is the `server`, and wants to see a certificate of its clients."""
    return (
        *("--tls-ca-cert-file", str(papers.authority)),
        *("--tls-cert-file", str(papers.certificate("server"))),
        *("--tls-key-file", str(papers.key("server"))),
    )


def _files(made: Certificates, name: str) -> tuple[str, ...]:
    return "-out", str(made.certificate(name)), "-keyout", str(made.key(name)), "-days", "2"


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)

"""What the embedded AWS needs to know about the machine it runs on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from embedded_aws.errors import NotInstalledError

_PIP = "INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS TRUSTED_HOST CERT PROXY"
_PIP += " TIMEOUT DEFAULT_TIMEOUT RETRIES"
_UV = "INDEX DEFAULT_INDEX INDEX_URL EXTRA_INDEX_URL INDEX_STRATEGY NO_INDEX FIND_LINKS"
_UV += " INSECURE_HOST NATIVE_TLS SYSTEM_CERTS HTTP_TIMEOUT REQUEST_TIMEOUT HTTP_CONNECT_TIMEOUT"
_UV += " HTTP_RETRIES"
_NPM = "registry ca cafile proxy https_proxy noproxy"
_NPM += " fetch_timeout fetch_retries fetch_retry_mintimeout fetch_retry_maxtimeout"
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_PACKAGE_MANAGERS = frozenset(
    {f"PIP_{name}" for name in _PIP.split()}
    | {f"UV_{name}" for name in _UV.split()}
    | {f"npm_config_{name}" for name in _NPM.split()}
    | _PROXIES
    | {"NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
"""Where registries are, whom to trust there, how long to wait. Nothing that holds a credential
for publishing, and nothing that changes what an installation does."""

_LOCAL = ("127.0.0.1", "localhost")


def package_managers() -> dict[str, str]:
    """The settings with which pip, uv and npm reach their registries from this machine.

    Builds need them; nothing else of the developer's environment is passed on. Each has one
    spelling, also where tools take several. The emulator is never behind a proxy.
    """
    found = {_spelling(name): value for name, value in sorted(os.environ.items()) if value}
    settings = {name: value for name, value in found.items() if name in _PACKAGE_MANAGERS}
    if _PROXIES & settings.keys():
        settings["NO_PROXY"] = _with_local(settings.get("NO_PROXY", ""))
    return settings


def _spelling(name: str) -> str:
    """npm's settings in its lower case, proxies in upper case: tools ignore the difference.

    Where both are set the lower-case one, which sorts last, wins, as for curl and Python.
    """
    if name.lower().startswith("npm_config_"):
        return name.lower().replace("-", "_")
    return name.upper() if re.fullmatch(r"(https?|all|no)_proxy", name) else name


def _with_local(hosts: str) -> str:
    """`hosts` of NO_PROXY and this machine; `*`, which must stand alone, means all anyway."""
    listed = [host.strip() for host in hosts.split(",") if host.strip()]
    if "*" in listed:
        return "*"
    return ",".join([*listed, *(host for host in _LOCAL if host not in listed)])


def node_bin(repository: Path) -> Path:
    """The folder of the Node that was installed into the checkout."""
    found = sorted((repository / "node_modules").glob("node-*/bin/node"))
    if not found:
        raise NotInstalledError("Node is not installed here: run `make install`")
    return found[0].parent


def listener(port: int) -> str | None:
    """Who listens on a TCP port of this machine, as `name (process id)`, if it can be told."""
    try:
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return _listener_from_proc(port)
    fields = {line[0]: line[1:] for line in output.splitlines() if line}
    return f"{fields['c']} (process {fields['p']})" if {"c", "p"} <= fields.keys() else None


def _listener_from_proc(port: int) -> str | None:
    """The same on Linux without lsof: from the listening socket's inode to who has it open."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            listening = "0A"  # TCP_LISTEN in include/net/tcp_states.h
            inodes |= {
                f"socket:[{row[9]}]"
                for row in rows
                if row[3] == listening and int(row[1].rpartition(":")[2], 16) == port
            }
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) in inodes:
                process = link.parts[2]
                return f"{Path('/proc', process, 'comm').read_text().strip()} (process {process})"
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    return None

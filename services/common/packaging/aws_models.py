"""The parts of botocore's data that our functions need, cut out of botocore itself.

A client of botocore reads the whole description of its service: for S3, half a megabyte and a
hundred operations to call one. That is a third of a cold start. What is cut out keeps botocore's
format and file layout, so botocore reads it with its own loader
(`services.common.runtime.aws`); nothing is rewritten, only left out: operations that are not
called, shapes that these do not use, and documentation.

Likewise the certificate authorities: an AWS endpoint's chain ends in one of Amazon's own roots
(amazontrust.com/repository), and botocore's bundle has 120 others, read anew for every connection.

Which operations are called, a runtime folder says itself, in its `aws_operations.toml`. The files
are written beside it by `make install` and when an asset is staged, from the botocore that is
locked. They are botocore's own data, so they are not kept in this repository.
"""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import botocore.httpsession
from botocore.loaders import Loader

REPOSITORY = Path(__file__).resolve().parents[3]
DECLARATION = "aws_operations.toml"
FOLDER = "aws_models"
ROOTS = "services/common/runtime/amazon_roots.pem"
# As botocore's bundle labels them.
ROOT_LABELS = (
    *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
    "Starfield Services Root Certificate Authority - G2",
)

Document = dict[str, Any]
# Names of operations by botocore's name of the service.
Operations = Mapping[str, Sequence[str]]
# It keeps what it has read: the models of all functions are cut from the same few files.
_loader = cache(Loader)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def declared(repository: Path) -> dict[str, Operations]:
    """What each runtime folder of a checkout declares, by the folder's path in it."""
    return {
        file.parent.relative_to(repository).as_posix(): tomllib.loads(file.read_text())
        for file in sorted((repository / "services").glob(f"**/{DECLARATION}"))
    }


def files(operations: Operations) -> Iterator[tuple[str, Document]]:
    """Path below the models' folder and content, of each file."""
    loader = _loader()
    prefixes = set()
    for service, names in operations.items():
        model = loader.load_service_model(service, "service-2")
        version = loader.determine_latest_version(service, "service-2")
        prefixes.add(model["metadata"]["endpointPrefix"])
        yield f"{service}/{version}/service-2.json", _cut_model(model, names)
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        yield f"{service}/{version}/endpoint-rule-set-1.json", _undocumented(rules)
    yield "endpoints.json", _cut_endpoints(loader.load_data("endpoints"), prefixes)
    for name in ("partitions", "_retry", "sdk-default-configuration"):
        yield f"{name}.json", loader.load_data(name)


def _cut_model(model: Document, operations: Sequence[str]) -> Document:
    kept = {name: model["operations"][name] for name in operations}
    shapes: Document = {}
    for operation in kept.values():
        _collect(operation, model["shapes"], shapes)
    cut = {"metadata": model["metadata"], "operations": kept, "shapes": shapes}
    # botocore insists on the documentation of these few.
    untouched = {name: model[name] for name in ("clientContextParams",) if name in model}
    return {"version": model["version"], **_undocumented(cut), **untouched}


def _collect(node: object, shapes: Document, found: Document) -> None:
    """Adds every shape that `node` refers to, directly or not, to `found`."""
    if isinstance(node, list):
        for each in node:
            _collect(each, shapes, found)
    if isinstance(node, dict):
        name = node.get("shape")
        if isinstance(name, str) and name not in found:
            found[name] = shapes[name]
            _collect(shapes[name], shapes, found)
        _collect(list(node.values()), shapes, found)


def _undocumented(node: Any) -> Any:
    if isinstance(node, list):
        return [_undocumented(each) for each in node]
    if isinstance(node, dict):
        return {
            name: _undocumented(value)
            for name, value in node.items()
            if not (name.startswith("documentation") and isinstance(value, str))
        }
    return node


def _cut_endpoints(endpoints: Document, prefixes: set[str]) -> Document:
    partitions = [
        partition | {"services": {n: s for n, s in partition["services"].items() if n in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}


@cache
def roots() -> str:
    """The certificates of Amazon's roots, PEM. Raises KeyError when botocore lacks one."""
    bundle = Path(botocore.httpsession.DEFAULT_CA_BUNDLE).read_text()
    labelled = dict(part.split('"', 1) for part in bundle.split('# Label: "')[1:])
    return "".join(f"# {label}\n{_PEM.findall(labelled[label])[0]}" for label in ROOT_LABELS)


def text(document: Document) -> str:
    """A file's content: one line, because these files are read by machines at every start."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n"


def write(repository: Path) -> None:
    """Writes the files of every runtime folder of a checkout; those that are right stay."""
    for runtime in declared(repository):
        write_of(repository, runtime)


def write_of(repository: Path, package: str) -> None:
    """Writes the files of one package, by its folder in the checkout, if it declares any.

    And the certificates, which every function ships.
    """
    _replace(repository / ROOTS, roots())
    declaration = repository / package / DECLARATION
    if declaration.is_file():
        folder = repository / package / FOLDER
        texts = _texts(declaration.read_text())
        wanted = {folder / path: content for path, content in texts.items()}
        for path in set(folder.rglob("*.json")) - wanted.keys():
            path.unlink()
        for path, content in wanted.items():
            _replace(path, content)


@cache
def _texts(declaration: str) -> Mapping[str, str]:
    """The content of each file that a declaration asks for, by its path below the models' folder.

    Packages are staged once for each function that has them, and for each environment.
    """
    return {path: text(document) for path, document in files(tomllib.loads(declaration))}


def _replace(path: Path, content: str) -> None:
    """Makes `path` hold `content`; whoever reads it meanwhile sees all of it or what was before."""
    if path.exists() and path.read_text() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as partial:
        partial.write(content)
    Path(partial.name).replace(path)


if __name__ == "__main__":
    write(REPOSITORY)

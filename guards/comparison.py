"""Compares a source tree with the guards that a deployed pipeline was made from.

This file is the program of a build command: `guards.held.command` writes its text into the
pipeline, which runs it as `python3 -I -S -c TEXT TREE HELD`. So it needs the standard library
alone, imports nothing of the tree that it looks at, and holds no apostrophe.

Everything that is not the same is a change: another content, a file that came or went, a symbolic
link (by where it points) in place of a file, another letter case. Modes are not looked at: not all
sources keep them, and builds run scripts with `bash`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

# Of the exported list: the whole question to the approver has 1,000 characters at most
# (CodePipeline user guide, "Quotas in AWS CodePipeline", action configuration value).
SHOWN = 600
SHOWN_OF_A_NAME = 120
SHORT = 12

# (regular expression of a path, does it guard?), the last one that fits decides.
Patterns = Sequence[tuple[str, bool]]


def guarded(path: str, patterns: Patterns) -> bool:
    """Does the last pattern that fits `path` (relative, with slashes) guard it?"""
    fits = [guards for pattern, guards in patterns if re.fullmatch(pattern, path, re.DOTALL)]
    return bool(fits) and fits[-1]


def digests(tree: str, keep: Callable[[str], bool], skip: Callable[[str], bool]) -> dict[str, str]:
    """SHA-256, in hexadecimal, of each file of `tree` that is kept, by its path.

    skip: is a path, or all that is below it, none of the tree? Names that are not UTF-8 are read
    as Python reads them, with surrogates. Raises OSError when a file cannot be read.
    """
    return {
        path: _digest(os.path.join(tree, path)) for path in _files(tree, "", skip) if keep(path)
    }


def whole(files: Mapping[str, str]) -> str:
    """One digest of all of them: of the names, and of what is in them."""
    text = json.dumps(sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def changes(held: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What is not as it is held, a phrase for each path: `gates/x.py changed`."""
    phrases = []
    for path in sorted({*held, *found}):
        if path not in found:
            phrases.append(_name(path) + " deleted")
        elif path not in held:
            phrases.append(_name(path) + " added")
        elif not found[path].startswith(held[path]):
            phrases.append(_name(path) + " changed")
    return phrases


def listed(phrases: Sequence[str]) -> str:
    """As many of them as may be shown, on one line; how many more there are."""
    shown = list(phrases)
    while len("; ".join(shown)) > SHOWN:
        shown.pop()
    more = len(phrases) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def packed(patterns: Patterns, files: Mapping[str, str]) -> str:
    """What a pipeline holds, as letters and digits without spaces."""
    short = {path: digest[:SHORT] for path, digest in files.items()}
    content = {"patterns": patterns, "digest": whole(files), "files": short}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def main(tree: str, held: str) -> None:
    """Prints two lines: `true` or `false`, were all guards unchanged, and what changed."""
    kept = json.loads(zlib.decompress(base64.b64decode(held)))
    found = digests(tree, lambda path: guarded(path, kept["patterns"]), lambda _: False)
    unchanged = whole(found) == kept["digest"]
    phrases = changes(kept["files"], found) or ["a guard changed whose short digest did not"]
    sys.stdout.write("true\nnothing\n" if unchanged else "false\n" + listed(phrases) + "\n")


def _files(tree: str, folder: str, skip: Callable[[str], bool]) -> Iterator[str]:
    with os.scandir(os.path.join(tree, folder)) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            path = folder + entry.name
            if skip(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(tree, path + "/", skip)
            else:
                yield path


def _digest(path: str) -> str:
    if os.path.islink(path):
        content = b"link to " + os.fsencode(os.readlink(path))
    elif os.path.isfile(path):
        with open(path, "rb") as file:
            content = b"file " + file.read()
    else:
        content = b"neither file nor link"
    return hashlib.sha256(content).hexdigest()


def _name(path: str) -> str:
    # In ASCII, so that a name shows what it is: line ends, look-alike letters, what is no text.
    # Neither may it be taken for one of the variables of CodePipeline, #{...}.
    shown = path.encode("ascii", "backslashreplace").decode().replace("\n", "\\n")
    shown = re.sub(r"[^!-~ ]|[#;]", "?", shown)
    return shown if len(shown) <= SHOWN_OF_A_NAME else "..." + shown[3 - SHOWN_OF_A_NAME :]


if __name__ == "__main__":
    main(*sys.argv[1:])

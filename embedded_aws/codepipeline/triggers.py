"""Which push starts a pipeline: the git triggers of a V2 pipeline and their filters.

Sources: CodePipeline user guide "syntax-glob" (patterns), "pipelines-filter" and
"pipelines-triggers" (several push filters are alternatives; inside one, branches and file paths
must both match; excludes win over includes; a trigger ignores the action's `BranchName`).
The guide does not say what a push with some excluded and some other files does. Here it starts the
pipeline as soon as one changed file is included and not excluded: excluding documentation must not
keep the code beside it from being delivered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.connections.pushes import Push


@dataclass(frozen=True)
class Criteria:
    """Patterns to include and to exclude. No includes means: everything."""

    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def accepts(self, name: str) -> bool:
        """Whether `name` is included and not excluded."""
        if any(matches(pattern, name) for pattern in self.excludes):
            return False
        return not self.includes or any(matches(pattern, name) for pattern in self.includes)


@dataclass(frozen=True)
class PushFilter:
    """One alternative of a trigger. A criterion that is None does not apply."""

    branches: Criteria | None
    tags: Criteria | None
    file_paths: Criteria | None


@dataclass(frozen=True)
class Trigger:
    """The filters on pushes to the repository of one source action."""

    source_action: str
    push: tuple[PushFilter, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether a push starts the pipeline, and a sentence that says why."""

    starts: bool
    reason: str


def judge(trigger: Trigger, push: Push) -> Verdict:
    """Does one of the trigger's filters match the push?"""
    reasons = []
    for push_filter in trigger.push or (PushFilter(None, None, None),):
        reason = _refusal(push_filter, push)
        if reason is None:
            return Verdict(True, "the trigger's filters match")
        reasons.append(reason)
    return Verdict(False, "; ".join(dict.fromkeys(reasons)))


def _refusal(push_filter: PushFilter, push: Push) -> str | None:
    if push.tag is not None:
        wanted = push_filter.tags
        return None if wanted and wanted.accepts(push.tag) else f"tag {push.tag} is filtered out"
    if push_filter.tags is not None:
        return "the trigger wants tags"
    branch = push.branch or ""
    if push_filter.branches is not None and not push_filter.branches.accepts(branch):
        return f"branch {branch} is filtered out"
    paths = push_filter.file_paths
    if paths is not None and not any(paths.accepts(path) for path in push.files):
        return "no changed file passes the path filters"
    return None


def parse_triggers(raw: Sequence[Mapping[str, Any]]) -> tuple[Trigger, ...]:
    """The triggers of resolved CloudFormation properties."""
    return tuple(_trigger(entry) for entry in raw)


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    if raw.get("ProviderType") != "CodeStarSourceConnection":
        raise StructureError(f"trigger provider {raw.get('ProviderType')} is not offered here")
    git = raw.get("GitConfiguration") or {}
    if git.get("PullRequest"):
        raise StructureError("pull requests are not offered here: use push triggers")
    push = tuple(
        PushFilter(
            branches=_criteria(entry.get("Branches")),
            tags=_criteria(entry.get("Tags")),
            file_paths=_criteria(entry.get("FilePaths")),
        )
        for entry in git.get("Push") or ()
    )
    return Trigger(str(git.get("SourceActionName")), push)


def _criteria(raw: Mapping[str, Any] | None) -> Criteria | None:
    if not raw:
        return None
    return Criteria(tuple(raw.get("Includes") or ()), tuple(raw.get("Excludes") or ()))


def matches(pattern: str, name: str) -> bool:
    """Whether a whole name matches a glob pattern of the user guide's "syntax-glob"."""
    return _compiled(pattern).fullmatch(name) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(pattern)), re.DOTALL)


_TOKEN = re.compile(
    r"(?P<deep>\*\*)|(?P<star>\*)|(?P<one>\?)|\\(?P<escaped>.)|(?P<set>\[!?[^\]]+\])"
    r"|(?P<open>\{)|(?P<close>\})|(?P<comma>,)|(?P<plain>.)",
    re.DOTALL,
)


def _translated(pattern: str) -> Iterable[str]:
    grouped = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token.group(token.lastgroup or 0)
        if kind in ("open", "close"):
            grouped = kind == "open"
            yield "(?:" if grouped else ")"
        elif kind == "comma" and grouped:
            yield "|"
        elif kind == "set":
            yield _set(text)
        else:
            yield _SIMPLE.get(kind or "", re.escape(text))


_SIMPLE = {"deep": ".*", "star": "[^/]*", "one": "[^/]"}


def _set(text: str) -> str:
    """`[!a-c]` as a regular expression: inside brackets only `-` keeps its meaning."""
    negated = text.startswith("[!")
    body = re.sub(r"([\\^\[\]&~|])", r"\\\1", text[2 if negated else 1 : -1])
    return f"(?!/)[{'^' if negated else ''}{body}]"

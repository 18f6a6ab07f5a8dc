"""Builds run reviewed commands in a reviewed place, and their failures count."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from assembly.pipeline import PROJECT as PROJECT_TYPE
from assembly.pipeline import Delivery
from gates.shape.permissions import role_of
from gates.shape.violation import Violation

IMAGES = re.compile(r"aws/codebuild/amazonlinux-(x86_64|aarch64)-standard:\d+\.\d+")
RUNTIMES = {"python": "3.12", "nodejs": "24"}

# All that a buildspec of ours says, by phase. Left out on purpose: `on-failure` and `finally`,
# which let a failed command pass; `env`, `run-as`, `proxy` and `batch`, which change where the
# commands run (CodeBuild user guide, "Build specification reference for CodeBuild").
BUILDSPEC = {"version", "phases", "artifacts", "reports", "cache"}
# What a build may find there from an earlier one of its project: installed packages, whose hashes
# nobody checks again (docs/decisions/2026-11-23-shape-rules.md says what that leaves open). The
# builds that deploy and publish start from nothing.
CACHED = {"paths": [".venv/**/*", "node_modules/**/*"]}
CACHES = ({"Type": "NO_CACHE"}, {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]})
UNCACHED = ("tap-pipeline-selfmutate", "tap-pipeline-assets")
PHASES = {"install": {"runtime-versions", "commands"}, "build": {"commands"}}
ARTIFACTS = {"base-directory", "files"}

# Every variable that a build may be given. Others steer the shell, Python, Node or the package
# managers (BASH_ENV, PYTHONPATH, NODE_OPTIONS, PIP_INDEX_URL, ...).
VARIABLES = re.compile(
    r"TAP_[A-Z_]+|CDK_DISABLE_CLI_TELEMETRY|CDK_DISABLE_VERSION_CHECK|_PROJECT_CONFIG_HASH"
)
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[abprs]-[\w-]{10,}|-----BEGIN|eyJ[\w-]{10,}\.eyJ|npm_\w{30,}"
)
# Bits a character: random base 64 of 32 characters has 4.5 and more, words and names below 4.
RANDOM = 4.2
SECRET_NAMES = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE|CREDENTIAL|API_?KEY|ACCESS_?KEY")

GATED = ["scripts/synth", "scripts/gates"]
PROJECT = {
    *("Artifacts", "Cache", "Description", "EncryptionKey", "Environment", "LogsConfig", "Name"),
    *("QueuedTimeoutInMinutes", "ServiceRole", "Source", "Tags", "TimeoutInMinutes"),
}

SOURCE = {"Type", "BuildSpec"}


def builds_belong_to_the_pipeline(delivery: Delivery) -> Iterator[Violation]:
    """Only the pipeline starts builds, and gives them their source.

    A project with a source, a webhook or a public page of its own is a second delivery.
    """
    started = [build.logical_id for a in delivery.actions if (build := delivery.build_of(a))]
    projects = [each for stack in delivery.stacks for each in stack.resources(PROJECT_TYPE)]
    if len(projects) != len(delivery.builds):
        yield Violation("the assembly", "has builds outside of the pipeline's stack", "remove them")
    for build in delivery.builds:
        if started.count(build.logical_id) != 1:
            yield Violation(build.where, "is not started by one action", "remove it")
        source, output = (build.properties.get(key, {}) for key in ("Source", "Artifacts"))
        if {source.get("Type"), output.get("Type")} != {"CODEPIPELINE"}:
            yield Violation(build.where, "has a source or result of its own", "use CODEPIPELINE")
        for key in sorted({*(set(build.properties) - PROJECT), *(set(source) - SOURCE)}):
            yield Violation(build.where, f"{key} was not reviewed", "remove it")
    for action in delivery.actions:
        if action.kind == "Build/CodeBuild" and delivery.build_of(action) is None:
            yield Violation(action.where, "starts a build that is not in this stack", "define it")


def builds_run_reviewed_commands(delivery: Delivery) -> Iterator[Violation]:
    """A command is a script of this repository or one of the two tools CDK needs; nothing else."""
    for build in delivery.builds:
        if not build.buildspec:
            yield Violation(
                build.where,
                "takes its buildspec from the source, where no synthesis sees it",
                "keep the buildspec in the template or the assembly",
            )
        for command in build.commands:
            if not _known(command, build.name):
                yield Violation(
                    build.where,
                    f"runs {command!r}",
                    "put it into a script that is called by its name, scripts/…, alone",
                )


def _known(command: str, project: str) -> bool:
    patterns = {
        "tap-pipeline-synth": r"scripts/(install-python|install-node --omit=dev|synth|gates"
        r"|supply-chain)",
        "tap-pipeline-selfmutate": r"npm install -g \S+|cdk -a \. deploy TapPipelineStack"
        r" --require-approval=never --verbose",
        "tap-pipeline-assets": r"npm install -g \S+|cdk-assets --path \"[\w./-]+\" --verbose"
        r" publish \"[\w:-]+\"",
    }
    return bool(re.fullmatch(patterns.get(project, r"scripts/[\w-]+"), command))


def gates_run(delivery: Delivery) -> Iterator[Violation]:
    """The build that synthesizes then judges what it synthesized, before anything is deployed."""
    for build in delivery.builds:
        if build.name != "tap-pipeline-synth":
            continue
        ran = [command for command in build.commands if command in GATED]
        if ran != GATED:
            yield Violation(
                build.where, f"runs {build.commands}", f"it runs {GATED}, in this order"
            )


def updates_update(delivery: Delivery) -> Iterator[Violation]:
    """The self-update deploys the pipeline's stack from the assembly of this execution."""
    for build in delivery.builds:
        deploys = [c for c in build.commands if c.startswith("cdk -a . deploy TapPipelineStack ")]
        if build.name == "tap-pipeline-selfmutate" and len(deploys) != 1:
            yield Violation(build.where, "does not deploy the pipeline's stack", "restore it")


def builds_cannot_pass_by_failing(delivery: Delivery) -> Iterator[Violation]:
    """A buildspec states runtimes, commands, artifacts and reports: nothing that forgives."""
    for build in delivery.builds:
        for words in _unreviewed(build.buildspec):
            yield Violation(
                build.where,
                f"its buildspec says {words}, which can let a failed build pass or change where "
                "its commands run",
                "remove it, or have it reviewed in gates/shape/builds.py",
            )


def _unreviewed(spec: dict[str, Any]) -> list[str]:
    found = [key for key in spec if key not in BUILDSPEC]
    for name, phase in spec.get("phases", {}).items():
        found += [f"{name}.{key}" for key in phase if key not in PHASES.get(name, set())]
        if name not in PHASES:
            found.append(name)
    artifacts = spec.get("artifacts", {})
    return found + [f"artifacts.{key}" for key in artifacts if key not in ARTIFACTS]


def installs_are_pinned(delivery: Delivery) -> Iterator[Violation]:
    """What a build installs has the exact version of package.json, or hashes in a lock."""
    for build in delivery.builds:
        for command in build.commands:
            for tool in _unpinned(command, delivery.intended.pins):
                yield Violation(
                    build.where, f"installs {tool}", "pin it to its version in package.json"
                )
    for name in _called_scripts(delivery):
        for line in _unlocked(delivery.scripts.get(name, "")):
            yield Violation(
                f"scripts/{name}",
                f"{line!r} installs what no lock names",
                "npm ci --ignore-scripts from package-lock.json, or --require-hashes from a lock",
            )


INSTALLS = re.compile(
    r"\b(?:npm\s+(?:install|i|add|exec|x)|npx|pip3?\s+install|uv\s+pip\s+(?:install|sync)"
    r"|uvx|pipx|yarn|pnpm|apt(?:-get)?|dnf|yum|gem|go\s+install|cargo)\b(.*)"
)
FETCHES = re.compile(r"\b(?:curl|wget)\b|\bgit\s+clone\b|--(?:extra-)?index-url|--trusted-host")
# A person makes locks; no build calls this one.
NOT_BY_BUILDS = {"lock"}


def _unpinned(command: str, pins: dict[str, str]) -> list[str]:
    if FETCHES.search(command):
        return [command]
    found = INSTALLS.search(command)
    words = found[1].split() if found else []
    tools = [word for word in words if not word.startswith("-")]
    exact = {f"{name}@{version}" for name, version in pins.items()}
    return [tool for tool in tools if tool not in exact]


def _called_scripts(delivery: Delivery) -> list[str]:
    """The scripts that builds call, and those that these call."""
    names = re.findall(
        r"scripts/([\w-]+)", " ".join(c for b in delivery.builds for c in b.commands)
    )
    found: list[str] = []
    while names:
        name = names.pop()
        if name in found or name in NOT_BY_BUILDS:
            continue
        found.append(name)
        names += re.findall(r"scripts/([\w-]+)", delivery.scripts.get(name, ""))
    return sorted(found)


def _unlocked(script: str) -> Iterator[str]:
    lines = script.replace("\\\n", " ").splitlines()
    for line in (line.strip() for line in lines):
        if line.startswith("#") or re.match(r"echo\b|.*\|\| \{$", line):
            continue
        locked = "--require-hashes" in line or re.match(r"npm ci --ignore-scripts\b", line)
        installs = INSTALLS.search(line) or line.startswith("npm ")
        if FETCHES.search(line) or (installs and not locked and "command -v" not in line):
            yield line


def images_are_pinned(delivery: Delivery) -> Iterator[Violation]:
    """Builds run in a numbered image of AWS's, with stated runtimes."""
    for build in delivery.builds:
        environment = build.environment
        image = str(environment.get("Image"))
        pulled_by = environment.get("ImagePullCredentialsType", "CODEBUILD")
        if not IMAGES.fullmatch(image) or pulled_by != "CODEBUILD":
            yield Violation(
                build.where,
                f"runs in {image}, whose content is not AWS's or changes",
                "use aws/codebuild/amazonlinux-…-standard with its number",
            )
        runtimes = build.buildspec.get("phases", {}).get("install", {}).get("runtime-versions")
        if runtimes != RUNTIMES:
            yield Violation(build.where, f"states the runtimes {runtimes}", f"state {RUNTIMES}")


def builds_are_not_privileged(delivery: Delivery) -> Iterator[Violation]:
    """No build is root on its host, and none takes a cache or folder that something else fills."""
    for build in delivery.builds:
        if build.environment.get("PrivilegedMode", False) is not False:
            yield Violation(build.where, "is privileged", "nothing here needs Docker")
        cache = build.properties.get("Cache", CACHES[0])
        allowed = CACHES[:1] if build.name in UNCACHED else CACHES
        if cache not in allowed or build.buildspec.get("cache", CACHED) != CACHED:
            yield Violation(
                build.where,
                f"starts from {cache}, {build.buildspec.get('cache')}, which others may fill",
                "builds that hold no rights to deploy may cache packages on their host",
            )


def variables_are_known(delivery: Delivery) -> Iterator[Violation]:
    """Builds get the variables that were reviewed: others steer shells and package managers."""
    for where, name, _, _ in _variables(delivery):
        if not VARIABLES.fullmatch(name):
            yield Violation(where, f"sets {name}", "remove it, or have it reviewed")


def variables_hold_no_secrets(delivery: Delivery) -> Iterator[Violation]:
    """Nothing secret stands in a variable, a buildspec or the question to the approver.

    Everyone who may read the project or the template can read them.
    """
    for where, name, kind, value in _variables(delivery):
        if kind == "PLAINTEXT" and (SECRET_NAMES.search(name) or looks_secret(value)):
            yield Violation(where, f"holds {name} in plain text", "use Secrets Manager")
    texts = {build.where: json.dumps(build.buildspec) for build in delivery.builds}
    texts |= {action.where: json.dumps(action.configuration) for action in delivery.actions}
    for where, text in texts.items():
        if SECRETS.search(text):
            yield Violation(where, "holds a credential in plain text", "use Secrets Manager")


def looks_secret(value: str) -> bool:
    """Does it have the form of a known credential, or the randomness of one?

    Hashes in hexadecimal, ARNs and CodePipeline's variables are neither.
    """
    if SECRETS.search(value):
        return True
    words = re.findall(r"[A-Za-z0-9+/_=-]{32,}", value)
    return any(not re.fullmatch(r"[0-9a-f-]+", word) and _entropy(word) > RANDOM for word in words)


def _entropy(word: str) -> float:
    shares = [count / len(word) for count in Counter(word).values()]
    return -sum(share * math.log2(share) for share in shares)


def _variables(delivery: Delivery) -> Iterator[tuple[str, str, str, str]]:
    """Where, name, type and value of every variable of projects and actions."""
    for build in delivery.builds:
        for each in build.variables:
            kind = str(each.get("Type", "PLAINTEXT"))
            yield build.where, str(each["Name"]), kind, str(each["Value"])
    for action in delivery.actions:
        for each in action.variables:
            kind = each.get("type", "PLAINTEXT")
            yield action.where, each["name"], kind, str(each["value"])


def builds_run_as_their_own_role(delivery: Delivery) -> Iterator[Violation]:
    """Each build has a role of this stack, trusted by CodeBuild and shared with no other."""
    shared = Counter(build.role for build in delivery.builds)
    trust = {"Service": "codebuild.amazonaws.com"}
    for build in delivery.builds:
        role = role_of(delivery.pipeline_stack, build.role)
        if role is None or [each.get("Principal") for each in role.trust] != [trust]:
            yield Violation(
                build.where, f"runs as {build.role}", "give it a role that only CodeBuild takes"
            )
        if shared[build.role] > 1:
            yield Violation(build.where, f"shares {build.role}", "give it a role of its own")


def builds_start_nothing(delivery: Delivery) -> Iterator[Violation]:
    """No build may start another: StartBuild takes any buildspec and runs it as that one's role."""
    for build in delivery.builds:
        role = role_of(delivery.pipeline_stack, build.role)
        for action in ("codebuild:StartBuild", "codebuild:StartBuildBatch"):
            for resource in role.allows(action) if role else ():
                yield Violation(
                    build.where,
                    f"may {action} on {resource}: it can run any command as that build's role",
                    "deny it",
                )

"""Who acts in the rehearsal: administrators, the pipeline's operator, the smoke roles.

An account's root plays only what AWS itself does: it creates the administrator (as AWS
Organizations hands over a new account) and assumes a service role by its service principal (as
CodeBuild does). Everyone else signs with keys that the emulator verifies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from rehearsal.errors import NotUpError, UnknownAccountError

TOOLS = "tools"
"""What the settings call the pipeline's account; the others go by their environments' names."""

ADMINISTRATOR = "administrator"
OPERATOR = "rehearsal-operator"

_WATCHING = (
    *("codepipeline:Get*", "codepipeline:List*"),
    *("codebuild:BatchGet*", "codebuild:Describe*", "codebuild:List*"),
    *("logs:Describe*", "logs:FilterLogEvents", "logs:Get*"),
)
_ANSWERING = (
    "codepipeline:PutApprovalResult",
    "codepipeline:RetryStageExecution",
    "codepipeline:RollbackStage",
    "codepipeline:StopPipelineExecution",
)
_RECORDING = ("s3:GetObject", "s3:ListBucket", "s3:PutObject")


@dataclass(frozen=True, repr=False)
class Administrator:
    """An account (12 digits) and the keys of whoever may do everything in it."""

    account: str
    credentials: Credentials


class Directory:
    """The accounts' people and roles, made in one running server and looked up there.

    Accounts go by their labels: `tools`, and the names of the environments. `keys`: where the
    administrators' keys are kept, in the server's root unless told.
    """

    def __init__(self, server: Server, keys: Path | None = None) -> None:
        self._server = server
        self._path = keys or server.root / "administrators.json"

    def create_administrators(self, accounts: Mapping[str, str]) -> list[str]:
        """An administrator with an access key in each account that has none; the labels of those.

        accounts: ids by label. The keys are kept, readable by their owner only, for
        later commands.
        """
        known = self._known().values() if self._path.exists() else ()
        keys = {each.account: each.credentials for each in known}
        new = [label for label, account in accounts.items() if account not in keys]
        keys |= {accounts[label]: self._create_administrator(accounts[label]) for label in new}
        kept = {label: Administrator(id_, keys[id_]) for label, id_ in accounts.items()}
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps({label: asdict(each) for label, each in kept.items()}))
        return new

    def forget(self) -> None:
        """For a new server: the accounts of an earlier one are gone with it."""
        self._path.unlink(missing_ok=True)

    def create_operator(self, pipeline: str) -> None:
        """The role in tools that may watch everything there, and answer `pipeline`'s approval, roll
        it back and lift what holds it, with a record of that."""
        iam = self.session(TOOLS).client("iam")
        trusted = f"arn:aws:iam::{self.account(TOOLS)}:user/{ADMINISTRATOR}"
        iam.create_role(
            RoleName=OPERATOR,
            AssumeRolePolicyDocument=_policy("sts:AssumeRole", Principal={"AWS": trusted}),
            MaxSessionDuration=43200,
        )
        arn = f"arn:aws:codepipeline:{self._server.region}:{self.account(TOOLS)}:{pipeline}"
        bucket = f"arn:aws:s3:::{pipeline.lower()}-decisions-*"
        for name, document in {
            "watch": _policy(*_WATCHING, Resource="*"),
            "answer": _policy(*_ANSWERING, Resource=[arn, f"{arn}/*"]),
            "record": _policy(*_RECORDING, Resource=[bucket, f"{bucket}/*"]),
        }.items():
            iam.put_role_policy(RoleName=OPERATOR, PolicyName=name, PolicyDocument=document)

    def account(self, label: str) -> str:
        """The id of an account. Raises `UnknownAccountError`, `NotUpError`."""
        return self._administrator(label).account

    def administrator(self, label: str) -> Credentials:
        """The administrator that `create_administrators` made in this account."""
        return self._administrator(label).credentials

    def session(self, label: str, region: str | None = None) -> Session:
        """Clients of the account's administrator; region: the server's unless told."""
        return self._server.session(self.administrator(label), region)

    def operator(self) -> Credentials:
        """A session of the role that may watch the pipeline and answer its approval."""
        arn = f"arn:aws:iam::{self.account(TOOLS)}:role/{OPERATOR}"
        return self._assume(self.administrator(TOOLS), arn)

    def smoke(self, role_arn: str) -> Credentials:
        """A session of an environment's smoke role, reached as its smoke tests reach it: through
        the role of the build that the smoke role trusts."""
        account, _, name = role_arn.removeprefix("arn:aws:iam::").partition(":role/")
        label = next(each for each, found in self._known().items() if found.account == account)
        role = self.session(label).client("iam").get_role(RoleName=name)["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        root = Credentials.root(self.account(TOOLS))
        return self._assume(self._assume(root, statement["Principal"]["AWS"]), role_arn)

    def _create_administrator(self, account: str) -> Credentials:
        iam = self._server.session(Credentials.root(account)).client("iam")
        iam.create_user(UserName=ADMINISTRATOR)
        iam.attach_user_policy(
            UserName=ADMINISTRATOR, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        key = iam.create_access_key(UserName=ADMINISTRATOR)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def _administrator(self, label: str) -> Administrator:
        known = self._known()
        if label not in known:
            raise UnknownAccountError(f"no account {label!r} here; there are: {', '.join(known)}")
        return known[label]

    def _known(self) -> dict[str, Administrator]:
        try:
            read = json.loads(self._path.read_text())
        except FileNotFoundError as error:
            raise NotUpError(f"{self._server.root} has no accounts yet") from error
        return {
            label: Administrator(each["account"], Credentials(**each["credentials"]))
            for label, each in read.items()
        }

    def _assume(self, credentials: Credentials, role_arn: str) -> Credentials:
        sts = self._server.session(credentials).client("sts")
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="rehearsal")
        return Credentials.from_sts(answer["Credentials"])


def _policy(*actions: str, **about: Any) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), **about}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

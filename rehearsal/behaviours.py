"""The behaviours that a delivery relies on, each with what would show it.

Keep this list beside `embedded_aws/corrections/`: every correction has a behaviour here, and
everything the emulator is known to ignore is named, so that no table passes over it in silence.
"""

from __future__ import annotations

from rehearsal.behaviour import Behaviour
from rehearsal.behaviour import emulated as _emulated
from rehearsal.behaviour import shown as _shown
from rehearsal.behaviour import tested as _tested
from rehearsal.behaviour import unshown as _unshown
from rehearsal.file_behaviours import FILES

_ONLY_THE_CORRECTION = "no action calls for it; the correction has a test of its own"

_PIPELINE = (
    _shown(
        "a commit of the connection's repository becomes the source artifact", "action:Source/*"
    ),
    _shown("the synth buildspec runs, unmodified, as its service role", "action:Build/Synth"),
    _shown(
        "the pipeline deploys its own definition with the real CDK CLI", "action:UpdatePipeline/*"
    ),
    _shown(
        "the real cdk-assets publishes to every account, as publishing roles", "action:Assets/*"
    ),
    _shown(
        "change sets are made and executed across accounts, as the deployment roles",
        "action:{stage}/*Prepare",
        "action:{stage}/*Deploy",
    ),
    _shown(
        "the last environment waits for the approval action",
        "action:Promote/Approve",
        "action:{last}/*Deploy",
    ),
    _shown("smoke tests run between the stages", "action:{stage}/Smoke"),
    _tested(
        "a commit to the application alone leaves the pipeline's template unchanged",
        "template/test_pipeline_changes.py::test_a_changed_function_leaves_the_pipeline_alone",
    ),
    _tested(
        "every tool that a build installs is pinned",
        "gates/test_hostile_edits.py::test_the_delivery_as_it_is_breaks_no_rule",
    ),
    _tested(
        "the artifact bucket is encrypted, private, and expires what it holds",
        "template/test_pipeline_artifacts.py"
        "::test_artifacts_are_encrypted_private_and_do_not_stay_forever",
    ),
    _unshown(
        "a stage rolls back (RollbackStage, OnFailure)",
        "the embedded CodePipeline offers no rollback",
    ),
    _unshown(
        "the runtimes and packages of CodeBuild's image",
        "builds run on this machine, with the interpreters that the checkout installed",
    ),
    _unshown("the provider's webhook and its authorization", "a git hook plays the webhook"),
    _unshown(
        "the API's public host name and its certificate",
        "amazonaws.com addresses are mapped to the emulator",
    ),
)

_ACCESS = (
    _shown(
        "a signed request passes: smoke project, smoke role, API, function",
        "check:{environment}/test_a_signed_request_is_accepted",
    ),
    _shown(
        "an unsigned request is refused with 403",
        "check:{environment}/test_an_unsigned_call_is_refused",
        correction="api_owner",
    ),
    _shown(
        "a principal of another account without permission is refused with 403",
        "check:{environment}/test_a_principal_without_permission_is_refused",
        correction="api_owner",
    ),
    _shown(
        "API Gateway has the function's permission to invoke it",
        "check:{environment}/test_a_signed_request_is_accepted",
        correction="api_invokes",
    ),
    _shown(
        "the function reaches its stores with its role's permissions",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _shown(
        "the state machine reaches tables and functions with its role's permissions",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
        correction="machine_role",
    ),
    _shown(
        "deployments read the artifact bucket from another account, as its policy allows",
        "action:{stage}/*Deploy",
        correction="bucket_policy",
    ),
    _shown(
        "deployment roles read artifacts of other accounts' buckets only",
        "action:{stage}/*Prepare",
        correction="bucket_owner",
    ),
    _shown(
        "builds write their own log streams with the permissions of their roles",
        "action:{stage}/Smoke",
        correction="log_streams",
    ),
    _shown(
        "self-mutation may assume the bootstrap's roles only, told by their tags",
        "action:UpdatePipeline/*",
        correction="role_tags",
    ),
    _shown(
        "the accounts' bootstrapped roles are taken by the pipeline's roles only, told by name",
        "action:Assets/*",
        "action:{stage}/*Deploy",
        correction="principal_arn",
    ),
    _shown(
        "roles keep within the permissions boundary that the bootstrap makes",
        "action:UpdatePipeline/*",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _tested(
        "what CloudFormation's execution role may do is what the templates' resource types need",
        "template/test_bootstrap_permissions.py"
        "::test_cloudformation_may_do_all_that_the_stacks_need_and_nothing_else",
    ),
    _shown("buckets that refuse plain HTTP are served over TLS", "action:Assets/*"),
    _unshown("browsers' CORS preflights are answered", _ONLY_THE_CORRECTION, "api_owner"),
    _unshown("permissions of a state machine's other integrations", "not checked by the emulator"),
    _unshown(
        "permissions of the CloudFormation execution role",
        "the emulator ignores a stack's RoleARN and may do everything",
    ),
    _unshown("the guardrail's hook refuses templates in its account", "the emulator has no hooks"),
    _unshown("permissions on the artifacts' KMS key", "the emulator's S3 never asks KMS"),
    _unshown("iam:PassRole", "not checked by the emulator"),
    _unshown("the condition key dynamodb:LeadingKeys", "not checked by the emulator"),
    _unshown("an account's root key", "the emulator takes any secret for a root"),
    _unshown(
        "a tampered body, or a wrong service in the signature's scope, is refused",
        "the emulator takes the signer's own x-amz-content-sha256, and any service",
    ),
)

_APPLICATION = (
    _shown(
        "a form that a function signed uploads with the function's rights",
        "check:{environment}/test_a_photo_becomes_derivatives_that_tell_nothing_about_it",
        correction="form_signer",
    ),
    _shown(
        "a request is completed in every store",
        "check:{environment}/test_an_accepted_request_is_completed_in_every_store",
    ),
    _shown(
        "a replay with the same key does nothing twice",
        "check:{environment}/test_a_replay_answers_the_same_ids",
    ),
    _shown(
        "a bad body is a 400 without internals",
        "check:{environment}/test_a_bad_body_is_refused*",
    ),
    _tested(
        "whatever runs has alarms, on one encrypted topic, on the dashboard and in the runbook",
        "template/test_application_monitoring.py"
        "::test_everything_that_runs_has_the_alarms_of_its_kind",
    ),
    _tested(
        "nothing that callers send or are answered is ever logged",
        "unit/test_requests_logs.py::test_nothing_that_was_sent_or_answered_is_ever_printed",
    ),
    _unshown("a repeated StartExecution", _ONLY_THE_CORRECTION, "same_execution"),
    _unshown(
        "a template above 51,200 bytes is deployed by its URL", _ONLY_THE_CORRECTION, "template_url"
    ),
    _emulated(
        "a change set says what changes in nested stacks, too",
        "embedded_aws/test_nested_stacks.py"
        "::test_a_change_set_says_what_changes_in_nested_stacks_too",
        "nested_change_sets",
    ),
    _emulated(
        "a bucket that the wrong account owns is not taken for one's own",
        "embedded_aws/test_corrections.py"
        "::test_a_bucket_of_another_account_than_expected_is_refused",
        "expected_owner",
    ),
    _emulated(
        "what somebody changed by hand is found (drift)",
        "ops/test_commands.py::test_what_was_changed_by_hand_is_told",
    ),
    _unshown(
        "what somebody changed by hand in an API, a workflow, a role's policies or an alarm",
        "the emulator's drift detection does not look at resources of these types",
    ),
    _unshown(
        "whether a change of an API, a workflow, a key or a policy replaces the resource",
        "the emulator does not know these types' properties, and says that it may",
    ),
    _unshown("a function's uncaught error stays inside", _ONLY_THE_CORRECTION, "lambda_error"),
    _unshown(
        "a failed stack's buckets are emptied by their tag", _ONLY_THE_CORRECTION, "bucket_tags"
    ),
    _unshown("EXPRESS workflows", "the emulator's are not faithful; ours is STANDARD"),
    _unshown(
        "a body that is not UTF-8",
        "API Gateway makes text of it before the function sees it; no check sends such bytes",
    ),
)

_IGNORED = tuple(
    _unshown(text, "the emulator ignores it")
    for text in (
        "memory limits of functions",
        "weights of Lambda aliases",
        "encryption of buckets at rest (BucketEncryption)",
        "time to live of table rows (TTL)",
        "lifecycle rules of buckets",
        "sizes of functions' local disks (EphemeralStorage)",
        "point-in-time recovery of tables (PITR)",
        "access logs of API stages",
        "logs and traces of state machines",
        "X-Ray traces",
        "API Gateway metrics, and alarms on them",
        "Step Functions metrics and SQS metrics, and alarms on them",
        "metrics in log lines (EMF), and alarms on them",
        "encryption of the alarms' topic (KmsMasterKeyId)",
        "what an alarm counts: dimensions, periods, missing values (TreatMissingData)",
        "a function's code asset that is missing from S3",
    )
)

_ASSETS = (
    _unshown(
        "that functions import nothing but what their asset ships",
        "the emulator's interpreter also holds ministack, yaml and cryptography",
    ),
)

GROUPS: dict[str, tuple[Behaviour, ...]] = {
    "of the pipeline": _PIPELINE,
    "of signatures and permissions": _ACCESS,
    "of the application": _APPLICATION,
    "of the file service": FILES,
    "of assets": _ASSETS,
    "that the emulator ignores": _IGNORED,
}
"""Behaviours by what they are behaviours of, in words that follow a number of them."""

BEHAVIOURS: tuple[Behaviour, ...] = tuple(each for group in GROUPS.values() for each in group)

"""The guardrail of an account: a CloudFormation hook with rules that only its owner can change."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from accounts.guardrail.target import Target

STACK: Final = "TapGuardrail"
# Roles that the pipeline acts with in this account, and those that it makes.
_PIPELINES_ROLES: Final = ("cdk-hnb659fds-*", "tap-*")
_REPORTS_KEPT: Final = cdk.Duration.days(365)


class GuardrailStack(cdk.Stack):
    """Rules, their hook, and what the hook needs. Without assets, so it needs no bootstrap.

    The parameter RulesVersion is the version id of the rules' object. The hook evaluates exactly
    that version, so that writing a new one changes nothing until the owner says so; while it is
    empty there is no hook.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, target: Target, env: cdk.Environment
    ) -> None:
        self._target = target
        super().__init__(
            scope,
            construct_id,
            stack_name=STACK,
            env=env,
            description="What the pipeline may not deploy here, whatever its commits say",
            termination_protection=True,
            synthesizer=cdk.BootstraplessSynthesizer(),
        )
        rules = self._bucket("Rules")
        self._keep_the_pipeline_out(rules)
        reports = self._bucket("Reports", expiration=_REPORTS_KEPT)
        self._keep_the_pipeline_out(reports)
        role = self._execution_role(rules, reports)
        self._hook(rules, reports, role)
        cdk.CfnOutput(self, "RulesBucket", value=rules.bucket_name)
        cdk.Tags.of(self).add("Project", "ServerlessInfrastructure")
        cdk.Tags.of(self).add("ManagedBy", f"{target.name.capitalize()}Owner")

    def _bucket(self, construct_id: str, expiration: cdk.Duration | None = None) -> s3.Bucket:
        rule = s3.LifecycleRule(
            expiration=expiration,
            noncurrent_version_expiration=expiration,
            abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
        )
        return s3.Bucket(
            self,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[rule],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _keep_the_pipeline_out(self, bucket: s3.Bucket) -> None:
        """Refuses writes by the pipeline's roles, whatever their own policies come to say."""
        roles = [f"arn:aws:iam::{self.account}:role/{name}" for name in _PIPELINES_ROLES]
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NotByThePipeline",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:Put*", "s3:Delete*", "s3:Replicate*", "s3:RestoreObject"],
                resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
                conditions={"ArnLike": {"aws:PrincipalArn": roles}},
            )
        )

    def _execution_role(self, rules: s3.Bucket, reports: s3.Bucket) -> iam.Role:
        """What the hook reads and writes ("Prepare to create a Guard Hook", Hooks user guide)."""
        role = iam.Role(
            self,
            "HookRole",
            description="Reads the rules and writes the reports of the guardrail's hook",
            assumed_by=iam.ServicePrincipal("hooks.cloudformation.amazonaws.com"),
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[rules.bucket_arn])
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[rules.arn_for_objects(self._target.rules.name)],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[reports.arn_for_objects("*")])
        )
        return role

    def _hook(self, rules: s3.Bucket, reports: s3.Bucket, role: iam.Role) -> None:
        version = cdk.CfnParameter(
            self,
            "RulesVersion",
            default="",
            allowed_pattern=r"[A-Za-z0-9._-]*",
            description="Version id of the rules' object; empty: no hook yet",
        )
        known = cdk.CfnCondition(
            self,
            "HasRules",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(version.value_as_string, "")),
        )
        execution = f"cdk-hnb659fds-cfn-exec-role-{self.account}-{self.region}"
        hook = cdk.CfnGuardHook(
            self,
            "Hook",
            alias=self._target.hook,
            execution_role=role.role_arn,
            failure_mode="FAIL",
            hook_status="ENABLED",
            rule_location=cdk.CfnGuardHook.S3LocationProperty(
                uri=f"s3://{rules.bucket_name}/{self._target.rules.name}",
                version_id=version.value_as_string,
            ),
            log_bucket=reports.bucket_name,
            # Change sets too, so that a bad template fails before anyone is asked to approve it.
            target_operations=["STACK", "CHANGE_SET"],
            # By role, not by name: whatever stack the pipeline makes up, it makes as this role.
            stack_filters=cdk.CfnGuardHook.StackFiltersProperty(
                filtering_criteria="ALL",
                stack_roles=cdk.CfnGuardHook.StackRolesProperty(
                    include=[f"arn:aws:iam::{self.account}:role/{execution}"]
                ),
            ),
        )
        # CDK knows only the other form of this property, which lists every type.
        hook.add_property_override("TargetFilters", {"Actions": ["CREATE", "UPDATE"]})
        hook.cfn_options.condition = known
        # The role is of no use to the hook before its policy is attached.
        policy = role.node.find_child("DefaultPolicy").node.default_child
        if not isinstance(policy, cdk.CfnResource):
            raise TypeError("the hook's role has no policy")
        hook.add_resource_dependency(policy)

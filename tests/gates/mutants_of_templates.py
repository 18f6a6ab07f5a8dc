"""Hostile and careless edits of what environments consist of, each with what must report it.

TAP-701 is the reviewed texts: the edit is in every environment alike, so that no rule about their
differences helps, and a person reads it. Everything else is reported whatever a review says.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.gates.drafts import Draft
from tests.gates.mutants import PROD_DEPLOY, allow, caught_by

STRANGER = "999999999999"
NESTED = "AWS::CloudFormation::Stack"


def everywhere(draft: Draft, kind: str, begins: str = "") -> Iterator[Any]:
    """The first resource of a type in each environment, whose logical id begins so; nested too."""
    for stage in ("Dev", "Prod"):
        files = [f for f in draft.documents if f.endswith(".template.json") and f"-{stage}/" in f]
        resources = [draft.documents[file]["Resources"] for file in sorted(files)]
        yield next(
            declaration
            for each in resources
            for name, declaration in each.items()
            if declaration["Type"] == kind and name.startswith(begins)
        )


def set_everywhere(draft: Draft, kind: str, begins: str = "", **properties: Any) -> None:
    for declaration in everywhere(draft, kind, begins):
        declaration["Properties"] |= copy.deepcopy(properties)


def alarm(draft: Draft, begins: str, **properties: Any) -> None:
    set_everywhere(draft, "AWS::CloudWatch::Alarm", f"Monitor{begins}", **properties)


def function(draft: Draft, **properties: Any) -> None:
    set_everywhere(draft, "AWS::Lambda::Function", "RequestsProcessor", **properties)


def add_everywhere(draft: Draft, name: str, kind: str, **properties: Any) -> None:
    for stack in ("tap-dev", "tap-prod"):
        draft.add(name, kind, stack, **copy.deepcopy(properties))


# What only a reader can judge


@caught_by("TAP-701")
def logs_of_a_day(draft: Draft) -> None:
    set_everywhere(draft, "AWS::Logs::LogGroup", "RequestsProcessor", RetentionInDays=1)


@caught_by("TAP-701")
def alarm_muted_by_its_threshold(draft: Draft) -> None:
    alarm(draft, "sweeperbacklog", Threshold=1e9)


@caught_by("TAP-701")
def alarm_gone(draft: Draft) -> None:
    for stack in ("tap-dev", "tap-prod"):
        resources = draft.resources(stack)
        del resources[next(k for k in resources if k.startswith("Monitorapilatency"))]


@caught_by("TAP-701")
def schedule_disabled(draft: Draft) -> None:
    set_everywhere(draft, "AWS::Events::Rule", "RequestsSweeper", State="DISABLED")


@caught_by("TAP-701")
def schedule_once_a_year(draft: Draft) -> None:
    rate = "rate(365 days)"
    set_everywhere(draft, "AWS::Events::Rule", "RequestsSweeper", ScheduleExpression=rate)


@caught_by("TAP-701")
def throttle_lifted(draft: Draft) -> None:
    for stage in everywhere(draft, "AWS::ApiGateway::Stage"):
        stage["Properties"]["MethodSettings"][0] |= {"ThrottlingRateLimit": 1_000_000}


@caught_by("TAP-701")
def function_switched_off(draft: Draft) -> None:
    function(draft, ReservedConcurrentExecutions=0)


@caught_by("TAP-701")
def another_handler_of_the_same_code(draft: Draft) -> None:
    function(draft, Handler="services.common.runtime.debug.handler")


@caught_by("TAP-701")
def wrapper_around_every_call(draft: Draft) -> None:
    for declaration in everywhere(draft, "AWS::Lambda::Function", "RequestsProcessor"):
        variables = declaration["Properties"]["Environment"]["Variables"]
        variables["AWS_LAMBDA_EXEC_WRAPPER"] = "/var/task/services/wrapper"


@caught_by("TAP-701")
def limit_of_bodies_lifted(draft: Draft) -> None:
    for declaration in everywhere(draft, "AWS::Lambda::Function", "RequestsProcessor"):
        declaration["Properties"]["Environment"]["Variables"]["MAX_BODY_BYTES"] = "99999999999"


@caught_by("TAP-701")
def dead_letters_that_expire_at_once(draft: Draft) -> None:
    set_everywhere(draft, "AWS::SQS::Queue", MessageRetentionPeriod=60)


@caught_by("TAP-701")
def rows_that_expire_when_they_are_written(draft: Draft) -> None:
    ttl = {"AttributeName": "timestamp", "Enabled": True}
    set_everywhere(draft, "AWS::DynamoDB::GlobalTable", TimeToLiveSpecification=ttl)


@caught_by("TAP-701")
def uploads_that_expire_after_a_day(draft: Draft) -> None:
    rule = {"Id": "tidy", "Status": "Enabled", "ExpirationInDays": 1}
    for bucket in everywhere(draft, "AWS::S3::Bucket", "Uploads"):
        bucket["Properties"]["LifecycleConfiguration"]["Rules"].append(rule)


@caught_by("TAP-701")
def recovery_of_a_day_only(draft: Draft) -> None:
    for table in everywhere(draft, "AWS::DynamoDB::GlobalTable"):
        (replica,) = table["Properties"]["Replicas"]
        replica["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 1


@caught_by("TAP-701")
def objects_copied_to_a_bucket_of_someone_elses(draft: Draft) -> None:
    rule = {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::somebody-elses-bucket"}}
    configuration = {"Role": PROD_DEPLOY, "Rules": [rule]}
    set_everywhere(draft, "AWS::S3::Bucket", "Uploads", ReplicationConfiguration=configuration)


@caught_by("TAP-701")
def access_logs_to_a_stream_of_someone_elses(draft: Draft) -> None:
    destination = "arn:aws:firehose:us-west-2:333333333333:deliverystream/amazon-apigateway-x"
    for stage in everywhere(draft, "AWS::ApiGateway::Stage"):
        stage["Properties"]["AccessLogSetting"]["DestinationArn"] = destination


@caught_by("TAP-701")
def workflow_that_calls_every_failure_a_success(draft: Draft) -> None:
    for machine in everywhere(draft, "AWS::StepFunctions::StateMachine"):
        text = json.dumps(machine["Properties"]["DefinitionString"])
        definition = json.loads(text.replace("failed", "completed"))
        machine["Properties"]["DefinitionString"] = definition


@caught_by("TAP-701")
def events_of_another_bucket(draft: Draft) -> None:
    for rule in everywhere(draft, "AWS::Events::Rule", "ImagesOnUpload"):
        rule["Properties"]["EventPattern"]["detail"]["bucket"]["name"] = ["somebody-elses-bucket"]


@caught_by("TAP-701")
def credentials_that_live_for_half_a_day(draft: Draft) -> None:
    for stack in ("tap-dev", "tap-prod"):
        role = draft.named("AWS::IAM::Role", f"{stack}-smoke", stack)
        role["MaxSessionDuration"] = 43_200


@caught_by("TAP-701")
def role_without_its_boundary(draft: Draft) -> None:
    for role in everywhere(draft, "AWS::IAM::Role", "RequestsProcessor"):
        del role["Properties"]["PermissionsBoundary"]


@caught_by("TAP-701")
def event_given_up_without_a_retry(draft: Draft) -> None:
    set_everywhere(draft, "AWS::Lambda::EventInvokeConfig", MaximumRetryAttempts=0)


@caught_by("TAP-701")
def origin_of_someone_elses(draft: Draft) -> None:
    for declaration in everywhere(draft, "AWS::Lambda::Function", "RequestsProcessor"):
        variables = declaration["Properties"]["Environment"]["Variables"]
        variables["CORS_ORIGINS"] = "https://app.example.com.evil.example"


@caught_by("TAP-701")
def alarms_topic_without_a_key(draft: Draft) -> None:
    for topic in everywhere(draft, "AWS::SNS::Topic"):
        del topic["Properties"]["KmsMasterKeyId"]


@caught_by("TAP-701")
def answers_in_a_form_of_their_own(draft: Draft) -> None:
    body = '{"internals": "$context.error.validationErrorString"}'
    templates = {"application/json": body}
    set_everywhere(draft, "AWS::ApiGateway::GatewayResponse", ResponseTemplates=templates)


@caught_by("TAP-701")
def alarm_that_watches_another_function(draft: Draft) -> None:
    dimensions = [{"Name": "FunctionName", "Value": "tap-dev-nothing"}]
    alarm(draft, "processorlatency", Dimensions=dimensions)


# What loses data


@caught_by("TAP-206")
def buckets_without_versions(draft: Draft) -> None:
    versions = {"Status": "Suspended"}
    set_everywhere(draft, "AWS::S3::Bucket", "Uploads", VersioningConfiguration=versions)


@caught_by("TAP-201")
def dead_letters_go_with_their_stack(draft: Draft) -> None:
    for queue in everywhere(draft, "AWS::SQS::Queue"):
        queue["DeletionPolicy"] = "Delete"


@caught_by("TAP-201")
def database_of_another_kind_without_a_policy(draft: Draft) -> None:
    add_everywhere(draft, "Orders", "AWS::RDS::DBInstance", DBInstanceClass="db.t4g.micro")


# Alarms that cannot fire


@caught_by("TAP-505")
def threshold_that_nothing_reaches(draft: Draft) -> None:
    alarm(draft, "processorerrors", Threshold=1e9)


@caught_by("TAP-505")
def share_of_failures_beyond_all_of_them(draft: Draft) -> None:
    alarm(draft, "api5xx", Threshold=1)


@caught_by("TAP-505")
def latency_beyond_what_the_api_waits(draft: Draft) -> None:
    alarm(draft, "apilatency", Threshold=60_000)


@caught_by("TAP-505")
def alarm_with_its_actions_off(draft: Draft) -> None:
    alarm(draft, "processorerrors", ActionsEnabled=False)


@caught_by("TAP-505")
def alarm_that_only_tells_when_all_is_well(draft: Draft) -> None:
    alarm(draft, "sweeperbacklog", AlarmActions=[])


@caught_by("TAP-505")
def alarm_after_a_day(draft: Draft) -> None:
    alarm(draft, "statemachinefailed", Period=86_400)


@caught_by("TAP-505")
def alarm_wants_more_points_than_it_looks_at(draft: Draft) -> None:
    alarm(draft, "processorerrors", DatapointsToAlarm=2)


@caught_by("TAP-505")
def the_least_of_all_errors(draft: Draft) -> None:
    alarm(draft, "processorerrors", Statistic="Minimum")


@caught_by("TAP-505")
def silence_is_health(draft: Draft) -> None:
    alarm(draft, "sweepersilent", TreatMissingData="notBreaching")


@caught_by("TAP-505")
def nothing_is_below_zero(draft: Draft) -> None:
    alarm(draft, "sweepersilent", Threshold=0)


@caught_by("TAP-505")
def alarms_suppressed_by_another(draft: Draft) -> None:
    said = {"AlarmRule": "ALARM(x)", "ActionsSuppressor": "always", "AlarmActions": ["a"]}
    add_everywhere(draft, "All", "AWS::CloudWatch::CompositeAlarm", **said)


# Strangers


@caught_by("TAP-431")
def alarms_told_to_a_stranger(draft: Draft) -> None:
    alarm(draft, "processorerrors", AlarmActions=[f"arn:aws:sns:us-west-2:{STRANGER}:alarms"])


@caught_by("TAP-431")
def alarms_mailed_to_a_stranger(draft: Draft) -> None:
    said = {"Protocol": "email", "Endpoint": "a@stranger.example", "TopicArn": "x"}
    add_everywhere(draft, "Mail", "AWS::SNS::Subscription", **said)


@caught_by("TAP-431")
def alarms_posted_to_a_stranger(draft: Draft) -> None:
    said = {"Protocol": "https", "Endpoint": "https://stranger.example/", "TopicArn": "x"}
    add_everywhere(draft, "Post", "AWS::SNS::Subscription", **said)


@caught_by("TAP-431")
def logs_streamed_to_a_stranger(draft: Draft) -> None:
    destination = f"arn:aws:logs:us-west-2:{STRANGER}:destination:all"
    said = {"DestinationArn": destination, "FilterPattern": "", "LogGroupName": "x"}
    add_everywhere(draft, "Stream", "AWS::Logs::SubscriptionFilter", **said)


@caught_by("TAP-431")
def table_that_a_stranger_reads(draft: Draft) -> None:
    statement = allow("dynamodb:Scan") | {"Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"}}
    policy = {"PolicyDocument": {"Statement": [statement]}}
    for table in everywhere(draft, "AWS::DynamoDB::GlobalTable"):
        table["Properties"]["Replicas"][0]["ResourcePolicy"] = policy


@caught_by("TAP-431")
def stranger_in_two_pieces(draft: Draft) -> None:
    arn = {"Fn::Join": ["", ["arn:aws:sns:us-west-2:999999", "999999:alarms"]]}
    alarm(draft, "processorerrors", AlarmActions=[arn])


@caught_by("TAP-431")
def stranger_by_substitution(draft: Draft) -> None:
    arn = {"Fn::Sub": ["arn:aws:sns:us-west-2:999999${Rest}:alarms", {"Rest": "999999"}]}
    alarm(draft, "processorerrors", AlarmActions=[arn])


@caught_by("TAP-431")
def stranger_in_a_mapping(draft: Draft) -> None:
    for stack in ("tap-dev", "tap-prod"):
        draft.template(stack)["Mappings"] = {"Accounts": {"us-west-2": {"audit": STRANGER}}}


@caught_by("TAP-431")
def stranger_as_a_number(draft: Draft) -> None:
    function(draft, Environment={"Variables": {"AUDIT": int(STRANGER)}})


@caught_by("TAP-431")
def stranger_as_a_parameters_default(draft: Draft) -> None:
    for stack in ("tap-dev", "tap-prod"):
        audit = {"Type": "String", "Default": STRANGER}
        draft.template(stack)["Parameters"]["Audit"] = audit


@caught_by("TAP-431")
def stranger_in_a_workflow(draft: Draft) -> None:
    for machine in everywhere(draft, "AWS::StepFunctions::StateMachine"):
        text = json.dumps(machine["Properties"]["DefinitionString"])
        target = f"arn:aws:lambda:us-west-2:{STRANGER}:function:work"
        definition = json.loads(text.replace("arn:aws:states:::dynamodb:updateItem", target))
        machine["Properties"]["DefinitionString"] = definition


@caught_by("TAP-431")
def events_sent_to_a_strangers_bus(draft: Draft) -> None:
    target = {"Id": "Copy", "Arn": f"arn:aws:events:us-west-2:{STRANGER}:event-bus/default"}
    for rule in everywhere(draft, "AWS::Events::Rule", "ImagesOnUpload"):
        rule["Properties"]["Targets"].append(target)


@caught_by("TAP-419")
def stranger_taken_out_of_a_list(draft: Draft) -> None:
    account = {"Fn::Select": [1, ["1234", "5678"]]}
    arn = {"Fn::Join": ["", ["arn:aws:sns:us-west-2:", account, account, account, ":alarms"]]}
    alarm(draft, "processorerrors", AlarmActions=[arn])


@caught_by("TAP-419")
def stranger_split_by_a_letter(draft: Draft) -> None:
    arn = {"Fn::Join": ["", {"Fn::Split": ["x", "arn:aws:sns:us-west-2:9999x9999x9999:alarms"]}]}
    alarm(draft, "processorerrors", AlarmActions=[arn])


# Open to the world


@caught_by("TAP-433")
def method_that_anyone_may_call(draft: Draft) -> None:
    for stage in ("Dev", "Prod"):
        for file in [f for f in draft.documents if f.endswith(".template.json") and stage in f]:
            for each in draft.documents[file]["Resources"].values():
                if each["Type"] == "AWS::ApiGateway::Method":
                    each["Properties"]["AuthorizationType"] = "NONE"


@caught_by("TAP-433")
def method_that_asks_a_function_of_its_own(draft: Draft) -> None:
    kind = "AWS::ApiGateway::Method"
    set_everywhere(draft, kind, "RequestsApiPOST", AuthorizationType="CUSTOM", AuthorizerId="a")


@caught_by("TAP-433")
def preflight_that_reaches_the_function(draft: Draft) -> None:
    for method in everywhere(draft, "AWS::ApiGateway::Method", "RequestsApiOPTIONS"):
        method["Properties"]["Integration"] = {"Type": "AWS_PROXY", "Uri": "x"}


@caught_by("TAP-432")
def function_that_the_world_may_call(draft: Draft) -> None:
    said = {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "*"}
    add_everywhere(draft, "Open", "AWS::Lambda::Permission", **said, SourceAccount="*")


@caught_by("TAP-432")
def function_that_any_accounts_events_may_call(draft: Draft) -> None:
    said = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    source = "arn:aws:s3:::somebody-elses-bucket"
    add_everywhere(
        draft, "Open", "AWS::Lambda::Permission", **said, FunctionName="f", SourceArn=source
    )


@caught_by("TAP-432")
def bucket_for_everyone_but_some(draft: Draft) -> None:
    condition = {"StringNotEquals": {"aws:PrincipalAccount": "222222222222"}}
    statement = allow("s3:GetObject") | {"Principal": "*", "Condition": condition}
    for policy in everywhere(draft, "AWS::S3::BucketPolicy", "Results"):
        policy["Properties"]["PolicyDocument"]["Statement"].append(statement)


@caught_by("TAP-432")
def bucket_for_roles_of_any_account(draft: Draft) -> None:
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}}
    statement = allow("s3:GetObject") | {"Principal": {"AWS": "*"}, "Condition": condition}
    for policy in everywhere(draft, "AWS::S3::BucketPolicy", "Results"):
        policy["Properties"]["PolicyDocument"]["Statement"].append(statement)


@caught_by("TAP-432")
def function_url_without_signatures(draft: Draft) -> None:
    add_everywhere(draft, "Url", "AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn="f")


# Code from elsewhere


@caught_by("TAP-434")
def layer_of_someone_elses(draft: Draft) -> None:
    function(draft, Layers=["arn:aws:lambda:us-west-2:333333333333:layer:helper:7"])


@caught_by("TAP-434")
def code_from_another_bucket(draft: Draft) -> None:
    function(draft, Code={"S3Bucket": "somebody-elses-bucket", "S3Key": "code.zip"})


@caught_by("TAP-434")
def code_under_another_key(draft: Draft) -> None:
    for declaration in everywhere(draft, "AWS::Lambda::Function", "RequestsProcessor"):
        declaration["Properties"]["Code"]["S3Key"] = "put-there-by-hand.zip"


@caught_by("TAP-434")
def layer_made_of_what_lies_elsewhere(draft: Draft) -> None:
    content = {"S3Bucket": "somebody-elses-bucket", "S3Key": "layer.zip"}
    add_everywhere(draft, "Helper", "AWS::Lambda::LayerVersion", Content=content)


@caught_by("TAP-434")
def function_from_an_image(draft: Draft) -> None:
    image = {"ImageUri": "333333333333.dkr.ecr.us-west-2.amazonaws.com/work:latest"}
    function(draft, Code=image, PackageType="Image")


@caught_by("TAP-434")
def workflow_from_a_bucket(draft: Draft) -> None:
    place = {"Bucket": "somebody-elses-bucket", "Key": "definition.json"}
    for machine in everywhere(draft, "AWS::StepFunctions::StateMachine"):
        del machine["Properties"]["DefinitionString"]
        machine["Properties"]["DefinitionS3Location"] = place


@caught_by("TAP-434")
def api_from_a_bucket(draft: Draft) -> None:
    place = {"Bucket": "somebody-elses-bucket", "Key": "openapi.json"}
    set_everywhere(draft, "AWS::ApiGateway::RestApi", BodyS3Location=place)


@caught_by("TAP-414")
def nested_template_given_as_an_asset(draft: Draft) -> None:
    for stack in ("tap-dev", "tap-prod"):
        key = draft.named_function(f"{stack}-processor", stack)["Code"]["S3Key"]
        url = f"https://s3.us-west-2.amazonaws.com/cdk-hnb659fds-assets/{key}"
        draft.add("Nested", NESTED, stack, TemplateURL=url)


@caught_by("TAP-413")
def default_that_is_another_in_prod(draft: Draft) -> None:
    for stack, keep in (("tap-dev", "7"), ("tap-prod", "1")):
        parameter = {"Type": "String", "Default": keep}
        draft.template(stack)["Parameters"]["Days"] = parameter
        for name, each in draft.resources(stack).items():
            if name.startswith("RequestsWorkflowLogs"):
                each["Properties"]["RetentionInDays"] = {"Ref": "Days"}


# Secrets


@caught_by("TAP-306")
def secret_in_a_functions_variable(draft: Draft) -> None:
    function(draft, Environment={"Variables": {"PARTNER_API_KEY": "correct horse"}})


@caught_by("TAP-306")
def random_word_in_a_functions_variable(draft: Draft) -> None:
    value = "Qz7pXk2Lw9Rt4Vb8Nm3Js6Hd1Fg5Yc0A" + "eUoI"
    function(draft, Environment={"Variables": {"MODE": value}})


@caught_by("TAP-306")
def credential_in_a_description(draft: Draft) -> None:
    function(draft, Description="uses " + "ghp_" + "a1B2" * 9)


@caught_by("TAP-306")
def password_of_a_database(draft: Draft) -> None:
    add_everywhere(draft, "Db", "AWS::RDS::DBInstance", MasterUserPassword="correct horse")

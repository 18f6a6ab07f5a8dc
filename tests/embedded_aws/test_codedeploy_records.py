"""What CodeDeploy computes and shows, without a server.

Proves the shifts of every kind of configuration, that an AppSpec survives being written and read,
that a hook which says nothing fails its deployment, and that answers have exactly the shapes of
AWS's service model, for deployments in every state.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.codedeploy import appspec, configurations, engine, views
from embedded_aws.codedeploy.appspec import AppSpec
from embedded_aws.codedeploy.configurations import PREDEFINED, Configuration, Shift
from embedded_aws.codedeploy.engine import Engine
from embedded_aws.codedeploy.model import Application, Deployment, Group
from embedded_aws.codedeploy.state import State
from embedded_aws.errors import StateError
from tests.support.model_shapes import problems, service_model

MODEL = service_model("codedeploy")
ACCOUNT = "222222222222"
ON = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
SPEC = AppSpec("function", "live", "1", "2", {"BeforeAllowTraffic": "hook"})


class Role:
    """A service role whose calls all succeed, and are remembered."""

    calls: list[tuple[str, dict[str, Any]]]

    def __init__(self, deployment: Deployment) -> None:
        del deployment

    def __enter__(self) -> Role:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, service: str) -> Any:
        assert service == "lambda"
        return self

    def get_alias(self, **_: str) -> dict[str, str]:
        """GetAlias."""
        return {"FunctionVersion": "1"}

    def update_alias(self, **members: Any) -> None:
        """UpdateAlias."""
        self.calls.append(("update_alias", members))

    def invoke(self, **members: Any) -> None:
        """Invoke: the hook is called and never answers."""
        self.calls.append(("invoke", members))


@pytest.fixture(autouse=True)
def role() -> type[Role]:
    """What the deployments of a test act with."""
    Role.calls = []
    return Role


def deployment(spec: AppSpec = SPEC, **more: Any) -> Deployment:
    """One of a group that rolls failures back."""
    settings = {
        "deploymentConfigName": configurations.ALL_AT_ONCE,
        "serviceRoleArn": "arn:aws:iam::222222222222:role/r",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN"},
        "autoRollbackConfiguration": ON,
    }
    return Deployment(
        group=Group(ACCOUNT, "us-west-2", "application", "group", settings),
        configuration=PREDEFINED[configurations.ALL_AT_ONCE],
        appspec=spec,
        creator="user",
        alarms={},
        rollbacks=ON,
        **more,
    )


def run(made: Deployment) -> State:
    """Carries it out."""
    carrying = Engine(State(), Role, lambda _: 0.0)
    with carrying.state.changed:
        carrying.start(made)
    carrying.wait(made)
    return carrying.state


def test_a_hook_that_says_nothing_fails_its_deployment(
    monkeypatch: pytest.MonkeyPatch, role: type[Role]
) -> None:
    monkeypatch.setattr(engine, "HOOK_SECONDS", 0.01)
    made = deployment()
    state = run(made)
    assert made.ending is not None
    assert made.ending.code == "HOOK_EXECUTION_FAILURE"
    assert "did not answer within one hour" in made.ending.message
    assert [event.status for event in made.events] == ["Failed", "Skipped", "Skipped"]
    rollback = state.deployment(ACCOUNT, made.rollback)
    assert (rollback.status, rollback.appspec.target) == ("Succeeded", "1")
    assert [name for name, _ in role.calls] == ["invoke", "update_alias"]


def test_traffic_moves_in_steps_and_ends_with_the_alias_itself(role: type[Role]) -> None:
    made = deployment(AppSpec("function", "live", "1", "2", {}))
    made.configuration = Configuration(
        "thirds",
        configurations.checked(
            {
                "type": "TimeBasedLinear",
                "timeBasedLinear": {"linearPercentage": 33, "linearInterval": 1},
            }
        ),
    )
    run(made)
    moves = [(m["FunctionVersion"], m["RoutingConfig"]) for _, m in role.calls]
    weights = [{"AdditionalVersionWeights": {"2": part}} for part in (0.33, 0.66, 0.99)]
    assert moves == [
        *(("1", weight) for weight in weights),
        ("2", {"AdditionalVersionWeights": {}}),
    ]
    assert made.status == "Succeeded"


@pytest.mark.parametrize(
    ("name", "shifts"),
    [
        ("AllAtOnce", [Shift(100, 0)]),
        ("Canary10Percent5Minutes", [Shift(10, 5), Shift(100, 0)]),
        ("Canary10Percent30Minutes", [Shift(10, 30), Shift(100, 0)]),
        (
            "Linear10PercentEvery2Minutes",
            [*(Shift(percent, 2) for percent in range(10, 100, 10)), Shift(100, 0)],
        ),
    ],
)
def test_a_predefined_configuration_shifts_as_its_name_says(name: str, shifts: list[Shift]) -> None:
    assert PREDEFINED[f"CodeDeployDefault.Lambda{name}"].shifts() == shifts


@given(st.integers(1, 99))
def test_linear_shifts_grow_to_the_whole(percent: int) -> None:
    parts = {"linearPercentage": percent, "linearInterval": 1}
    routing = configurations.checked({"type": "TimeBasedLinear", "timeBasedLinear": parts})
    steps = [shift.percent for shift in Configuration("c", routing).shifts()]
    assert steps == sorted(set(steps))
    assert steps[0] == percent
    assert steps[-1] == 100


names = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1)


@given(names, names, names, names, st.dictionaries(st.sampled_from(appspec.HOOKS), names))
def test_an_appspec_survives_being_written_and_read(
    function: str, alias: str, current: str, target: str, hooks: dict[str, str]
) -> None:
    spec = AppSpec(function, alias, current, target, hooks)
    assert appspec.parse(spec.content) == spec
    assert spec.reversed().reversed() == AppSpec(function, alias, current, target, {})


def test_what_is_shown_has_the_shapes_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "HOOK_SECONDS", 0.01)
    failed, good = deployment(), deployment(AppSpec("function", "live", "1", "2", {}))
    state = run(failed)
    run(good)
    waiting = deployment()
    every = [failed, good, waiting, state.deployment(ACCOUNT, failed.rollback)]
    shapes = {
        "DeploymentInfo": [views.deployment(each) for each in every],
        "DeploymentTarget": [views.target(each) for each in every],
        "DeploymentGroupInfo": [views.group(failed.group, []), views.group(good.group, [good])],
        "ApplicationInfo": [views.application(Application(ACCOUNT, "application"))],
        "DeploymentConfigInfo": [views.configuration(each) for each in PREDEFINED.values()],
    }
    for name, values in shapes.items():
        for value in values:
            assert problems(value, MODEL.shape_for(name)) == [], name


def test_nothing_is_kept_while_a_deployment_is_under_way() -> None:
    state, made = State(), deployment()
    state.deployments[ACCOUNT, made.id] = made
    with pytest.raises(StateError, match=rf"deployment {made.id} runs"):
        state.kept()
    made.status = "Succeeded"
    taken = State()
    taken.take_back(state.kept())
    assert taken.deployment(ACCOUNT, made.id) is made

"""An environment's alarms and its dashboard; `service_monitor` says what stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from services.common.infrastructure.alarm_topic import alarm_topic
from services.common.infrastructure.alarms import Trigger, notify
from services.common.infrastructure.environment import EnvironmentSettings

# Of a dashboard's 24 units ("Dashboard body structure and syntax", CloudWatch API Reference).
_STATES_WIDTH, _GRAPHS_WIDTH, _HEIGHT = 6, 18, 6

# Metrics by the title of the graph that shows them together.
Graphs = Mapping[str, Sequence[cloudwatch.IMetric]]


class Monitor(Construct):
    """What the people on call of one environment see. `topic`: where every alarm goes."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: EnvironmentSettings
    ) -> None:
        super().__init__(scope, construct_id)
        self.environment = environment
        self.topic = alarm_topic(self, "Alarms", environment=environment, name="alarms")
        self._dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=environment.named("operations"),
            default_interval=cdk.Duration.hours(3),
        )

    def add(self, name: str, triggers: Sequence[Trigger], graphs: Graphs, *, runbook: str) -> None:
        """A thing's alarms, which all notify the topic, and its row of the dashboard.

        The row shows the states of the alarms, and graphs of what they look at.
        """
        alarms = [
            each.alarm(self, name, environment=self.environment, runbook=runbook)
            for each in triggers
        ]
        for alarm in alarms:
            notify(alarm, self.topic)
        states = [
            cloudwatch.AlarmStatusWidget(
                title=name, alarms=alarms, width=_STATES_WIDTH, height=_HEIGHT
            )
        ]
        self._dashboard.add_widgets(*(states if alarms else []), *_graphs(name, graphs))


def _graphs(name: str, graphs: Graphs) -> list[cloudwatch.GraphWidget]:
    return [
        cloudwatch.GraphWidget(
            title=f"{name} {title}".rstrip(),
            left=list(metrics),
            width=_GRAPHS_WIDTH // len(graphs),
            height=_HEIGHT,
        )
        for title, metrics in graphs.items()
    ]

"""CloudWatch's metrics and alarms: what is measured, and what alarms make of it."""

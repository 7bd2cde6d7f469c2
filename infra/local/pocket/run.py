"""Cloud Run's Admin API (v2) for those who run jobs and watch executions.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.app import Route, product
from infra.local.pocket.errors import ApiError
from infra.local.pocket.executions import Execution, Executions, Overrides, State
from infra.local.timeline import utc_text
from infra.local.wiring import Wiring

# https://cloud.google.com/run/docs/reference/rest/v2/Condition#State
CONDITION = {
    State.PENDING: "CONDITION_PENDING",
    State.RUNNING: "CONDITION_RECONCILING",
    State.SUCCEEDED: "CONDITION_SUCCEEDED",
    State.FAILED: "CONDITION_FAILED",
    State.CANCELLED: "CONDITION_FAILED",
}
_EXECUTION_TYPE = "type.googleapis.com/google.cloud.run.v2.Execution"
_UNKNOWN = 2  # google.rpc.Code of a failed execution's operation in Cloud Run


def run_blueprint(executions: Executions, wiring: Wiring, access: Access) -> Blueprint:
    """The jobs of `executions`; a call needs a grant."""
    api = _Run(executions, wiring, access)
    jobs = f"/v2/{api.location}/jobs"
    routes: list[Route] = [
        ("GET", f"{jobs}/<job>", api.get_job),
        ("POST", f"{jobs}/<job>:run", api.run_job),
        ("GET", f"{jobs}/<job>/executions", api.list_executions),
        ("GET", f"{jobs}/<job>/executions/<execution>", api.get_execution),
        ("GET", f"/v2/{api.location}/operations/<operation>", api.get_operation),
    ]
    return product("run", routes)


class _Run:
    """The calls; each answers Google's JSON or raises ApiError 401, 403 or 404.

    An operation has the name of its execution, so it is not stored.
    """

    def __init__(self, executions: Executions, wiring: Wiring, access: Access) -> None:
        self.location = f"projects/{wiring.project}/locations/{wiring.region}"
        self._executions = executions
        self._access = access

    def get_job(self, job: str) -> Response:
        self._admit("run.jobs.get", job)
        return jsonify(self._job(job))

    def run_job(self, job: str) -> Response:
        member = self._admit("run.jobs.run", job)
        asked = (request.get_json(force=True, silent=True) or {}).get("overrides")
        if asked:
            self._access.require(member, "run.jobs.runWithOverrides", f"jobs/{job}")
        who, overrides = member.partition(":")[2], _overrides(asked or {})
        return jsonify(self._operation(self._executions.run(job, who=who, overrides=overrides)))

    def list_executions(self, job: str) -> Response:
        self._admit("run.executions.list", job)
        return jsonify(executions=[self._execution(one) for one in self._executions.of(job)])

    def get_execution(self, job: str, execution: str) -> Response:
        self._admit("run.executions.get", job)
        return jsonify(self._execution(self._find(execution)))

    def get_operation(self, operation: str) -> Response:
        execution = self._find(operation)
        self._admit("run.operations.get", execution.job)
        return jsonify(self._operation(execution))

    def _admit(self, permission: str, job: str) -> str:
        """The caller's member, where the wiring names the job and a grant allows the call."""
        member = self._access.caller(request)
        if job not in self._executions.jobs:
            raise ApiError(404, "notFound", f"Resource '{job}' of kind 'JOB' does not exist.")
        self._access.require(member, permission, f"jobs/{job}")
        return member

    def _find(self, name: str) -> Execution:
        if name not in self._executions.executions:
            problem = f"Resource '{name}' of kind 'EXECUTION' does not exist."
            raise ApiError(404, "notFound", problem)
        return self._executions.executions[name]

    def _job(self, name: str) -> dict[str, Any]:
        container = self._executions.jobs[name].container
        task = {
            "maxRetries": container.max_retries,
            "timeout": f"{container.timeout_s:g}s",
            "serviceAccount": container.service_account,
            "containers": [{"args": list(container.args)}],
        }
        executions = self._executions.of(name)
        resource = {
            "name": f"{self.location}/jobs/{name}",
            "template": {
                "taskCount": container.task_count,
                "parallelism": container.parallelism,
                "template": task,
            },
            "executionCount": len(executions),
        }
        if executions:
            latest = {"name": executions[0].name, "createTime": utc_text(executions[0].created)}
            resource["latestCreatedExecution"] = latest
        return resource

    def _execution(self, execution: Execution) -> dict[str, Any]:
        times = {
            "createTime": execution.created,
            "startTime": execution.started,
            "completionTime": execution.completed,
        }
        return {
            "name": f"{self.location}/jobs/{execution.job}/executions/{execution.name}",
            "uid": execution.name,
            "job": execution.job,
            "taskCount": len(execution.tasks),
            "parallelism": self._executions.jobs[execution.job].container.parallelism,
            "runningCount": execution.count(State.RUNNING),
            "succeededCount": execution.count(State.SUCCEEDED),
            "failedCount": execution.count(State.FAILED),
            "cancelledCount": execution.count(State.CANCELLED),
            "retriedCount": execution.retried_tasks,
            "conditions": [_condition(execution)],
        } | {member: utc_text(moment) for member, moment in times.items() if moment}

    def _operation(self, execution: Execution) -> dict[str, Any]:
        resource = {"@type": _EXECUTION_TYPE} | self._execution(execution)
        operation: dict[str, Any] = {
            "name": f"{self.location}/operations/{execution.name}",
            "metadata": resource,
        }
        if execution.state is State.SUCCEEDED:
            return operation | {"done": True, "response": resource}
        if execution.completed:
            error = {"code": _UNKNOWN, "message": execution.message}
            return operation | {"done": True, "error": error}
        return operation | {"done": False}


def _overrides(asked: dict[str, Any]) -> Overrides:
    """Arguments and number of tasks; the other members are not imitated. Raises ApiError.

    https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run#Overrides
    """
    containers = asked.get("containerOverrides", [{}])
    unknown = {*asked} - {"containerOverrides", "taskCount"} | {*containers[0]} - {"args"}
    if unknown or len(containers) > 1:
        what = ", ".join(sorted(unknown)) or "several containers"
        raise ApiError(501, "notImplemented", f"The pocket cloud overrides no {what}.")
    args = containers[0].get("args")
    return Overrides(None if args is None else tuple(args), asked.get("taskCount"))


def _condition(execution: Execution) -> dict[str, str]:
    state, message = CONDITION[execution.state], execution.message
    condition = {"type": "Completed", "state": state, "message": message}
    if execution.state is State.CANCELLED:
        condition["executionReason"] = "CANCELLED"
    return condition

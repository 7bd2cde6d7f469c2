"""Who may do what: the wiring's grants, enforced on every call as Google's IAM enforces them."""

from collections import defaultdict

from flask import Request

from infra.local.conditions import Asked
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.wiring import Grant, Wiring


class Access:
    """The grants of `wiring` and the callers that it names."""

    def __init__(self, wiring: Wiring, identity: Identity) -> None:
        self._identity = identity
        machines = (*wiring.service_accounts, *wiring.agents.values())
        self._members = {email: f"serviceAccount:{email}" for email in machines}
        self._members |= {member.removeprefix("user:"): member for member in wiring.people.values()}
        self._grants: dict[tuple[str, str], list[Grant]] = defaultdict(list)
        for grant in wiring.grants:
            self._grants[grant.member, grant.resource].append(grant)

    def caller(self, request: Request) -> str:
        """Member (`serviceAccount:x`, `user:x`) whose access token this is.

        Raises ApiError 401, and 403 where the call counts against a project that is not theirs:
        https://cloud.google.com/docs/quotas/quota-project.
        """
        authorization = request.authorization
        if authorization is None or authorization.type != "bearer" or not authorization.token:
            raise ApiError(401, "required", "Login Required: the request has no access token.")
        email = self._identity.owner_of(authorization.token)
        if email not in self._members:
            raise ApiError(401, "authError", f"The wiring no longer names {email}.")
        member = self._members[email]
        if project := request.headers.get("X-Goog-User-Project"):
            self.require(member, "serviceusage.services.use", f"projects/{project}")
        return member

    def allows(
        self,
        member: str,
        permission: str,
        resource: str,
        object_name: str | None = None,
        list_prefix: str = "",
    ) -> bool:
        """Whether a grant gives `member` this on `resource` (`buckets/x`, `topics/x`, ...)."""
        name = f"projects/_/{resource}" + ("" if object_name is None else f"/objects/{object_name}")
        asked = Asked(name, list_prefix)
        return any(
            permission in grant.permissions and grant.holds(asked)
            for grant in self._grants.get((member, resource), ())
        )

    def require(
        self,
        member: str,
        permission: str,
        resource: str,
        object_name: str | None = None,
        list_prefix: str = "",
    ) -> None:
        """Raise ApiError 403 where `allows` says no."""
        if not self.allows(member, permission, resource, object_name, list_prefix):
            what = resource if object_name is None else f"{resource}/objects/{object_name}"
            email = member.partition(":")[2]
            refused = f"{email} does not have {permission} access to {what}."
            denied = f"Permission '{permission}' denied on resource '{what}' (or it may not exist)."
            raise ApiError(403, "forbidden", f"{refused} {denied}")

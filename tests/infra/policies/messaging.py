"""No message is lost silently."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.policies.deployment import Deployment, Resource, last, policy, seconds

DAY_S = 86400
PUBLISHER, SUBSCRIBER = "roles/pubsub.publisher", "roles/pubsub.subscriber"


@policy
def subscriptions_have_dead_letters(deployed: Deployment) -> Iterator[str]:
    """With a number of attempts: left out, every plan shows a difference."""
    for subscription in _sources(deployed):
        policy = subscription.block("dead_letter_policy")
        if not policy.get("dead_letter_topic"):
            yield f"{subscription.address} has no dead-letter topic"
        elif not 5 <= (policy.get("max_delivery_attempts") or 0) <= 100:
            yield f"{subscription.address} says no number of attempts from 5 to 100"


@policy
def subscriptions_retry_later_and_later(deployed: Deployment) -> Iterator[str]:
    """Back-off within the 0 to 600 s that Pub/Sub takes."""
    for subscription in {
        one.address: one for one in (*_sources(deployed), *_pushed(deployed))
    }.values():
        policy = subscription.block("retry_policy")
        low, high = seconds(policy.get("minimum_backoff")), seconds(policy.get("maximum_backoff"))
        if not 0 < low <= high <= 600:
            yield f"{subscription.address} retries after {policy or 'no time at all'}"


@policy
def subscriptions_keep_messages_for_days(deployed: Deployment) -> Iterator[str]:
    """Longer than a day: somebody looks on Monday."""
    for subscription in deployed.of("pubsub_subscription"):
        if not DAY_S < seconds(subscription.values.get("message_retention_duration")) <= 31 * DAY_S:
            yield (
                f"{subscription.address} keeps messages"
                f" {subscription.values.get('message_retention_duration')}"
            )


@policy
def subscriptions_never_expire(deployed: Deployment) -> Iterator[str]:
    """By default one that nothing used for 31 days is deleted."""
    for subscription in deployed.of("pubsub_subscription"):
        if subscription.block("expiration_policy").get("ttl") != "":
            yield f"{subscription.address} expires"


@policy
def pushes_are_authenticated(deployed: Deployment) -> Iterator[str]:
    """By a token of the pusher for the endpoint: the service's address, not the function's."""
    addresses = {
        f.block("service_config").get("uri") for f in deployed.of("cloudfunctions2_function")
    }
    for subscription in _pushed(deployed):
        push, token = (
            subscription.block("push_config"),
            subscription.block("push_config", "oidc_token"),
        )
        account = token.get("service_account_email")
        if f"serviceAccount:{account}" != deployed.member("pusher") or token.get(
            "audience"
        ) != push.get("push_endpoint"):
            yield f"{subscription.address} pushes without a token of the pusher for its endpoint"
        if push.get("push_endpoint") not in addresses:
            yield (
                f"{subscription.address} pushes to {push.get('push_endpoint')}, which is no"
                " function"
            )


@policy
def pushes_wait_for_the_function(deployed: Deployment) -> Iterator[str]:
    """A deadline below the function's time-out delivers a message again while it is handled."""
    longest = max(
        (
            f.block("service_config").get("timeout_seconds") or 60
            for f in deployed.of("cloudfunctions2_function")
        ),
        default=0,
    )
    for subscription in _pushed(deployed):
        if not longest < (subscription.values.get("ack_deadline_seconds") or 10) <= 600:
            yield (
                f"{subscription.address} waits {subscription.values.get('ack_deadline_seconds')} s"
            )


@policy
def laid_messages_are_lines_below_a_prefix(deployed: Deployment) -> Iterator[str]:
    """As text, below feedback/, and acknowledged in time: else they come twice, or start a run."""
    for subscription in deployed.of("pubsub_subscription"):
        if not (laid := subscription.block("cloud_storage_config")):
            continue
        ends = (laid.get("filename_prefix"), laid.get("filename_suffix"))
        if ends != ("feedback/", ".jsonl") or not laid.get("text_config"):
            yield f"{subscription.address} lays no JSON lines below feedback/"
        lasts, deadline = laid.get("max_duration"), subscription.values["ack_deadline_seconds"]
        if not 60 <= seconds(lasts) <= deadline:
            yield f"{subscription.address} keeps a file open for {lasts}"
        for role in ("roles/storage.objectCreator", "roles/storage.legacyBucketReader"):
            if not deployed.allows(deployed.pubsub_agent, role, f"bucket/{laid['bucket']}"):
                yield f"{subscription.address}: Pub/Sub's agent lacks {role}"


@policy
def dead_letters_are_kept(deployed: Deployment) -> Iterator[str]:
    """A topic that nobody can pull from forgets its messages: what is pushed is gone."""
    found = (s for s in deployed.of("pubsub_subscription") if not s.block("push_config"))
    for topic in _dead_letter_topics(deployed) - {last(s.values["topic"]) for s in found}:
        yield f"{topic} has no subscription"


@policy
def agent_may_forward_dead_letters(deployed: Deployment) -> Iterator[str]:
    """Pub/Sub's agent publishes them and acknowledges the originals; else they are lost."""
    agent = deployed.pubsub_agent
    for topic in _dead_letter_topics(deployed):
        if not deployed.allows(agent, PUBLISHER, f"topic/{topic}"):
            yield f"{topic}: Pub/Sub's agent may not publish"
    for subscription in _sources(deployed):
        if not deployed.allows(agent, SUBSCRIBER, f"subscription/{subscription.name}"):
            yield f"{subscription.address}: Pub/Sub's agent may not acknowledge"


@policy
def agent_may_sign_as_pusher(deployed: Deployment) -> Iterator[str]:
    """For the pusher only: it could act as any other account that it may sign for.

    An account that signs for itself opens nothing that it has not.
    """
    pusher = f"account/{deployed.member('pusher').removeprefix('serviceAccount:')}"
    role = "roles/iam.serviceAccountTokenCreator"
    if not deployed.allows(deployed.pubsub_agent, role, pusher):
        yield f"{pusher}: Pub/Sub's agent may not sign"
    for grant in deployed.grants(role=role):
        own = grant.on.removeprefix("account/") == grant.member.removeprefix("serviceAccount:")
        if not own and (grant.on != pusher or grant.member != deployed.pubsub_agent):
            yield f"{grant.address} lets {grant.member} act as {grant.on}"


@policy
def notifications_tell_of_incoming_only(deployed: Deployment) -> Iterator[str]:
    """Without the prefix the job's receipts would start it again; the agent must publish."""
    for notification in deployed.of("storage_notification"):
        if notification.values.get("object_name_prefix") != "incoming/":
            yield (
                f"{notification.address} tells of"
                f" {notification.values.get('object_name_prefix') or 'everything'}"
            )
        if notification.values.get("payload_format") != "JSON_API_V1":
            yield f"{notification.address} sends {notification.values.get('payload_format')}"
        topic = last(notification.values["topic"])
        if not deployed.allows(deployed.storage_agent, PUBLISHER, f"topic/{topic}"):
            yield f"{notification.address}: Cloud Storage's agent may not publish to {topic}"


def _sources(deployed: Deployment) -> Iterator[Resource]:
    """Subscriptions other than the one of the dead letters themselves."""
    dead = _dead_letter_topics(deployed)
    return (s for s in deployed.of("pubsub_subscription") if last(s.values["topic"]) not in dead)


def _pushed(deployed: Deployment) -> Iterator[Resource]:
    """What pushes, dead letters too; and sources that neither push nor lay into a bucket."""
    sources = {one.address for one in _sources(deployed)}
    for found in deployed.of("pubsub_subscription"):
        is_source = found.address in sources and not found.block("cloud_storage_config")
        if is_source or found.block("push_config"):
            yield found


def _dead_letter_topics(deployed: Deployment) -> set[str]:
    named = (
        s.block("dead_letter_policy").get("dead_letter_topic")
        for s in deployed.of("pubsub_subscription")
    )
    return {deployed.called("dead-letters")} | {last(topic) for topic in named if topic}

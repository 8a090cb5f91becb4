#!/usr/bin/env python3
"""Reads everything with the official client, which is strict: a missing required key, a null where a uuid, a date or an enum
must stand, an unknown enum value or a wrong success code raise. On top of that every parsed value is compared with the type that
the client declares for it, because the client itself lets a number pass where it promises text.

    strict.py --url URL --token STAFF_TOKEN [--user-token TOKEN [--make-owner]] [--unsent]

Which functions: every list and retrieve (all GETs) in the client's modules for TAGS, found by looking into the package. What the
server doesn't offer in its own /api/schema/ is skipped and counted, except MUST, which has to be there. Lists are also read page
by page (sync_all) and compared with HEAD (…_count). With --user-token everything is read again by an ordinary user, who may be
refused (403, 404), but never gets an answer that doesn't parse. --make-owner first makes that user an owner of the organizations
that staff sees on the first page, so that there is something to read.
"""

import argparse
import datetime
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import typing
import uuid as uuids
from collections import Counter, defaultdict

import attrs
import httpx
import waldur_api_client.api
from waldur_api_client import AuthenticatedClient
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.types import File, Unset

TAGS = """users customers projects project_types organization_groups roles user_permissions keys access_subnets service_settings
customer_quotas project_quotas metadata version configuration auth_tokens events events_stats marketplace_categories
marketplace_service_providers marketplace_provider_offerings marketplace_public_offerings marketplace_plans marketplace_orders
marketplace_resources marketplace_provider_resources user_invitations user_group_invitations user_permission_requests
identity_providers autoprovisioning_rules api_auth hooks hooks_web hooks_email event_subscriptions event_subscription_queues
event_consumers user_actions user_action_executions user_action_providers user_agreements data_access_logs
customer_permissions_reviews project_permissions_reviews email_logs override_settings feature_values identity_bridge external_links
admin_announcements notification_messages notification_messages_templates personal_access_tokens passkeys
staff_passkeys""".split()

# These must be offered; the demo store must hold at least one thing of each that ends in _retrieve.
MUST = """users_list users_retrieve users_me_retrieve customers_list customers_retrieve customers_countries_list customers_list_users_list
projects_list projects_retrieve projects_list_users_list project_types_list project_types_retrieve organization_groups_list
organization_groups_retrieve roles_list roles_retrieve user_permissions_list user_permissions_retrieve keys_list keys_retrieve access_subnets_list
access_subnets_retrieve service_settings_list customer_quotas_list project_quotas_list metadata_events_retrieve
metadata_permissions_retrieve version_retrieve configuration_retrieve auth_tokens_list auth_tokens_retrieve events_list
events_stats_list marketplace_categories_list marketplace_categories_retrieve marketplace_service_providers_list
marketplace_service_providers_retrieve marketplace_provider_offerings_list marketplace_provider_offerings_retrieve
marketplace_public_offerings_list marketplace_public_offerings_retrieve marketplace_plans_list marketplace_plans_retrieve
marketplace_orders_list marketplace_orders_retrieve marketplace_resources_list marketplace_resources_retrieve
marketplace_provider_resources_list marketplace_provider_resources_retrieve user_invitations_list user_invitations_retrieve
user_group_invitations_list user_group_invitations_retrieve user_permission_requests_list user_permission_requests_retrieve
identity_providers_list autoprovisioning_rules_list autoprovisioning_rules_retrieve hooks_list hooks_web_list hooks_web_retrieve
hooks_email_list hooks_email_retrieve event_subscriptions_list event_subscriptions_retrieve event_subscription_queues_list
event_consumers_list user_actions_list user_action_executions_list user_action_providers_list
user_agreements_list user_agreements_retrieve data_access_logs_list
customer_permissions_reviews_list project_permissions_reviews_list email_logs_list override_settings_retrieve
external_links_list external_links_retrieve admin_announcements_list admin_announcements_retrieve notification_messages_list
notification_messages_retrieve notification_messages_templates_list notification_messages_templates_retrieve
personal_access_tokens_list personal_access_tokens_retrieve passkeys_list staff_passkeys_list""".split()

# Where the declared type is known to be wrong about the real thing. Key: "Model.key"; the reason is printed with --unsent.
DECLARED_WRONGLY = {
    "NestedPriceEstimate.total": "declared as text; the original sends numbers",
    "NestedPriceEstimate.current": "declared as text; the original sends numbers",
    "NestedPriceEstimate.tax": "declared as text; the original sends numbers",
    "NestedPriceEstimate.tax_current": "declared as text; the original sends numbers",
    "BasePublicPlan.minimal_price": "declared as text; the official description has a number",
    "BaseProviderPlan.minimal_price": "declared as text; the official description has a number",
    "ProviderPlanDetails.minimal_price": "declared as text; the official description has a number",
    "ConstanceSettings.docker_client": "declared as text; the setting is an object",
    "ConstanceSettings.docker_images": "declared as text; the setting is an object",
    "ConstanceSettings.docker_run_options": "declared as text; the setting is an object",
    "ConstanceSettings.user_actions_default_expiration_reminders": "declared as texts; the setting is of numbers of days",
    "Rule.category_url": "a rule without a plan has none",
    "PlanUsageResponse.limit": "a plan without a limit has none",
    "PlanUsageResponse.remaining": "a plan without a limit has none",
}

# What a setting switches off or a thing does not have, and how the original says so.
SWITCHED_OFF = {
    "customers_project_digest_config_retrieve": (400,),
    "api_auth_saml2_logout_complete_retrieve": (401,),
    "api_auth_saml2_logout_retrieve": (401,),
    "user_group_invitations_projects_list": (404,),  # an invitation to a project
}

SAMPLES = 5  # how many things of each list are retrieved one by one


class Report:
    def __init__(self) -> None:
        self.failures: list[str] = []
        self.counts: Counter[str] = Counter()
        self.skipped: dict[str, str] = {}
        self.sent: dict[str, set[str]] = defaultdict(set)
        self.declared: dict[str, set[str]] = {}

    def fail(self, where: str, what: str) -> None:
        self.failures.append(f"{where}: {what}")
        print(f"FAIL {where}: {what}", flush=True)


class Operation:
    """One generated module: its method, its path and its functions."""

    def __init__(self, tag: str, module) -> None:
        self.tag, self.module = tag, module
        self.name = module.__name__.rsplit(".", 1)[1]
        source = inspect.getsource(module._get_kwargs)
        self.method = re.search(r'"method": "(\w+)"', source).group(1)
        self.path = re.search(r'"url": f?"([^"]+)"', source).group(1)
        parameters = inspect.signature(module.sync_detailed).parameters.values()
        self.in_path = {p.name: p.annotation for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
        self.needed = {p.name: p.annotation for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty and p.name != "client"}
        self.known = {p.name for p in parameters}

    def call(self, function: str, client: AuthenticatedClient, path_values=(), **more):
        return getattr(self.module, function)(*path_values, client=client, **more)

    def shape(self) -> tuple[str, str]:
        return self.method, re.sub(r"\{[^}]+\}", "{}", self.path)


def operations() -> list[Operation]:
    found = []
    for tag in TAGS:
        package = importlib.import_module(f"waldur_api_client.api.{tag}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            loaded = importlib.import_module(f"waldur_api_client.api.{tag}.{module.name}")
            if hasattr(loaded, "_get_kwargs"):
                found.append(Operation(tag, loaded))
    return found


def offered_by(url: str, token: str) -> set[tuple[str, str]]:
    """Method and path of everything in the server's own description."""
    answer = httpx.get(f"{url}/api/schema/", headers={"Authorization": f"Token {token}", "Accept": "application/json"}, timeout=60)
    answer.raise_for_status()
    try:
        schema = answer.json()
    except ValueError:
        import yaml

        schema = yaml.safe_load(answer.text)
    offered = set()
    for path, methods in schema["paths"].items():
        for method in methods:
            if method in ("get", "head", "post", "put", "patch", "delete"):
                offered.add((method, re.sub(r"\{[^}]+\}", "{}", path)))
    return offered


# --- values against declared types -----------------------------------------------------------------------------------


def fits(value, hint) -> bool:
    """Is `value` what the annotation says? Nested models are checked on their own, so the name is enough for them."""
    if hint is typing.Any or isinstance(value, Unset):
        return True
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return type(value).__name__ == hint.strip("'\"")
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        return any(fits(value, one) for one in typing.get_args(hint))
    if origin is list:
        return isinstance(value, list) and all(fits(item, typing.get_args(hint)[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, typing.get_args(hint)[1]) for item in value.values())
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is Unset or hint is File:
        return False
    if hint is datetime.date:
        return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
    if hint is datetime.datetime:
        return isinstance(value, datetime.datetime) and value.tzinfo is not None
    return isinstance(value, hint) if isinstance(hint, type) else True


def unlike(value, where: str, report: Report) -> typing.Iterator[str]:
    """Every place in a parsed answer where a value isn't of its declared type."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from unlike(item, where, report)
    elif attrs.has(type(value)):
        model = type(value).__name__
        fields = [f for f in attrs.fields(type(value)) if f.name != "additional_properties"]
        report.declared.setdefault(model, {f.name for f in fields})
        for field in fields:
            inner = getattr(value, field.name)
            if isinstance(inner, Unset):
                continue
            report.sent[model].add(field.name)
            name = f"{model}.{field.name.rstrip('_')}"
            if not fits(inner, field.type) and name not in DECLARED_WRONGLY:
                shown = inner.value if isinstance(inner, enum.Enum) else inner
                yield f"{name} is {type(inner).__name__} {str(shown)[:80]!r}, declared {str(field.type).replace('typing.', '')}"
            yield from unlike(inner, f"{where}.{field.name}", report)
        more = getattr(value, "additional_properties", None)
        if isinstance(more, dict) and not fields:
            for inner in more.values():
                yield from unlike(inner, where, report)


# --- finding things to retrieve --------------------------------------------------------------------------------------


class Ids:
    """Ids that lists gave, by the path of the list."""

    def __init__(self) -> None:
        self.by_list: dict[str, list[str]] = defaultdict(list)

    def learn(self, path: str, items) -> None:
        for item in items if isinstance(items, list) else []:
            url, uuid = getattr(item, "url", None), getattr(item, "uuid", None)
            known = self.by_list[path]
            if path == "/api/auth-tokens/" and isinstance(url, str):
                found = url.rstrip("/").rsplit("/", 1)[-1]  # the only list that is addressed by a number
            elif isinstance(uuid, uuids.UUID):
                found = str(uuid)
            else:
                continue
            if found not in known:
                known.append(found)

    OTHERS = {
        "customer_uuid": "/api/customers/",
        "project_uuid": "/api/projects/",
        "service_provider_uuid": "/api/marketplace-service-providers/",
        "user_uuid": "/api/users/",
        "offering_uuid": "/api/marketplace-provider-offerings/",
        "order_uuid": "/api/marketplace-orders/",
        "plan_uuid": "/api/marketplace-plans/",
        "component_uuid": "/api/marketplace-plans/",
    }

    def choices(self, operation: Operation) -> list[tuple]:
        """Some values for the operation's path; none if nothing of the kind is known."""
        columns = []
        for name, annotation in operation.in_path.items():
            before = operation.path.split("{" + name + "}")[0]
            known = self.by_list.get(before) or self.by_list.get(self.OTHERS.get(name, ""), [])
            try:
                columns.append([annotation(value) for value in known] if isinstance(annotation, type) else list(known))
            except ValueError:
                columns.append([])
        if not columns:
            return [()]
        return list(zip(*columns))[:SAMPLES] if len(columns) == 1 else [(a, b) for a in columns[0][:SAMPLES] for b in columns[1][:SAMPLES]]


def fill(needed: dict, ids: Ids) -> dict | None:
    """Values for the query parameters that the client insists on; none if nothing fits."""
    values = {}
    for name, annotation in needed.items():
        known = ids.by_list.get({"parent_uuid": "/api/customers/", "project_customer_uuid": "/api/customers/"}.get(name, ids.OTHERS.get(name, "")), [])
        if name == "timestamp":
            values[name] = datetime.datetime.now(datetime.timezone.utc).isoformat()
        elif name == "username":
            values[name] = "nobody"
        elif known:
            values[name] = [uuids.UUID(known[0])] if typing.get_origin(annotation) is list else uuids.UUID(known[0])
        else:
            return None
    return values


# --- the run ---------------------------------------------------------------------------------------------------------


def read(operation: Operation, client: AuthenticatedClient, values, report: Report, who: str, may_refuse: bool, function="sync", **more):
    """One call. Gives the parsed answer, or None when it was refused or wrong."""
    name = f"{who} {operation.name}{'' if function == 'sync' else ' ' + function}{' ' + ' '.join(map(str, values)) if values else ''}"
    report.counts[f"{who}: calls"] += 1
    try:
        parsed = operation.call(function, client, values, **more)
    except UnexpectedStatus as answer:
        if answer.status_code in SWITCHED_OFF.get(operation.name, ()):
            report.counts[f"{who}: switched off"] += 1
        elif may_refuse and answer.status_code in (403, 404):
            report.counts[f"{who}: refused"] += 1
        else:
            report.fail(name, f"status {answer.status_code}: {answer.content[:300].decode(errors='replace')}")
        return None
    except httpx.HTTPError as problem:
        report.fail(name, f"no answer: {problem!r}")
        return None
    except Exception as problem:  # the client's parser raises whatever dict.pop, UUID, isoparse or Enum raise
        trace = problem.__traceback__
        model = ""
        while trace:
            if trace.tb_frame.f_code.co_name == "from_dict":
                model = f" in {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
            trace = trace.tb_next
        report.fail(name, f"the client can't parse it: {type(problem).__name__}: {problem}{model}")
        return None
    for complaint in sorted(set(unlike(parsed, operation.name, report))):
        report.fail(name, complaint)
    return parsed


def read_all(found: list[Operation], offered, client, report: Report, who: str, staff: bool) -> None:
    ids, by_shape = Ids(), {o.shape(): o for o in found}
    gets = [o for o in found if o.method == "get"]
    # First what needs no id, because it tells the ids for the rest; shorter paths first.
    gets.sort(key=lambda o: (len(o.in_path) + len(o.needed), len(o.path)))
    for operation in gets:
        if operation.shape() not in offered:
            if staff:
                report.skipped[operation.name] = "not offered"
                if operation.name in MUST:
                    report.fail(operation.name, f"GET {operation.path} is not in the server's description")
            continue
        more = fill(operation.needed, ids)
        if more is None or not hasattr(operation.module, "sync"):
            report.skipped[operation.name] = f"needs {', '.join(operation.needed)}" if more is None else "no body to parse"
            continue
        choices = ids.choices(operation)
        if not choices:
            report.skipped[operation.name] = "nothing to ask for in this store"
            if staff and operation.name in MUST:
                report.fail(operation.name, "the store holds nothing to retrieve")
        may_refuse = not staff or bool(operation.needed) or len(operation.in_path) > 1
        for values in choices:
            parsed = read(operation, client, values, report, who, may_refuse, **more)
            if not isinstance(parsed, list):
                continue
            if not values:
                ids.learn(operation.path, parsed)
            if staff and operation.name in MUST and not parsed and not values:
                report.counts["empty lists"] += 1
                print(f"note {operation.name}: the list is empty in this store", flush=True)
            if not values and "page" in operation.known:
                pages(operation, by_shape.get(("head", operation.shape()[1])), offered, client, report, who, ids, more)


def pages(operation, head, offered, client, report: Report, who: str, ids: Ids, more) -> None:
    """All pages together hold what HEAD counts, each thing once; a page of one holds one."""
    everything = read(operation, client, (), report, who, True, function="sync_all", **more) if hasattr(operation.module, "sync_all") else None
    if everything is None:
        return
    ids.learn(operation.path, everything)
    uuid_list = [i.uuid for i in everything if isinstance(getattr(i, "uuid", None), uuids.UUID)]
    if len(set(uuid_list)) != len(uuid_list):
        report.fail(f"{who} {operation.name}", "reading all pages gives things twice")
    moving = operation.path.startswith(("/api/events", "/api/auth-tokens"))  # reading may itself add to these
    if head is not None and head.shape() in offered and not head.in_path:
        counted = read(head, client, (), report, who, True, **(fill(head.needed, ids) or {}))
        if counted is not None and counted != len(everything) and not moving:
            report.fail(f"{who} {operation.name}", f"HEAD counts {counted}, all pages hold {len(everything)}")
    one = read(operation, client, (), report, who, True, page=1, page_size=1, **more)
    if one is not None and len(one) != min(1, len(everything)):
        report.fail(f"{who} {operation.name}", f"page_size=1 gives {len(one)}")


def make_owner(url: str, staff_token: str, user_token: str) -> None:
    from waldur_api_client.api.customers import customers_add_user, customers_list
    from waldur_api_client.api.users import users_me_retrieve
    from waldur_api_client.models.user_role_create_request import UserRoleCreateRequest

    staff = AuthenticatedClient(base_url=url, token=staff_token, timeout=httpx.Timeout(60.0))
    me = users_me_retrieve.sync(client=AuthenticatedClient(base_url=url, token=user_token, timeout=httpx.Timeout(60.0)))
    for organization in customers_list.sync(client=staff):
        # 400 is no exception for this call of the client: a repeated run finds the role already there
        customers_add_user.sync_detailed(organization.uuid, client=staff, body=UserRoleCreateRequest(role="CUSTOMER.OWNER", user=me.uuid))


def make_subnet(url: str, token: str) -> None:
    """The demo has no access subnet, because one would shut its people out: this one is for an organization of its own."""
    headers = {"Authorization": f"Token {token}"}
    made = httpx.post(f"{url}/api/customers/", json={"name": "Behind a wall"}, headers=headers).raise_for_status().json()
    subnet = {"customer": made["url"], "inet": "10.1.2.3/32"}
    httpx.post(f"{url}/api/access-subnets/", json=subnet, headers=headers).raise_for_status()


def make_ways_in(url: str, token: str) -> None:
    """What people come in by, what they keep, and what staff tell them: one of each, of the staff user or of an organization."""
    http = httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}, timeout=60)

    def made(path: str, body: dict) -> dict:
        answer = http.post(path, json=body)
        assert answer.is_success, f"POST {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else {}

    def role(name: str) -> str:
        return next(one["uuid"] for one in http.get("/api/roles/", params={"name": name, "page_size": 100}).json() if one["name"] == name)

    settings = {"PAT_ENABLED": True, "USER_ACTIONS_ENABLED": True, "USER_ACTIONS_PENDING_ORDER_HOURS": 0, "USER_DATA_ACCESS_LOGGING_ENABLED": True}
    made("/api/override-settings/", settings)
    me = http.get("/api/users/me/").json()
    http.patch(f"/api/users/{me['uuid']}/", json={"can_use_personal_access_tokens": True, "agree_with_policy": True}).raise_for_status()
    organization = made("/api/customers/", {"name": "Ways in"})
    project = made("/api/projects/", {"name": "Ways in", "customer": organization["url"]})
    for scope, name in ((project, "PROJECT.MEMBER"), (organization, "CUSTOMER.OWNER")):
        made("/api/user-invitations/", {"scope": scope["url"], "role": role(name), "email": "in@example.org"})
        link = made("/api/user-group-invitations/", {"scope": scope["url"], "role": role(name)})
        made(f"/api/user-group-invitations/{link['uuid']}/submit_request/", {})
    rule = {"name": "Students", "user_email_patterns": ["@uni\\.example$"], "customer": organization["url"], "project_role": role("PROJECT.ADMIN")}
    made("/api/autoprovisioning-rules/", rule)
    made("/api/hooks-web/", {"destination_url": "https://hooks.example.org/", "event_groups": ["users"]})
    made("/api/hooks-email/", {"email": "kit-staff@example.org", "event_groups": ["users"]})
    subscription = made("/api/event-subscriptions/", {"observable_objects": [{"object_type": "order"}]})
    offering = http.get("/api/marketplace-provider-offerings/", params={"page_size": 1}).json()[0]
    made(f"/api/event-subscriptions/{subscription['uuid']}/create_queue/", {"offering_uuid": offering["uuid"], "object_type": "order"})
    made("/api/event-consumers/register/", {"object_types": ["order"], "scopes": [{"type": "offering", "uuid": offering["uuid"]}]})
    now = datetime.datetime.now(datetime.timezone.utc)
    later = [(now + datetime.timedelta(days=days)).isoformat() for days in (-1, 1)]
    made("/api/admin-announcements/", {"description": "Maintenance", "active_from": later[0], "active_to": later[1], "type": "warning"})
    made("/api/external-links/", {"name": "Docs", "link": "https://docs.example.org/"})
    made("/api/user-agreements/", {"content": "One.", "agreement_type": "TOS"})
    made("/api/personal-access-tokens/", {"name": "laptop", "scopes": ["PROJECT.UPDATE"], "expires_at": later[1]})
    made("/api/user-actions/update_actions/", {})


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--url", required=True)
    args.add_argument("--token", required=True, help="a staff user's token")
    args.add_argument("--user-token", help="an ordinary user's token")
    args.add_argument("--make-owner", action="store_true", help="give that user the role of an owner first")
    args.add_argument("--unsent", action="store_true", help="also list the keys that the client knows and the server never sent")
    args = args.parse_args()
    url, report = args.url.rstrip("/"), Report()
    found, offered = operations(), offered_by(url, args.token)
    unknown = set(MUST) - {o.name for o in found}
    assert not unknown, f"MUST names what the client doesn't have: {sorted(unknown)}"

    timeout = httpx.Timeout(60.0)
    make_subnet(url, args.token)
    make_ways_in(url, args.token)
    read_all(found, offered, AuthenticatedClient(base_url=url, token=args.token, timeout=timeout), report, "staff", True)
    if args.user_token and args.make_owner:
        make_owner(url, args.token, args.user_token)
    if args.user_token:
        read_all(found, offered, AuthenticatedClient(base_url=url, token=args.user_token, timeout=timeout), report, "user", False)

    if args.unsent:
        for model in sorted(report.declared):
            unsent = sorted(report.declared[model] - report.sent[model])
            if unsent:
                print(f"unsent {model}: {', '.join(unsent)}")
        for name, reason in DECLARED_WRONGLY.items():
            print(f"allowed {name}: {reason}")
    reasons = Counter(report.skipped.values())
    print(f"strict: {dict(report.counts)}; skipped {dict(reasons)}")
    if report.failures:
        print(f"strict: {len(report.failures)} failures")
        return 1
    print("strict: everything parses")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A first allocation, from an empty server to a running resource, with the official Python client.

    pip install waldur-api-client==8.1.3
    stoa serve --data ./data --listen 127.0.0.1:8080 &
    echo 'a long password' | stoa admin user boss --staff --password-stdin --data ./data
    STOA_TOKEN=$(stoa admin token boss --data ./data) python3 examples/first_allocation.py --url http://127.0.0.1:8080

Seven people take part: staff; Olga, who owns an organization; Ada, who administers its project for a short while;
Max, a member of that project; Pia, who owns the organization that provides the service; Nora, who owns a third
organization; Sam, who belongs nowhere. Each step below is a few lines; read them from `main` at the bottom. Names carry a
random tail, so the script can run again and again on one server.
"""

import argparse
import datetime
import json
import os
import secrets
import sys
import time
from dataclasses import dataclass

import httpx
from waldur_api_client import AuthenticatedClient, Client
from waldur_api_client.api.api_auth import api_auth_password
from waldur_api_client.api.customers import customers_add_user, customers_create
from waldur_api_client.api.marketplace_categories import marketplace_categories_create
from waldur_api_client.api.marketplace_orders import (
    marketplace_orders_approve_by_consumer,
    marketplace_orders_approve_by_provider,
    marketplace_orders_count,
    marketplace_orders_create,
    marketplace_orders_retrieve,
    marketplace_orders_set_state_done,
)
from waldur_api_client.api.marketplace_plans import marketplace_plans_update_prices
from waldur_api_client.api.marketplace_provider_offerings import (
    marketplace_provider_offerings_activate,
    marketplace_provider_offerings_create,
)
from waldur_api_client.api.marketplace_provider_resources import marketplace_provider_resources_list
from waldur_api_client.api.marketplace_public_offerings import marketplace_public_offerings_retrieve
from waldur_api_client.api.marketplace_resources import marketplace_resources_list, marketplace_resources_retrieve
from waldur_api_client.api.marketplace_service_providers import marketplace_service_providers_create
from waldur_api_client.api.projects import (
    projects_add_user,
    projects_create,
    projects_list_users_list,
    projects_retrieve,
)
from waldur_api_client.api.roles import roles_enable, roles_list, roles_retrieve
from waldur_api_client.api.users import users_change_password, users_create, users_me_retrieve
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models.base_provider_plan_request import BaseProviderPlanRequest
from waldur_api_client.models.billing_type_enum import BillingTypeEnum
from waldur_api_client.models.billing_unit import BillingUnit
from waldur_api_client.models.customer import Customer
from waldur_api_client.models.customer_request import CustomerRequest
from waldur_api_client.models.generic_order_attributes import GenericOrderAttributes
from waldur_api_client.models.limit_period_enum import LimitPeriodEnum
from waldur_api_client.models.marketplace_category_request import MarketplaceCategoryRequest
from waldur_api_client.models.obtain_auth_token_request import ObtainAuthTokenRequest
from waldur_api_client.models.offering_component_request import OfferingComponentRequest
from waldur_api_client.models.offering_create_request import OfferingCreateRequest
from waldur_api_client.models.offering_state import OfferingState
from waldur_api_client.models.order_approve_by_provider_request import OrderApproveByProviderRequest
from waldur_api_client.models.order_create_request import OrderCreateRequest
from waldur_api_client.models.order_create_request_limits import OrderCreateRequestLimits
from waldur_api_client.models.order_details import OrderDetails
from waldur_api_client.models.order_state import OrderState
from waldur_api_client.models.password_change_request import PasswordChangeRequest
from waldur_api_client.models.prices_update_request import PricesUpdateRequest
from waldur_api_client.models.prices_update_request_prices import PricesUpdateRequestPrices
from waldur_api_client.models.project import Project
from waldur_api_client.models.project_request import ProjectRequest
from waldur_api_client.models.provider_offering_details import ProviderOfferingDetails
from waldur_api_client.models.resource_state import ResourceState
from waldur_api_client.models.service_provider_request import ServiceProviderRequest
from waldur_api_client.models.user import User
from waldur_api_client.models.user_request import UserRequest
from waldur_api_client.models.user_role_create_request import UserRoleCreateRequest

TAIL = secrets.token_hex(4)
COMPONENT = "core_hours"
STEP = "the start"


class Failed(Exception):
    """A step did not go as this tutorial says it goes."""


@dataclass
class Person:
    """Somebody who has signed in: the account, and a client that speaks for it."""

    user: User
    api: AuthenticatedClient


# --- small helpers ---------------------------------------------------------------------------------------------------


def step(words: str) -> None:
    """Says what is tried now, so that a failure can name it."""
    global STEP
    STEP = words


def ok(words: str) -> None:
    print(f"ok  {words}", flush=True)


def expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise Failed(otherwise)


def signed_in(url: str, token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=url, token=token, timeout=httpx.Timeout(30.0))


def refusal(call, *args, **kwargs) -> tuple[int, dict]:
    """Makes a call that must be refused; gives the status and the body. The client raises on every status it doesn't expect."""
    try:
        call(*args, **kwargs)
    except UnexpectedStatus as refused:
        try:
            body = json.loads(refused.content)
        except ValueError:
            raise Failed(f"refused with {refused.status_code}, but the body is no JSON: {refused.content[:200]!r}") from None
        return refused.status_code, body
    raise Failed("this was allowed, though it must be refused")


# --- the steps -------------------------------------------------------------------------------------------------------


def new_person(staff: AuthenticatedClient, url: str, name: str) -> Person:
    """Staff creates the account and sets a password; the person signs in with it and from then on uses the own token."""
    step(f"{name} gets an account and signs in")
    username, password = f"{name}-{TAIL}", f"Correct-horse-{secrets.token_hex(8)}"
    user = users_create.sync(
        client=staff,
        body=UserRequest(username=username, email=f"{username}@example.org", first_name=name.title(), last_name="Example"),
    )
    users_change_password.sync_detailed(user.uuid, client=staff, body=PasswordChangeRequest(new_password=password))
    answer = api_auth_password.sync(
        client=Client(base_url=url, timeout=httpx.Timeout(30.0)),
        body=ObtainAuthTokenRequest(username=username, password=password),
    )
    token = getattr(answer, "token", None)
    expect(bool(token), f"no token for the right password: {answer}")
    person = Person(user, signed_in(url, token))
    me = users_me_retrieve.sync(client=person.api)
    expect(me.uuid == user.uuid, f"the token of {username} signs in {me.username}")
    expect(not me.is_staff and not me.is_support, "a new account is staff or support")
    ok(f"{name} has an account and a token of their own")
    return person


def new_organization(staff: AuthenticatedClient, name: str, owner: Person) -> Customer:
    step(f"staff makes {name}")
    organization = customers_create.sync(client=staff, body=CustomerRequest(name=f"{name} {TAIL}"))
    answer = customers_add_user.sync_detailed(
        organization.uuid, client=staff, body=UserRoleCreateRequest(role="CUSTOMER.OWNER", user=owner.user.uuid)
    )
    expect(answer.status_code == 201, f"add_user answered {answer.status_code}: {answer.content!r}")
    ok(f"staff made {name} and its owner {owner.user.username}")
    return organization


def enable_member_role(staff: AuthenticatedClient) -> None:
    """The role exists from the first day, but is inactive until staff says that this installation wants it."""
    step("staff enables the role PROJECT.MEMBER")
    found = [role for role in roles_list.sync_all(client=staff, name="PROJECT.MEMBER") if role.name == "PROJECT.MEMBER"]
    expect(len(found) == 1, f"PROJECT.MEMBER is listed {len(found)} times")
    if not found[0].is_active:
        roles_enable.sync_detailed(found[0].uuid, client=staff)
    expect(roles_retrieve.sync(found[0].uuid, client=staff).is_active is True, "the role is still inactive")
    ok("the role PROJECT.MEMBER is active")


def register_provider(staff: AuthenticatedClient, organization: Customer) -> None:
    step("staff registers the second organization as a service provider")
    provider = marketplace_service_providers_create.sync(client=staff, body=ServiceProviderRequest(customer=organization.url))
    expect(provider.customer_uuid == organization.uuid, "the provider belongs to another organization")
    ok(f"{organization.name} is a service provider")


def new_project(owner: Person, organization: Customer) -> Project:
    step("the owner makes a project")
    project = projects_create.sync(client=owner.api, body=ProjectRequest(name=f"Climate model {TAIL}", customer=organization.url))
    expect(project.customer_uuid == organization.uuid, "the project is in another organization")
    ok(f"the owner made the project {project.name}")
    return project


def add_member(owner: Person, project: Project, member: Person) -> None:
    step("the owner adds a member")
    answer = projects_add_user.sync_detailed(
        project.uuid, client=owner.api, body=UserRoleCreateRequest(role="PROJECT.MEMBER", user=member.user.uuid)
    )
    expect(answer.status_code == 201, f"add_user answered {answer.status_code}: {answer.content!r}")
    expect(answer.parsed.expiration_time is None, "the grant ends although nobody said so")
    ok(f"{member.user.username} is a member of the project")


def add_administrator(owner: Person, project: Project, administrator: Person, seconds: float) -> datetime.datetime:
    step("the owner adds an administrator for a while")
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    answer = projects_add_user.sync_detailed(
        project.uuid,
        client=owner.api,
        body=UserRoleCreateRequest(role="PROJECT.ADMIN", user=administrator.user.uuid, expiration_time=until),
    )
    expect(answer.status_code == 201, f"add_user answered {answer.status_code}: {answer.content!r}")
    told = answer.parsed.expiration_time
    expect(told is not None and abs((told - until).total_seconds()) < 1, f"asked for {until}, told {told}")
    team = {row.user_uuid: row.role_name for row in projects_list_users_list.sync_all(project.uuid, client=owner.api)}
    expect(team.get(administrator.user.uuid) == "PROJECT.ADMIN", f"not in the team: {team}")
    ok(f"{administrator.user.username} administers the project for {seconds:.0f} seconds")
    return until


def publish_offering(staff: AuthenticatedClient, provider: Person, organization: Customer) -> ProviderOfferingDetails:
    """Staff keeps the list of categories and opens offerings for the public; everything between is the provider's."""
    step("staff makes a category")
    category = marketplace_categories_create.sync(client=staff, body=MarketplaceCategoryRequest(title=f"Computing {TAIL}"))
    ok(f"staff made the category {category.title}")

    step("the provider describes an offering with a component and a plan")
    offering = marketplace_provider_offerings_create.sync(
        client=provider.api,
        body=OfferingCreateRequest(
            name=f"Compute hours {TAIL}",
            category=category.url,
            customer=organization.url,
            type_="Marketplace.Basic",
            shared=True,
            billable=True,
            components=[
                OfferingComponentRequest(
                    type_=COMPONENT,
                    name="Core hours",
                    measured_unit="hours",
                    billing_type=BillingTypeEnum.LIMIT,
                    limit_period=LimitPeriodEnum.TOTAL,
                )
            ],
            plans=[BaseProviderPlanRequest(name="Standard", unit=BillingUnit.MONTH)],
        ),
    )
    expect(offering.state == OfferingState.DRAFT, f"a new offering is {offering.state}")
    expect([c.type_ for c in offering.components or []] == [COMPONENT], f"its components: {offering.components}")
    expect(len(offering.plans or []) == 1, f"its plans: {offering.plans}")
    prices = PricesUpdateRequestPrices()
    prices[COMPONENT] = "0.05"
    marketplace_plans_update_prices.sync_detailed(
        offering.plans[0].uuid, client=provider.api, body=PricesUpdateRequest(prices=prices)
    )
    ok(f"the provider wrote the offering {offering.name}, as a draft, with a plan and a price")

    step("staff opens the offering")
    answer = marketplace_provider_offerings_activate.sync(offering.uuid, client=staff)
    expect(answer.state == "Active", f"after activation it is {answer.state}")
    ok("the offering is active")
    return offering


def ask_for(person: Person, project: Project, offering_uuid, name: str) -> OrderDetails:
    """What a person who orders does: look at the public offering, choose a plan, say how much."""
    offering = marketplace_public_offerings_retrieve.sync(offering_uuid, client=person.api)
    limits = OrderCreateRequestLimits()
    limits[COMPONENT] = 1000
    return marketplace_orders_create.sync(
        client=person.api,
        body=OrderCreateRequest(
            offering=offering.url,
            project=project.url,
            plan=offering.plans[0].url,
            attributes=GenericOrderAttributes(name=name),
            limits=limits,
            accepting_terms_of_service=True,
        ),
    )


def member_is_refused(staff: AuthenticatedClient, member: Person, project: Project, offering) -> None:
    step("the member orders and is refused")
    status, body = refusal(ask_for, member, project, offering.uuid, "not for members")
    expect(status == 403, f"refused with {status}, not 403: {body}")
    expect(bool(body.get("detail")), f"no `detail` in {body}")
    expect(bool(body.get("reasons")), f"no `reasons` in {body}")
    expect(marketplace_orders_count.sync(client=staff, project_uuid=project.uuid) == 0, "the refused order was written")
    ok(f"the member may not order: {body['detail']}")


def order(administrator: Person, project: Project, offering) -> OrderDetails:
    step("the administrator orders")
    made = ask_for(administrator, project, offering.uuid, "First allocation")
    expect(made.state == OrderState.PENDING_CONSUMER, f"the order is {made.state}, not waiting for the owner")
    expect(made.project_uuid == project.uuid, "the order is for another project")
    ok("the administrator ordered; the order waits for the owner")
    return made


def approve(owner: Person, provider: Person, made: OrderDetails) -> None:
    step("the owner approves")
    marketplace_orders_approve_by_consumer.sync(made.uuid, client=owner.api)
    state = marketplace_orders_retrieve.sync(made.uuid, client=owner.api).state
    expect(state == OrderState.PENDING_PROVIDER, f"after the owner's approval the order is {state}")
    ok("the owner approved; the order waits for the provider")

    step("the provider approves")
    marketplace_orders_approve_by_provider.sync_detailed(made.uuid, client=provider.api, body=OrderApproveByProviderRequest())
    state = marketplace_orders_retrieve.sync(made.uuid, client=provider.api).state
    expect(state == OrderState.EXECUTING, f"after the provider's approval the order is {state}")
    ok("the provider approved; the order is being carried out")

    step("the provider sets the order done")
    marketplace_orders_set_state_done.sync_detailed(made.uuid, client=provider.api)
    state = marketplace_orders_retrieve.sync(made.uuid, client=owner.api).state
    expect(state == OrderState.DONE, f"the order is {state}, not done")
    ok("the order is done")


def seen_by(people: dict[str, Person], made: OrderDetails, project: Project) -> None:
    for name, person in people.items():
        step(f"{name} sees the resource")
        resource = marketplace_resources_retrieve.sync(made.marketplace_resource_uuid, client=person.api)
        expect(resource.state == ResourceState.OK, f"the resource is {resource.state}")
        expect(resource.name == "First allocation", f"the resource is called {resource.name}")
        expect(resource.limits[COMPONENT] == 1000, f"its limits: {resource.limits}")
        listed = marketplace_resources_list.sync_all(client=person.api, project_uuid=project.uuid)
        expect([r.uuid for r in listed] == [resource.uuid], f"{name}'s list: {[r.name for r in listed]}")
        ok(f"{name} sees the resource; it is OK")


def seen_by_provider(provider: Person, made: OrderDetails) -> None:
    step("the provider sees the resource among those it provides")
    listed = marketplace_provider_resources_list.sync_all(client=provider.api)
    expect(made.marketplace_resource_uuid in [r.uuid for r in listed], "it isn't there")
    ok("the provider sees the resource among those it provides")


def hidden_from(people: dict[str, Person], made: OrderDetails, project: Project) -> None:
    """What one may not see does not exist: lists are empty, and asking for it by its id is answered like any wrong id."""
    for name, person in people.items():
        step(f"{name} sees nothing")
        expect(marketplace_resources_list.sync_all(client=person.api) == [], f"{name} lists resources of others")
        expect(marketplace_provider_resources_list.sync_all(client=person.api) == [], f"{name} lists resources of others")
        for what, call, uuid in (
            ("resource", marketplace_resources_retrieve.sync, made.marketplace_resource_uuid),
            ("order", marketplace_orders_retrieve.sync, made.uuid),
            ("project", projects_retrieve.sync, project.uuid),
        ):
            status, body = refusal(call, uuid, client=person.api)
            expect(status == 404, f"{name} asks for the {what} and gets {status}: {body}")
        ok(f"{name} sees nothing of it")


def after_the_expiry(staff: AuthenticatedClient, administrator: Person, until: datetime.datetime, made: OrderDetails, project: Project, offering) -> None:
    """Nobody revokes anything here: the time that the owner set has come, and the next request is decided without the grant."""
    step("the administrator's time is over")
    left = (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    if left > 0:
        print(f"    waiting {left:.0f} seconds for the administrator's role to expire", flush=True)
        time.sleep(left + 0.5)
    before = marketplace_orders_count.sync(client=staff, project_uuid=project.uuid)
    status, body = refusal(ask_for, administrator, project, offering.uuid, "too late")
    expect(400 <= status < 500, f"the order was answered with {status}: {body}")
    expect(marketplace_orders_count.sync(client=staff, project_uuid=project.uuid) == before, "the refused order was written")
    ok(f"the administrator's role has expired; an order is refused ({status})")
    hidden_from({"the former administrator": administrator}, made, project)


# --- the story -------------------------------------------------------------------------------------------------------


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--url", default=os.environ.get("STOA_URL", "http://127.0.0.1:8080"), help="where the server is (STOA_URL)")
    args.add_argument("--token", default=os.environ.get("STOA_TOKEN"), help="a staff user's token (STOA_TOKEN)")
    args.add_argument("--expiry-seconds", type=float, default=20, help="how long the administrator stays one")
    args = args.parse_args()
    if not args.token:
        raise Failed("no staff token: give --token or set STOA_TOKEN")
    url = args.url.rstrip("/")

    staff = signed_in(url, args.token)
    step("staff signs in")
    expect(users_me_retrieve.sync(client=staff).is_staff is True, "the token isn't one of a staff user")
    ok("staff is signed in")

    olga, ada, max_, pia, nora, sam = (new_person(staff, url, n) for n in ("olga", "ada", "max", "pia", "nora", "sam"))
    university = new_organization(staff, "University", olga)
    centre = new_organization(staff, "Computing Centre", pia)
    new_organization(staff, "Neighbour", nora)
    register_provider(staff, centre)
    enable_member_role(staff)

    project = new_project(olga, university)
    add_member(olga, project, max_)
    offering = publish_offering(staff, pia, centre)
    member_is_refused(staff, max_, project, offering)

    until = add_administrator(olga, project, ada, args.expiry_seconds)
    made = order(ada, project, offering)
    approve(olga, pia, made)
    seen_by({"the owner": olga, "the administrator": ada, "the member": max_}, made, project)
    seen_by_provider(pia, made)
    hidden_from({"the stranger": sam, "the owner of another organization": nora}, made, project)
    after_the_expiry(staff, ada, until, made, project, offering)
    print("done: the first allocation works", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"FAILED  {STEP}: {failed}")
    except UnexpectedStatus as failed:
        sys.exit(f"FAILED  {STEP}: the server answered {failed.status_code} to {failed.url}: {failed.content[:600].decode(errors='replace')}")
    except httpx.HTTPError as failed:
        sys.exit(f"FAILED  {STEP}: no answer: {failed!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as failed:
        # The client reads answers strictly; a key that it needs and doesn't get ends here.
        sys.exit(f"FAILED  {STEP}: the client could not read the answer: {failed!r}")

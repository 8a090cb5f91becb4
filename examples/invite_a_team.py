#!/usr/bin/env python3
"""A team comes together by invitation: mail, three ways to sign in, and three invitations that give nobody anything.

    pip install waldur-api-client==8.1.3 aiosmtpd==1.4.6 oidc-provider-mock==0.3.4 selenium==4.51.0
    apt-get install chromium chromium-driver
    STOA_SMTP_URL='smtp://127.0.0.1:2525?tls=none' STOA_MAIL_FROM='Stoa <stoa@example.org>' \\
      STOA_PUBLIC_URL=http://localhost:8080 stoa serve --data ./data --listen 127.0.0.1:8080 &
    echo 'a long password' | stoa admin user boss --staff --password-stdin --data ./data
    STOA_TOKEN=$(stoa admin token boss --data ./data) \\
      python3 examples/invite_a_team.py --url http://localhost:8080 --smtp 127.0.0.1:2525

Olga owns an organization and invites by mail: Ivan signs in at an identity provider, in a browser; Petra signs in with her
password and accepts through the API; Kim signs in with a passkey, in a browser, and accepts on the page behind the link. One
more invitation expires, one is taken back, and one is forwarded to Sam, who gets nothing. The mail server and the identity
provider are real ones that this script starts; the browser is Chromium with a virtual authenticator.
"""

import argparse
import email
import email.policy
import os
import re
import secrets
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass

import httpx
import oidc_provider_mock
from aiosmtpd.controller import Controller
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait
from waldur_api_client import AuthenticatedClient, Client
from waldur_api_client.api.api_auth import api_auth_password
from waldur_api_client.api.customers import customers_add_user, customers_create
from waldur_api_client.api.identity_providers import identity_providers_create
from waldur_api_client.api.projects import projects_create, projects_list_users_list
from waldur_api_client.api.roles import roles_list
from waldur_api_client.api.user_invitations import (
    user_invitations_accept,
    user_invitations_cancel,
    user_invitations_create,
    user_invitations_details_retrieve,
    user_invitations_retrieve,
)
from waldur_api_client.api.users import users_change_password, users_create, users_me_retrieve
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models.customer_request import CustomerRequest
from waldur_api_client.models.identity_provider_request import IdentityProviderRequest
from waldur_api_client.models.identity_provider_request_attribute_mapping import IdentityProviderRequestAttributeMapping
from waldur_api_client.models.invitation import Invitation
from waldur_api_client.models.invitation_request import InvitationRequest
from waldur_api_client.models.obtain_auth_token_request import ObtainAuthTokenRequest
from waldur_api_client.models.password_change_request import PasswordChangeRequest
from waldur_api_client.models.project import Project
from waldur_api_client.models.project_request import ProjectRequest
from waldur_api_client.models.user import User
from waldur_api_client.models.user_request import UserRequest
from waldur_api_client.models.user_role_create_request import UserRoleCreateRequest

TAIL = secrets.token_hex(4)
PROVIDER = "keycloak"
STEP = "the start"


class Failed(Exception):
    """A step did not go as this tutorial says it goes."""


@dataclass
class Person:
    """Somebody with an account: the account, its password, and a client that speaks for it."""

    user: User
    password: str
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


def refusal(call, *args, **kwargs) -> int:
    """Makes a call that must be refused; gives the status. The client raises on every status it doesn't expect."""
    try:
        call(*args, **kwargs)
    except UnexpectedStatus as refused:
        expect(400 <= refused.status_code < 500, f"answered with {refused.status_code}: {refused.content!r}")
        return refused.status_code
    raise Failed("this was allowed, though it must be refused")


class Mail:
    """A mail server that keeps what it gets."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self.got: list[tuple[str, str]] = []
        self.followed: set[str] = set()
        self.controller = Controller(self, hostname=host, port=int(port))
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain", "html")).get_content()
        self.got.extend((to, body) for to in envelope.rcpt_tos)
        return "250 OK"

    def invitation(self, to: str) -> str:
        """The link of the next invitation mailed to somebody; waits for it."""
        for _ in range(300):
            for receiver, body in self.got:
                found = re.search(r"https?://\S+/invitation/[0-9a-f]{32}/", body)
                if receiver == to and found and found.group(0) not in self.followed:
                    self.followed.add(found.group(0))
                    return found.group(0)
            time.sleep(0.1)
        raise Failed(f"no invitation to {to} after 30 seconds; mail went to {[to for to, _ in self.got]}")


class Browser:
    """Chromium, with an authenticator built in that says yes to everything."""

    def __init__(self, url: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        flags = ("--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
                 "--disable-background-networking --disable-component-update --disable-sync")
        for flag in flags.split():
            options.add_argument(flag)
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options.add_argument(f"--user-data-dir={self.profile.name}")
        service = webdriver.ChromeService(executable_path=os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.url = url

    def authenticator(self) -> None:
        made = VirtualAuthenticatorOptions(
            transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True
        )
        self.driver.add_virtual_authenticator(made)

    def open(self, path: str) -> None:
        self.driver.get(path if path.startswith("http") else self.url + path)

    def find(self, selector: str):
        return WebDriverWait(self.driver, 20).until(until.element_to_be_clickable((By.CSS_SELECTOR, selector)), selector)

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def reads(self, words: str) -> None:
        try:
            # While one page follows another, its parts go away.
            patient = WebDriverWait(self.driver, 20, ignored_exceptions=(WebDriverException,))
            patient.until(lambda _: words in self.text())
        except Exception:
            raise Failed(f"the page {self.driver.current_url} doesn't say {words!r}, but: {self.text()!r}") from None

    def sign_out(self) -> None:
        self.find("form[action='/sign-out/'] button").click()
        self.reads("Sign in")

    def close(self) -> None:
        self.driver.quit()
        self.profile.cleanup()


# --- the steps -------------------------------------------------------------------------------------------------------


def code(link: str) -> uuid.UUID:
    """The code in the link of an invitation. The API takes it where it takes the invitation's identifier."""
    return uuid.UUID(link.rstrip("/").rsplit("/", 1)[1])


def address(name: str) -> str:
    return f"{name}-{TAIL}@example.org"


def new_person(staff: AuthenticatedClient, url: str, name: str) -> Person:
    step(f"{name} gets an account")
    password = f"Correct-horse-{secrets.token_hex(8)}"
    user = users_create.sync(
        client=staff,
        body=UserRequest(username=f"{name}-{TAIL}", email=address(name), first_name=name.title(), last_name="Example"),
    )
    users_change_password.sync_detailed(user.uuid, client=staff, body=PasswordChangeRequest(new_password=password))
    answer = api_auth_password.sync(
        client=Client(base_url=url, timeout=httpx.Timeout(30.0)),
        body=ObtainAuthTokenRequest(username=user.username, password=password),
    )
    expect(bool(getattr(answer, "token", None)), f"no token for the right password: {answer}")
    ok(f"{name} has an account")
    return Person(user, password, signed_in(url, answer.token))


def set_up(staff: AuthenticatedClient, url: str, issuer: str) -> None:
    step("staff sets up the installation")
    settings = {"ENABLE_STRICT_CHECK_ACCEPTING_INVITATION": True, "VALIDATE_INVITATION_EMAIL": True}
    staff.get_httpx_client().post("/api/override-settings/", json=settings).raise_for_status()
    mapping = IdentityProviderRequestAttributeMapping.from_dict(
        {"first_name": "given_name", "last_name": "family_name", "email": "email"}
    )
    identity_providers_create.sync(
        client=staff,
        body=IdentityProviderRequest(
            provider=PROVIDER,
            client_id="stoa",
            client_secret=secrets.token_hex(16),
            discovery_url=f"{issuer}/.well-known/openid-configuration",
            label="the University",
            is_active=True,
            enable_pkce=True,
            attribute_mapping=mapping,
        ),
    )
    ok("staff registered the identity provider")


def invite(owner: Person, project: Project, role: str, to: str) -> Invitation:
    found = [one for one in roles_list.sync_all(client=owner.api, name=role) if one.name == role]
    return user_invitations_create.sync(
        client=owner.api, body=InvitationRequest(role=found[0].uuid, scope=project.url, email=to)
    )


def by_provider(browser: Browser, mail: Mail, owner: Person, project: Project) -> str:
    """Ivan has no account. The link leads him to his university and back, with an account and the role."""
    step("Ivan signs in at his university and accepts")
    name = f"ivan-{TAIL}"
    invite(owner, project, "PROJECT.ADMIN", address("ivan"))
    browser.open(mail.invitation(address("ivan")))
    browser.find("main a.button.main").click()
    browser.find(f"a[href*='/api-auth/{PROVIDER}/init/']").click()
    browser.find("input[name=sub]").send_keys(name)
    browser.find("button[type=submit]").click()
    browser.reads("offers you the role")
    browser.find("main button.main").click()
    browser.reads("You have accepted the invitation.")
    browser.sign_out()
    ok("Ivan came from his university and has accepted")
    return name


def by_password(mail: Mail, owner: Person, project: Project, petra: Person) -> None:
    step("Petra signs in with her password and accepts")
    invite(owner, project, "PROJECT.MANAGER", address("petra"))
    hers = code(mail.invitation(address("petra")))
    details = user_invitations_details_retrieve.sync(hers, client=petra.api)
    expect(details.scope_name == project.name, f"she is told about {details.scope_name}")
    answer = user_invitations_accept.sync_detailed(hers, client=petra.api)
    expect(answer.status_code == 200, f"accepting answered {answer.status_code}: {answer.content!r}")
    status = refusal(user_invitations_accept.sync_detailed, hers, client=petra.api)
    ok(f"Petra has accepted, and cannot do so twice ({status})")


def by_passkey(browser: Browser, mail: Mail, owner: Person, project: Project, kim: Person) -> None:
    step("Kim adds a passkey")
    browser.authenticator()
    browser.open("/sign-in/?next=/account/")
    browser.find("#username").send_keys(kim.user.username)
    browser.find("#password").send_keys(kim.password)
    browser.find("form button.main").click()
    browser.find("[data-passkey-add] input").send_keys("My laptop")
    browser.find("[data-passkey-add] button").click()
    browser.reads("The passkey works from now on.")
    browser.reads("My laptop")
    browser.sign_out()
    ok("Kim has a passkey")

    step("Kim signs in with the passkey and accepts")
    invite(owner, project, "PROJECT.ADMIN", address("kim"))
    browser.open(mail.invitation(address("kim")))
    browser.find("main a.button.main").click()
    browser.find("[data-passkey-sign-in] button").click()
    browser.reads("offers you the role")
    browser.find("main button.main").click()
    browser.reads("You have accepted the invitation.")
    ok("Kim signed in without a password and has accepted")


def expired(staff: AuthenticatedClient, mail: Mail, owner: Person, project: Project, petra: Person) -> None:
    step("an invitation expires")
    http = staff.get_httpx_client()
    http.post("/api/override-settings/", json={"INVITATION_LIFETIME": 0}).raise_for_status()
    invite(owner, project, "PROJECT.ADMIN", address("petra"))
    late = code(mail.invitation(address("petra")))
    status = refusal(user_invitations_accept.sync_detailed, late, client=petra.api)
    http.post("/api/override-settings/", json={"INVITATION_LIFETIME": 7}).raise_for_status()
    ok(f"an invitation whose time is over gives nothing ({status})")


def cancelled(mail: Mail, owner: Person, project: Project, sam: Person) -> None:
    step("an invitation is taken back")
    made = invite(owner, project, "PROJECT.ADMIN", address("sam"))
    his = code(mail.invitation(address("sam")))
    user_invitations_cancel.sync_detailed(made.uuid, client=owner.api)
    status = refusal(user_invitations_accept.sync_detailed, his, client=sam.api)
    expect(str(user_invitations_retrieve.sync(made.uuid, client=owner.api).state) == "canceled", "it isn't cancelled")
    ok(f"an invitation that was taken back gives nothing ({status})")


def forwarded(browser: Browser, mail: Mail, url: str, owner: Person, project: Project, sam: Person) -> None:
    """Nora forwards her mail to Sam. To him it is as if the link led nowhere."""
    step("an invitation is forwarded to a stranger")
    invite(owner, project, "PROJECT.ADMIN", address("nora"))
    link = mail.invitation(address("nora"))
    for call in (user_invitations_accept.sync_detailed, user_invitations_details_retrieve.sync, user_invitations_retrieve.sync):
        status = refusal(call, code(link), client=sam.api)
        expect(status == 404, f"{call.__module__} answered {status} to a stranger")
    with httpx.Client() as http:
        token = {"Authorization": f"Token {sam.api.token}"}
        real = http.post(f"{url}/api/user-invitations/{code(link).hex}/accept/", headers=token, json={})
        none = http.post(f"{url}/api/user-invitations/{secrets.token_hex(16)}/accept/", headers=token, json={})
    expect((real.status_code, real.content) == (none.status_code, none.content), "the answer tells that there is one")
    browser.open("/sign-in/")
    if "Sign out" in browser.text():
        browser.sign_out()
        browser.open("/sign-in/")
    browser.find("#username").send_keys(sam.user.username)
    browser.find("#password").send_keys(sam.password)
    browser.find("form button.main").click()
    browser.reads("Where you are signed in")
    browser.open(link)
    browser.reads("There is no open invitation for you here.")
    browser.sign_out()
    ok("the stranger got nothing, and was told nothing")


def team(owner: Person, project: Project) -> dict[str, str]:
    rows = projects_list_users_list.sync_all(project.uuid, client=owner.api)
    return {row.user_username: row.role_name for row in rows}


# --- the story -------------------------------------------------------------------------------------------------------


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--url", default=os.environ.get("STOA_URL", "http://localhost:8080"), help="where the server is (STOA_URL)")
    args.add_argument("--token", default=os.environ.get("STOA_TOKEN"), help="a staff user's token (STOA_TOKEN)")
    args.add_argument("--smtp", default="127.0.0.1:2525", help="where this script takes mail; the server sends it there")
    args = args.parse_args()
    if not args.token:
        raise Failed("no staff token: give --token or set STOA_TOKEN")
    url = args.url.rstrip("/")
    staff = signed_in(url, args.token)
    expect(users_me_retrieve.sync(client=staff).is_staff is True, "the token isn't one of a staff user")

    ivan = oidc_provider_mock.User(
        sub=f"ivan-{TAIL}",
        claims={"email": address("ivan"), "email_verified": True, "given_name": "Ivan", "family_name": "Example"},
    )
    mail = Mail(args.smtp)
    browser = Browser(url)
    try:
        with oidc_provider_mock.run_server_in_thread(user_claims=[ivan], require_nonce=True) as provider:
            set_up(staff, url, f"http://localhost:{provider.server_port}")
            olga, petra, kim, sam = (new_person(staff, url, name) for name in ("olga", "petra", "kim", "sam"))
            step("the owner makes a project")
            organization = customers_create.sync(client=staff, body=CustomerRequest(name=f"University {TAIL}"))
            body = UserRoleCreateRequest(role="CUSTOMER.OWNER", user=olga.user.uuid)
            customers_add_user.sync_detailed(organization.uuid, client=staff, body=body)
            project = projects_create.sync(client=olga.api, body=ProjectRequest(name="Climate model", customer=organization.url))
            ok("Olga owns an organization with a project")

            by_provider(browser, mail, olga, project)
            by_password(mail, olga, project, petra)
            expired(staff, mail, olga, project, petra)
            cancelled(mail, olga, project, sam)
            by_passkey(browser, mail, olga, project, kim)
            forwarded(browser, mail, url, olga, project, sam)

            step("each has the right role")
            found = team(olga, project)
            expect(found.pop(petra.user.username, None) == "PROJECT.MANAGER", "Petra is not the manager")
            expect(found.pop(kim.user.username, None) == "PROJECT.ADMIN", "Kim is no administrator")
            expect(list(found.values()) == ["PROJECT.ADMIN"], f"Ivan is not the only other one: {found}")
            ok(f"the team: {team(olga, project)}")
    finally:
        browser.close()
        mail.controller.stop()
    print("done: the team is together", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failed, httpx.HTTPError, UnexpectedStatus) as failed:
        print(f"FAILED at: {STEP}\n{type(failed).__name__}: {failed}", file=sys.stderr)
        sys.exit(1)

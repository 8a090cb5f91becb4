"""Signs in at a real provider as a browser does: follows redirects, fills in its forms, keeps cookies.

    flow.py --url STOA --token STAFF --issuer ISSUER --name NAME --client-id ID --client-secret SECRET
            (--strict | --mock)

Exit code 0: everything that was expected happened.
"""

import argparse
import html
import re
import sys
import time
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

parser = argparse.ArgumentParser()
for name in ("url", "token", "issuer", "name", "client-id", "client-secret"):
    parser.add_argument(f"--{name}", required=True)
kind = parser.add_mutually_exclusive_group(required=True)
kind.add_argument("--strict", action="store_true")
kind.add_argument("--mock", action="store_true")
args = parser.parse_args()

staff = httpx.Client(base_url=args.url, headers={"Authorization": f"Token {args.token}"}, timeout=30)


def check(what, fine, shown=""):
    print(("ok   " if fine else "FAIL ") + what, "" if fine else shown)
    if not fine:
        sys.exit(1)


def forms(text):
    """The forms of a page: action, and fields with their values."""
    for form in re.findall(r"<form.*?</form>", text, re.S):
        action = re.search(r'action="([^"]*)"', form)
        fields = {}
        for tag in re.findall(r"<(?:input|button)[^>]*>", form):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name:
                fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
        yield html.unescape(action[1]) if action else "", fields


def travel(browser, response, fill):
    """Follows redirects and sends forms at the provider, until the browser comes back to Stoa with a final answer."""
    for _ in range(20):
        if response.is_redirect:
            target = urljoin(str(response.url), response.headers["location"])
            if target.startswith(args.url) and "/api-auth/" not in target and "/complete/" not in target:
                return response, target
            response = browser.get(target)
            continue
        if str(response.url).startswith(args.url):
            return response, str(response.url)
        action, fields = fill(list(forms(response.text)))
        response = browser.post(urljoin(str(response.url), action), data=fields)
    check("the provider comes to an end", False, response.url)


def at_strict(pages):
    action, fields = pages[0]
    if "login" in fields:
        fields.update(login="ann", password="x")
    return action, fields


def at_mock(pages):
    action, fields = pages[0]
    fields.pop("action", None)
    fields["sub"] = "ann"
    return action, fields


def sign_in():
    browser = httpx.Client(timeout=30)
    begun = browser.get(f"{args.url}/api-auth/{args.name}/init/?next=/profile/")
    check("the browser is sent to the provider", begun.status_code == 302, begun.text)
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    check("with PKCE, state and nonce", asked["code_challenge_method"] == ["S256"] and asked["state"] and asked["nonce"])
    _, target = travel(browser, begun, at_strict if args.strict else at_mock)
    check("it comes back and is signed in", target == f"{args.url}/profile/", target)
    me = browser.get(f"{args.url}/api/users/me/")
    check("as the person", me.status_code == 200, me.text)
    return browser, me.json()


provider = {
    "provider": args.name,
    "label": "Real",
    "client_id": args.client_id,
    "client_secret": args.client_secret,
    "discovery_url": f"{args.issuer}/.well-known/openid-configuration",
    "enable_post_logout_redirect": True,
}
found = staff.post("/api/identity-providers/discover_metadata/", json={"discovery_url": provider["discovery_url"]})
check("the provider is discovered", found.status_code == 200, found.text)
made = staff.post("/api/identity-providers/", json=provider)
check("it is set up", made.status_code == 201, made.text)

browser, first = sign_in()
if args.strict:
    check("with what the provider says", (first["full_name"], first["email"]) == ("Ann Bee", "ann@example.org"), first)
check("and as its account", first["registration_method"] == args.name, first)
other, again = sign_in()
check("who is the same next time", first["uuid"] == again["uuid"])

out = browser.post(f"{args.url}/api-auth/logout/", headers={"Origin": args.url})
if args.strict:
    check("signing out leads to the provider", out.status_code == 200 and out.json()["logout_url"].startswith(args.issuer), out.text)
    # The provider asks whether to sign out there too, tells Stoa, and sends the browser back.
    third, _ = sign_in()
    where = out.json()["logout_url"]
    page = third.get(where)
    action, fields = at_strict(list(forms(page.text)))
    fields.setdefault("logout", "yes")
    answered = third.post(urljoin(str(page.url), action), data=fields)
    for _ in range(5):
        if not answered.is_redirect or answered.headers["location"].startswith(args.url):
            break
        answered = third.get(urljoin(str(answered.url), answered.headers["location"]))
    check("the provider sends the browser back", answered.headers.get("location", "").startswith(args.url + "/"), answered.headers)
    for _ in range(50):
        gone = third.get(f"{args.url}/api/users/me/")
        if gone.status_code == 401:
            break
        time.sleep(0.1)
    check("and the login has ended here by its message", gone.status_code == 401, gone.status_code)
else:
    check("signing out is answered", out.status_code in (200, 204), out.text)
    gone = browser.get(f"{args.url}/api/users/me/")
    check("and done", gone.status_code == 401, gone.status_code)
print("all fine")

#!/usr/bin/env python3
"""Two programs over one PostgreSQL: what one takes away is gone at the very next request to the other.

    two_nodes.py --first URL --second URL --token STAFF-TOKEN
"""

import argparse
import secrets
import sys

import httpx

TAIL = secrets.token_hex(4)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--first", "--second", "--token"):
        args.add_argument(name, required=True)
    args = args.parse_args()

    def node(url: str, token: str) -> httpx.Client:
        return httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}, timeout=30)

    first, second = node(args.first, args.token), node(args.second, args.token)

    def made(path: str, body: dict) -> dict:
        reply = first.post(path, json=body)
        assert reply.status_code == 201, f"POST {path} answered {reply.status_code}: {reply.text}"
        return reply.json()

    organization = made("/api/customers/", {"name": f"Nodes {TAIL}"})
    project = made("/api/projects/", {"name": "Apollo", "customer": organization["url"]})
    path = f"/api/projects/{project['uuid']}/"

    def member(name: str) -> tuple[dict, str]:
        user = made("/api/users/", {"username": f"{name}-{TAIL}", "email": f"{name}-{TAIL}@example.org"})
        password = secrets.token_urlsafe(24)
        first.post(f"/api/users/{user['uuid']}/change_password/", json={"new_password": password}).raise_for_status()
        reply = httpx.post(f"{args.first}/api-auth/password/", json={"username": user["username"], "password": password})
        first.post(f"{path}add_user/", json={"role": "PROJECT.ADMIN", "user": user["uuid"]}).raise_for_status()
        return user, reply.json()["token"]

    def check(what: str, take_away, expected: int, seen: str = path) -> None:
        user, token = member(what.split()[0])
        one, two = node(args.first, token), node(args.second, token)
        for each in (one, two):
            assert each.get(seen).status_code == 200, f"{what}: not seen before"
        reply = take_away(user, one)
        assert reply.is_success, f"{what}: answered {reply.status_code}: {reply.text}"
        for name, each in (("second", two), ("first", one)):
            status = each.get(seen).status_code
            assert status == expected, f"{what}: the {name} node answered {status} instead of {expected}"
        print(f"ok  {what}: gone on both nodes at the next request", flush=True)

    check("revocation of a role", lambda user, one: first.post(
        f"{path}delete_user/", json={"role": "PROJECT.ADMIN", "user": user["uuid"]}), 404)
    check("deactivation of a user", lambda user, one: first.patch(
        f"/api/users/{user['uuid']}/", json={"is_active": False}), 401)
    check("signing out", lambda user, one: one.post("/api-auth/logout/"), 401)
    check("ending all logins of a user", lambda user, one: second.post(
        f"/api/users/{user['uuid']}/refresh_token/"), 401)
    check("removal of the project", lambda user, one: second.delete(path), 404)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as failed:
        sys.exit(f"FAILED  {failed}")

"""Gives schemathesis what chance does not find: live skeys, and the codes and payloads that a phone would send."""

import base64
import hashlib
import json
import os
import random
import struct
import time
import urllib.request
import zlib

import schemathesis
from schemathesis import GenerationMode

PUBLIC, INTERNAL, SANDBOX, API_TOKEN, APPID, PUSH_TOKEN = (
    os.environ[name] for name in ("PUBLIC", "INTERNAL", "SANDBOX", "API_TOKEN", "APPID", "PUSH_TOKEN")
)
PAIRS = {"/v1/phone": "phone", "/v1/me/profile": "profile", "/v1/me/open-data": "werun"}
chance = random.Random(1)
users = {}
members = []
pictures = []


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def tap(verb, user):
    return post(f"{SANDBOX}/_sandbox/{verb}", {"user": user})


def new_user():
    user = f"user{len(users)}x{chance.getrandbits(48):x}"
    post(f"{SANDBOX}/_sandbox/users", {"id": user})
    return user


def log_in(user):
    answer = post(f"{PUBLIC}/v1/login", {"code": tap("login", user)["code"]})
    users[answer["skey"]] = user
    members.append(answer["member"]["id"])
    return answer["skey"]


def session_of(skey):
    """An skey begins with the 8 bytes of its session's id."""
    return base64.urlsafe_b64decode(skey[4:16])[:8].hex()


def png():
    """A picture of one grey pixel."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head, row = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), zlib.compress(b"\0\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def picture():
    """The id of a picture that is there."""
    if not pictures:
        part = b'--x\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\n\r\n' + png() + b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {log_in(new_user())}"}
        with urllib.request.urlopen(urllib.request.Request(f"{PUBLIC}/v1/me/avatar", part, headers), timeout=20) as answer:
            pictures.append(json.load(answer)["avatarUrl"].rsplit("/", 1)[1])
    return pictures[0]


def manage(method, path, body=None):
    """What the management API answers."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_TOKEN}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{INTERNAL}/api/v1/{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def webhook():
    """The id of a new webhook. The sandbox receives, and refuses, what it is sent."""
    make_room()
    return manage("POST", "webhooks", {"url": f"{SANDBOX}/hook"})["id"]


def make_room():
    """There may be 32 webhooks, and chance deletes none."""
    there = manage("GET", "webhooks")["webhooks"]
    for one in there if len(there) > 30 else []:
        manage("DELETE", f"webhooks/{one['id']}")


def delivery():
    """The id of a delivery that is there."""
    webhook()
    log_in(new_user())
    return manage("GET", "deliveries?limit=1")["deliveries"][0]["id"]


def managed(path):
    """The id that is meant by a path of the management API, of something that is there."""
    if path.startswith("/api/v1/members/"):
        log_in(new_user())
        return members[-1]
    if path.startswith("/api/v1/tokens/"):
        return manage("POST", "tokens", {"name": "t", "scopes": ["introspect"]})["id"]
    if path.startswith("/api/v1/deliveries/"):
        return delivery()
    return webhook()


OPEN = ["/v1/login", "/v1/avatars/{id}", "/wx/push/{appid}", "/healthz", "/readyz", "/metrics", "/openapi.json"]
OPEN += ["/docs", "/docs/rapidoc.js"]


@schemathesis.auth(refresh_interval=None).skip_for(path=OPEN)
class Authorization:
    """A member of their own for each request: many of the operations end the session, and failures are counted."""

    def get(self, case, context):
        if case.operation.path.startswith(("/introspect", "/api/")):
            return API_TOKEN
        return log_in(new_user())

    def set(self, case, token, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every other valid request becomes one that is also true."""
    if case.meta.generation.mode != GenerationMode.POSITIVE or chance.random() < 0.5:
        return
    skey = (case.headers or {}).get("Authorization", "").removeprefix("Bearer ")
    user = users.get(skey)
    named = case.path_parameters or {}
    if "appid" in named:
        named["appid"] = APPID
    if "path" in named:
        named["path"] = "wxa/getwxacodeunlimit"
    if "id" in named and case.operation.path.startswith("/api/"):
        named["id"] = managed(case.operation.path)
        if "session" in named:
            named["session"] = session_of(next(reversed(users)))
    elif "id" in named and case.operation.path.startswith("/v1/avatars/"):
        named["id"] = picture()
    elif user and "id" in named:
        named["id"] = session_of(skey)
    if case.operation.path == "/wx/push/{appid}" and case.method == "GET":
        signed = [PUSH_TOKEN, str(int(time.time())), "nonce"]
        signature = hashlib.sha1("".join(sorted(signed)).encode()).hexdigest()
        case.query |= {"signature": signature, "timestamp": signed[1], "nonce": signed[2]}
    if not isinstance(case.body, dict):
        return
    for name in ("code", "js_code"):
        if name in case.body:
            case.body[name] = tap("login", new_user())["code"]
            case.body.pop("appid", None)
    if user and "phoneCode" in case.body:
        case.body["phoneCode"] = tap("phone", user)["code"]
    data = next((name for name in case.body if name.startswith("encrypt")), None)
    if user and data and case.operation.path in PAIRS:
        payload = tap(PAIRS[case.operation.path], user)
        case.body |= {data: payload["encryptedData"], "iv": payload["iv"]}
        if "kind" in case.body:
            case.body["kind"] = "werun"
    if case.operation.path == "/api/v1/webhooks" and "url" in case.body:
        make_room()
        case.body["url"] = f"{SANDBOX}/hook"
    if case.operation.path == "/api/v1/import" and "members" in case.body:
        case.body["members"] = [{"openid": f"o{chance.getrandbits(64):x}", "phone": "13800138000"}]
    if case.operation.path == "/introspect" and users:
        case.body["token"] = chance.choice(list(users))

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

PUBLIC, SANDBOX, API_TOKEN, APPID, PUSH_TOKEN = (
    os.environ[name] for name in ("PUBLIC", "SANDBOX", "API_TOKEN", "APPID", "PUSH_TOKEN")
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
    if "id" in named and case.operation.path.startswith("/api/v1/members/"):
        named["id"] = chance.choice(members)
    elif "id" in named and case.operation.path.startswith("/v1/avatars/"):
        named["id"] = picture()
    elif user and "id" in named:
        # An skey begins with the 8 bytes of its session's id.
        named["id"] = base64.urlsafe_b64decode(skey[4:16])[:8].hex()
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
    if case.operation.path == "/introspect" and users:
        case.body["token"] = chance.choice(list(users))

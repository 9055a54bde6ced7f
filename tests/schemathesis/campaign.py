"""Starts a sandbox and a server beside it, and lets schemathesis loose on both listeners. All on loopback, on free ports."""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
APPID, SECRET = "wx5a9db0c0ffee0001", "5a9db0c0ffee5a9db0c0ffee5a9db0c0"
PUSH = {"token": "pushtoken", "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}
CONFIGURATION = f"""
[calls]
allowed = ["wxa"]
[webhooks]
allow_private = true
[jwt]
enabled = true
audiences = ["https://shop.example.com"]
issuer = "https://login.example.com"
[[app]]
appid = "{APPID}"
secret = "{SECRET}"
[app.push]
token = "{PUSH["token"]}"
encoding_aes_key = "{PUSH["encoding_aes_key"]}"
"""
SCOPES = "admin"

# What is proved: answers are those of the document, errors are not ours, and what the document forbids is refused.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]


def said(process, stream, pattern):
    """Waits for the line of a program's start that names an address."""
    for line in stream:
        if match := re.search(pattern, line):
            return match
    sys.exit(f"a program ended before it served: {process.wait()}")


def operation(path):
    """The path of the document that a request's path is of."""
    path = re.sub(APPID, "{appid}", path)
    path = re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{16}", "{id}", path)
    path = re.sub("(?<=/deliveries/)[0-9]+", "{id}", path)
    path = path.replace("{id}/sessions/{id}", "{id}/sessions/{session}")
    return re.sub("(?<=/wechat/).+", "{path}", path)


def push(wechat, public):
    """A push as WeChat makes it: chance cannot."""
    body = PUSH | {"url": f"{public}/wx/push/{APPID}", "event": "debug_demo"}
    request = urllib.request.Request(f"{wechat}/_sandbox/push", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["received"]


def judge(log, documented):
    """What only the server's log shows: nothing is an error to it, and every operation was also answered 200."""
    lines = [json.loads(line) for line in log if line.startswith("{")]
    errors = [line for line in lines if line["level"] == "ERROR"]
    answered = {(line["method"], operation(line["path"])) for line in lines if line.get("status") == 200}
    operations = {(method.upper(), path) for path, item in documented.items() for method in item if method != "servers"}
    never = operations - answered
    print(*errors[:5], f"{len(errors)} errors in the server's log; never answered 200: {sorted(never) or 'none'}", sep="\n")
    return bool(errors or never)


def main(wxgate, schemathesis, cases):
    with tempfile.TemporaryDirectory() as home:
        sandbox = subprocess.Popen([wxgate, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, env={})
        server = None
        try:
            wechat = said(sandbox, sandbox.stdout, r"http://\S+")[0]
            with open(os.open(f"{home}/wxgate.toml", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(CONFIGURATION)
            environment = {
                "WXGATE_DATA_DIR": f"{home}/data",
                "WXGATE_WECHAT__BASE_URL": wechat,
                "WXGATE_LISTEN__PUBLIC": "127.0.0.1:0",
                "WXGATE_LISTEN__INTERNAL": "127.0.0.1:0",
                "WXGATE_LIMITS__LOGINS_PER_MINUTE": "0",
                "WXGATE_LIMITS__REQUESTS_PER_MINUTE": "0",
                "WXGATE_LOG__FORMAT": "json",
                "WXGATE_LOG__LEVEL": "debug",
            }
            log = open(f"{home}/log", "w+", encoding="utf-8")
            server = subprocess.Popen([wxgate, "serve"], stderr=subprocess.PIPE, text=True, env=environment, cwd=home)
            listening = json.loads(said(server, server.stderr, r'^.*"listening".*$')[0])
            drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=log)
            create = [wxgate, "token", "create", "--name", "campaign", "--scope", SCOPES, "--json"]
            token = json.loads(subprocess.check_output(create, env=environment, cwd=home))["token"]
            public, internal = (f"http://{listening[name]}" for name in ("public", "internal"))
            known = {"PUBLIC": public, "INTERNAL": internal, "SANDBOX": wechat, "API_TOKEN": token, "APPID": APPID, "PUSH_TOKEN": PUSH["token"]}
            hooks = {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "PYTHONDONTWRITEBYTECODE": "1"}
            failed = not push(wechat, public)
            for url, paths in ((public, "^/(v1/|wx/|healthz)"), (internal, "^/(?!v1/|wx/)")):
                command = [schemathesis, "--config-file", HERE / "schemathesis.toml", "run", f"{internal}/openapi.json", "--url", url, "--include-path-regex", paths]
                command += ["--checks", ",".join(CHECKS), "--max-examples", cases, "--phases", "examples,coverage,fuzzing"]
                command += ["--continue-on-failure", "--seed", "1", "--request-timeout", "20", "--warnings", "off"]
                failed |= subprocess.call(command, env=os.environ | hooks | known, cwd=home)
            with urllib.request.urlopen(f"{internal}/openapi.json", timeout=20) as answer:
                documented = json.load(answer)["paths"]
            alive = server.poll() is None
            server.terminate()
            drain.wait()
            failed |= judge(Path(log.name).read_text(encoding="utf-8").splitlines(), documented)
            sys.exit(failed or not alive)
        finally:
            for process in (server, sandbox):
                if process:
                    process.terminate()
                    process.wait()


main(*sys.argv[1:])

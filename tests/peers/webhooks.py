"""Webhooks of the built server, read as the READMEs say: by the standardwebhooks packages for Node and for Python. What the server
sends is taken by both, with the secret before a rotation and with the one after, and nothing that was altered on its way."""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import clock
from served import ask, served

ROOT = Path(__file__).resolve().parents[2]
APPID, SECRET = "wx5a9db0c0ffee0005", "5a9db0c0ffee5a9db0c0ffee5a9db0c4"
CONFIGURATION = """
[webhooks]
allow_private = true
"""
# How many seconds a message is taken for one that was just sent: both packages say so.
FRESH = 300
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
NODE = clock.NODE + """
const { eventOf } = await import('./receive.mjs')
const { headers, body } = JSON.parse(process.argv[2])
try {
  console.log(JSON.stringify(eventOf(headers, body)))
} catch {
  process.exit(3)
}
"""
PYTHON = clock.PYTHON + """
import json
import standardwebhooks.webhooks
standardwebhooks.webhooks.datetime = Fixed
from receive import event_of
from standardwebhooks import WebhookVerificationError
given = json.loads(sys.argv[1])
try:
    print(json.dumps(event_of(given["headers"], given["body"])))
except WebhookVerificationError:
    sys.exit(3)
"""


def receiver(arrived):
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            arrived.put({"headers": {name: self.headers[name] for name in HEADERS}, "body": body})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/hooks"


def sample(readme, language, fence):
    text = (ROOT / readme).read_text(encoding="utf-8")
    found = re.search(f"<!-- tested: receive in {language} -->\n```{fence}\n(.*?)\n```", text, re.DOTALL)
    assert found, f"{readme} has no sample for {language}"
    return found[1]


def altered(message):
    """What somebody on the way, or another sender, may make of a message."""
    headers, body = message["headers"], message["body"]
    yield "another body", {"headers": headers, "body": body.replace("member.created", "member.erased")}
    yield "a space more", {"headers": headers, "body": body + " "}
    later = str(int(headers["webhook-timestamp"]) + 1)
    for name, value in {"webhook-id": "x", "webhook-timestamp": later, "webhook-signature": "v1,AAAA"}.items():
        yield f"another {name}", {"headers": headers | {name: value}, "body": body}


def try_out(folder, command, message, secrets, stranger):
    sent_at = int(message["headers"]["webhook-timestamp"])

    def run(message, secret, later=0):
        environment = os.environ | {"WEBHOOK_SECRET": secret}
        given = [*command, json.dumps(message), str(sent_at + later)]
        return subprocess.run(given, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)

    for secret, later in itertools.product(secrets, (0, FRESH)):
        taken = run(message, secret, later)
        assert taken.returncode == 0 and json.loads(taken.stdout) == json.loads(message["body"]), taken
    refused = [(what, run(bad, secrets[0])) for what, bad in altered(message)]
    refused += [("a stranger", run(message, stranger)), ("late", run(message, secrets[0], FRESH + 1))]
    for what, ended in refused:
        assert (ended.returncode, ended.stdout) == (3, ""), f"{what}: {ended}"
    return len(refused)


def main(wxgate, modules):
    arrived = Queue()
    with served(wxgate, APPID, SECRET, CONFIGURATION) as (wechat, public, internal, home):
        ask(f"{wechat}/_sandbox/users", {"id": "alice"})
        create = [wxgate, "token", "create", "--name", "ops", "--scope", "admin", "--json"]
        made = subprocess.run(create, env={"WXGATE_DATA_DIR": f"{home}/data"}, cwd=home, capture_output=True, text=True, check=True)
        token, hooks = json.loads(made.stdout)["token"], f"{internal}/api/v1/webhooks"
        hook = ask(hooks, {"url": receiver(arrived), "types": ["member.created"]}, token)
        stranger = ask(hooks, {"url": "https://example.com", "types": ["wechat.event"]}, token)["secret"]
        rotated = ask(f"{hooks}/{hook['id']}/rotate-secret", {}, token)
        ask(f"{public}/v1/login", {"code": ask(f"{wechat}/_sandbox/login", {"appid": APPID, "user": "alice"})["code"]})
        message = arrived.get(timeout=20)
        for readme in ("README.md", "README.zh-CN.md"):
            folder = Path(tempfile.mkdtemp(dir=home))
            (folder / "node_modules").symlink_to(modules)
            (folder / "receive.mjs").write_text(sample(readme, "Node", "js"), encoding="utf-8")
            (folder / "run.mjs").write_text(NODE)
            (folder / "receive.py").write_text(sample(readme, "Python", "python"), encoding="utf-8")
            (folder / "run.py").write_text(PYTHON)
            for name, command in {"npm": ["node", "run.mjs"], "PyPI": [sys.executable, "run.py"]}.items():
                refused = try_out(folder, command, message, [hook["secret"], rotated["secret"]], stranger)
                print(f"standardwebhooks of {name}, as in {readme}: an event is taken with either secret, {refused} others are refused")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The built program twice: a sandbox, and a server that takes it for WeChat."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request


def ask(url, body=None, bearer=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        return json.load(answer)


def line(process, stream, pattern):
    """The line of a program's start that says where it listens."""
    return next((found for line in stream if (found := re.search(pattern, line))), None) or sys.exit(
        f"a program ended before it served: {process.wait()}"
    )


@contextlib.contextmanager
def served(wxgate, appid, secret, configuration):
    """Both of them until the block ends: where WeChat is, where the two listeners are, and a folder."""
    with tempfile.TemporaryDirectory() as home:
        processes = []
        try:
            processes.append(sandbox := subprocess.Popen([wxgate, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, env={}))
            wechat = line(sandbox, sandbox.stdout, r"http://[0-9.:]+")[0]
            ask(f"{wechat}/_sandbox/apps", {"appid": appid, "secret": secret})
            with open(os.open(f"{home}/wxgate.toml", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(f'{configuration}\n[[app]]\nappid = "{appid}"\nsecret = "{secret}"\n')
            environment = {"WXGATE_WECHAT__BASE_URL": wechat, "WXGATE_LOG__FORMAT": "json", "WXGATE_DATA_DIR": f"{home}/data"}
            environment |= {f"WXGATE_LISTEN__{name}": "127.0.0.1:0" for name in ("PUBLIC", "INTERNAL")}
            processes.append(server := subprocess.Popen([wxgate, "serve"], stderr=subprocess.PIPE, text=True, env=environment, cwd=home))
            listening = json.loads(line(server, server.stderr, r'^.*"listening".*$')[0])
            yield wechat, f"http://{listening['public']}", f"http://{listening['internal']}", home
        finally:
            for process in processes:
                process.terminate()
                process.wait()

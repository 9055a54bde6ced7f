"""Starts a sandbox on loopback and lets each client loose on it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
APP = {"appid": "wx5a9db0c0ffee0002", "secret": "5a9db0c0ffee5a9db0c0ffee5a9db0c1"}
CLIENTS = {"wechatpy": [sys.executable, HERE / "wechatpy_client.py"], "node-easywechat": ["node", HERE / "node" / "client.js"]}


def main(wxgate):
    sandbox = subprocess.Popen([wxgate, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, env={})
    try:
        address = next((found for line in sandbox.stdout if (found := re.search(r"http://[0-9.:]+", line))), None)
        if not address:
            sys.exit(f"the sandbox ended before it served: {sandbox.wait()}")
        request = urllib.request.Request(f"{address[0]}/_sandbox/apps", json.dumps(APP).encode(), method="POST")
        urllib.request.urlopen(request, timeout=20).close()
        environment = os.environ | {"SANDBOX": address[0], "APPID": APP["appid"], "SECRET": APP["secret"]}
        for name, command in CLIENTS.items():
            subprocess.run(command, env=environment, check=True, timeout=60)
            print(f"{name}: code2Session, token, phone, decrypt and refusals are as it expects them of WeChat")
    finally:
        sandbox.terminate()
        sandbox.wait()


main(*sys.argv[1:])

"""wafer2-client-sdk as it is, in Node on a small `wx`, against the built server with its plugin switched on."""

import os
import subprocess
import sys
from pathlib import Path

from served import ask, served

APPID, SECRET = "wx5a9db0c0ffee0004", "5a9db0c0ffee5a9db0c0ffee5a9db0c3"


def main(wxgate):
    with served(wxgate, APPID, SECRET, "[plugins.wafer]") as (wechat, public, _, _):
        ask(f"{wechat}/_sandbox/users", {"id": "alice", "nick_name": "小明"})
        environment = os.environ | {"SANDBOX": wechat, "SERVER": public, "APPID": APPID}
        command = ["node", Path(__file__).resolve().parent / "node" / "wafer.js"]
        subprocess.run(command, env=environment, check=True, timeout=60)
        print("wafer2-client-sdk: logs in both ways, asks with its skey, and mends a dead session by itself, once")


main(*sys.argv[1:])

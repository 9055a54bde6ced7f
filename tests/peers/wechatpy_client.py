"""wechatpy as it is: only where its connections go is another place."""

import json
import os
import urllib.request

from requests.adapters import HTTPAdapter
from wechatpy.client import WeChatClient
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.exceptions import WeChatClientException

WECHAT, SANDBOX = "https://api.weixin.qq.com", os.environ["SANDBOX"]
APPID, SECRET = os.environ["APPID"], os.environ["SECRET"]


class Elsewhere(HTTPAdapter):
    """What goes to WeChat goes to the sandbox: the client has the address of its token call built in."""

    def send(self, request, **kwargs):
        request.url = SANDBOX + request.url.removeprefix(WECHAT)
        return super().send(request, **kwargs)


def tell(verb, **body):
    request = urllib.request.Request(f"{SANDBOX}/_sandbox/{verb}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def refused(errcode, call, *arguments):
    try:
        call(*arguments)
    except WeChatClientException as error:
        assert error.errcode == errcode, error
    else:
        raise AssertionError(f"not refused with {errcode}")


client = WeChatClient(APPID, SECRET)
client._http.mount(WECHAT, Elsewhere())

alice = {"appid": APPID, "user": "alice"}
tell("users", id="alice", phone="13800138000")
code = tell("login", **alice)["code"]
session = client.wxa.code_to_session(code)
assert session["openid"].startswith("o") and len(session["openid"]) == 28, session
refused(40163, client.wxa.code_to_session, code)
refused(40029, client.wxa.code_to_session, "no such code")

token = client.access_token
assert len(token) > 100 and client.access_token == token

tap = tell("phone", **alice)
by_code = client.post("/wxa/business/getuserphonenumber", api_base_url=WECHAT, data={"code": tap["code"]})["phone_info"]
decrypted = WeChatWxaCrypto(session["session_key"], tap["iv"], APPID).decrypt_message(tap["encryptedData"])
for phone in (by_code, decrypted):
    assert phone["purePhoneNumber"] == "13800138000" and phone["watermark"]["appid"] == APPID, phone

# A token that somebody else replaced is renewed by the client, and the call repeated.
tell("rotate", **alice, what="access_token")
tap = tell("phone", **alice)
client.post("/wxa/business/getuserphonenumber", api_base_url=WECHAT, data={"code": tap["code"]})
assert client.access_token != token

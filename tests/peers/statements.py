"""Statements of the built server (POST /v1/jwt) in the hands of others: the code of the READMEs, as it stands there, with jose in
Node and PyJWT in Python. It takes what the server signed for it and nothing else."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import clock
from served import ask, served

ROOT = Path(__file__).resolve().parents[2]
APPID, SECRET = "wx5a9db0c0ffee0003", "5a9db0c0ffee5a9db0c0ffee5a9db0c2"
USUAL = "http://127.0.0.1:8521"
LIFETIME = 300
CONFIGURATION = """
public_url = "https://api.example.com"
[jwt]
enabled = true
audiences = ["https://shop.example.com", "https://forum.example.com"]
"""
# Each asks the README's function for the member of a token, at an instant, and prints it; 3 is what it exits with when the
# library refuses the token.
NODE = clock.NODE + """
const { memberOf } = await import('./verify.mjs')
const { errors } = await import('jose')
try {
  console.log(await memberOf(process.argv[2]))
} catch (error) {
  if (!(error instanceof errors.JOSEError)) throw error
  process.exit(3)
}
"""
PYTHON = clock.PYTHON + """
import jwt.api_jwt
jwt.api_jwt.datetime = Fixed
from verify import member_of
try:
    print(member_of(sys.argv[1]))
except jwt.PyJWTError:
    sys.exit(3)
"""


def encoded(part):
    part = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def sample(readme, language, fence):
    text = (ROOT / readme).read_text(encoding="utf-8")
    found = re.search(f"<!-- tested: verify in {language} -->\n```{fence}\n(.*?)\n```", text, re.DOTALL)
    assert found and USUAL in found[1], f"{readme} has no sample for {language}"
    return found[1]


def forgeries(token, key):
    """Tokens that nobody signed, from one that the server did: what is known against libraries of this kind."""
    head, claims, signature = token.split(".")
    said = json.loads(decoded(claims))
    kid = key["kid"]
    yield "claims of another's", ".".join([head, encoded(said | {"sub": "00000000-0000-7000-8000-000000000000"}), signature])
    yield "a longer life", ".".join([head, encoded(said | {"exp": said["exp"] + 86400}), signature])
    yield "no signature", f"{head}.{claims}."
    for none in ("none", "None", "NONE"):
        yield f"alg {none}", ".".join([encoded({"alg": none, "typ": "JWT", "kid": kid}), claims, ""])
    raw = decoded(key["x"])
    public = Ed25519PublicKey.from_public_bytes(raw)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for form, secret in {"bytes": raw, "text": key["x"].encode(), "PEM": pem, "JSON": json.dumps(key).encode()}.items():
        signed = encoded({"alg": "HS256", "typ": "JWT", "kid": kid}) + "." + claims
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        yield f"HS256 with the public key as {form}", f"{signed}.{encoded(mac)}"
    own = Ed25519PrivateKey.generate()
    own_public = own.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(own_public), "kid": kid}
    for what, more in {"its own": {"kid": kid}, "its own, brought along": {"kid": kid, "jwk": jwk}, "an unknown one": {"kid": "x"}}.items():
        signed = encoded({"alg": "EdDSA", "typ": "JWT"} | more) + "." + claims
        yield f"a key that is {what}", f"{signed}.{encoded(own.sign(signed.encode()))}"


def try_out(folder, command, member, token, other, key):
    made_at = json.loads(decoded(token.split(".")[1]))["iat"]

    def run(text, later=0):
        return subprocess.run([*command, text, str(made_at + later)], cwd=folder, capture_output=True, text=True, timeout=60)

    for later in (0, LIFETIME - 1):
        taken = run(token, later)
        assert taken.stdout.strip() == member, (later, taken)
    refused = {"expired": (token, LIFETIME), "for another service": (other, 0), "nothing": ("", 0), "no token": ("a.b.c", 0)}
    refused |= {what: (forged, 0) for what, forged in forgeries(token, key)}
    for what, (text, later) in refused.items():
        ended = run(text, later)
        assert (ended.returncode, ended.stdout) == (3, ""), f"{what}: {ended}"
    return len(refused)


def main(wxgate, modules):
    with served(wxgate, APPID, SECRET, CONFIGURATION) as (wechat, public, internal, home):
        ask(f"{wechat}/_sandbox/users", {"id": "alice"})
        login = ask(f"{public}/v1/login", {"code": ask(f"{wechat}/_sandbox/login", {"appid": APPID, "user": "alice"})["code"]})
        token, other = (
            ask(f"{public}/v1/jwt", {"aud": f"https://{aud}.example.com"}, login["skey"])["jwt"] for aud in ("shop", "forum")
        )
        [key] = ask(f"{public}/.well-known/jwks.json")["keys"]
        for readme in ("README.md", "README.zh-CN.md"):
            folder = Path(tempfile.mkdtemp(dir=home))
            (folder / "node_modules").symlink_to(modules)
            (folder / "verify.mjs").write_text(sample(readme, "Node", "js").replace(USUAL, internal), encoding="utf-8")
            (folder / "run.mjs").write_text(NODE)
            (folder / "verify.py").write_text(sample(readme, "Python", "python").replace(USUAL, internal), encoding="utf-8")
            (folder / "run.py").write_text(PYTHON)
            for name, command in {"jose": ["node", "run.mjs"], "PyJWT": [sys.executable, "run.py"]}.items():
                refused = try_out(folder, command, login["member"]["id"], token, other, key)
                print(f"{name}, as in {readme}: the server's statement is taken, {refused} others are refused")


if __name__ == "__main__":
    main(*sys.argv[1:])

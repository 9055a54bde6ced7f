"""The last stage of the Dockerfile, put together from its own lines and run as a container is: nothing else in its root, its user,
a process number 1, a network of its own. Runs as root in namespaces that tests/packages/run makes."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from around import answer_https, answer_names, loopback

APPID, SECRET = "wx5a9db0c0ffee0005", "5a9db0c0ffee5a9db0c0ffee5a9db0c4"
LIMIT = 20 * 1000 * 1000


class Image:
    """What the lines after the last FROM say."""

    def __init__(self, dockerfile):
        text = Path(dockerfile).read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        last = max(number for number, line in enumerate(lines) if line.startswith("FROM"))
        assert lines[last] == "FROM scratch", lines[last]
        self.copies = []
        for line in lines[last + 1:]:
            word, rest = line.split(maxsplit=1)
            match word:
                case "COPY":
                    *flags, source, target = rest.split()
                    self.copies.append((dict(flag[2:].split("=") for flag in flags), source, target))
                case "USER":
                    self.user, self.group = map(int, rest.split(":"))
                case "WORKDIR":
                    self.workdir = rest
                case "VOLUME":
                    self.volume = rest
                case "EXPOSE":
                    self.ports = list(map(int, rest.split()))
                case "ENTRYPOINT":
                    self.entrypoint = json.loads(rest)
                case "CMD":
                    self.command = json.loads(rest)
                case "HEALTHCHECK":
                    flags, command = rest.split(" CMD ")
                    self.health = json.loads(command)
                    self.limit = next(int(flag[len("--timeout="):-1]) for flag in flags.split() if "--timeout=" in flag)
                case _:
                    raise AssertionError(f"a line that this test does not know: {line}")
        assert self.user and self.volume == self.workdir and self.ports == [8520]

    def build(self, root, stage):
        """Makes the tree; `stage` says where a file of the stage before is on this machine."""
        for flags, source, target in self.copies:
            target = root / target.lstrip("/") / (Path(source).name if target.endswith("/") else "")
            target.parent.mkdir(parents=True, exist_ok=True)
            if stage[source]:
                shutil.copy(stage[source], target)
            else:
                target.mkdir()
            owner, group = map(int, flags.get("chown", "0:0").split(":"))
            os.chown(target, owner, group)

    def start(self, root, argv, stdin=None, variables=None):
        """A process in there, number 1 among its own."""
        enter = ["unshare", "--pid", "--fork", "--kill-child", "--root", root, "--wd", self.workdir]
        enter += ["--setgid", str(self.group), "--setuid", str(self.user)]
        return subprocess.Popen(
            enter + argv, env=variables or {}, text=True,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def run(self, root, arguments, stdin=None, variables=None):
        process = self.start(root, self.entrypoint + arguments, stdin, variables)
        out, error = process.communicate(stdin, timeout=60)
        return process.returncode, out, error

    def healthy(self, root):
        process = self.start(root, self.health)
        _, error = process.communicate(timeout=self.limit)
        return process.returncode == 0, error


def surround(root):
    """What every container engine puts beside the image: processes, devices, and who answers for names."""
    for folder in ("proc", "dev"):
        (root / folder).mkdir()
    subprocess.run(["mount", "-t", "proc", "none", root / "proc"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", root / "dev"], check=True)
    for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        os.mknod(root / "dev" / name, 0o020666, os.makedev(1, minor))
        os.chmod(root / "dev" / name, 0o666)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")


def child(process):
    """The number, out here, of what runs in there."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def until(ready, what):
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def stop(process):
    """Ends it as `docker stop` does: in time, and done."""
    os.kill(child(process), 15)
    _, error = process.communicate(timeout=10)
    assert process.returncode == 0, (process.returncode, error)


def serves(image, root):
    """From nothing to a server, and its end."""
    given = ["init", "--yes", "--appid", APPID, "--secret-file", "-", "--listen", "0.0.0.0:8520"]
    code, _, error = image.run(root, given, stdin=SECRET)
    assert code == 0, error
    healthy, _ = image.healthy(root)
    assert not healthy, "healthy without a server"
    server = image.start(root, image.entrypoint + image.command)
    until(lambda: image.healthy(root)[0] or server.poll() is not None, "not healthy in a minute")
    assert server.poll() is None, server.communicate()
    with urllib.request.urlopen(f"http://127.0.0.1:{image.ports[0]}/healthz", timeout=5) as answer:
        assert answer.status == 200
    status = Path(f"/proc/{child(server)}/status").read_text()
    assert f"\nUid:\t{image.user}\t{image.user}\t" in status and "\nCapEff:\t0000000000000000\n" in status, status
    code, said, error = image.run(root, ["member", "list", "--json"])
    assert code == 0, (said, error)
    stop(server)
    owners = {path.stat().st_uid for path in (root / image.volume.lstrip("/")).rglob("*")}
    assert owners == {image.user}, owners


def demonstrates(image, root):
    demo = image.start(root, image.entrypoint + ["demo", "--public", "0.0.0.0:8520"])
    ask = ["/usr/bin/wxgate", "healthcheck", "--url", "http://127.0.0.1:8520/healthz"]
    until(lambda: image.start(root, ask).wait(60) == 0 or demo.poll() is not None, "no demo in a minute")
    assert demo.poll() is None, demo.communicate()
    stop(demo)


def reaches_wechat(image, root):
    """A name becomes an address, and the certificate behind it is believed because of the bundle in the image alone."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    real = bundle.read_text()
    with answer_names("wechat.test") as asked, answer_https("wechat.test") as authority:
        def state():
            code, out, error = image.run(root, ["doctor", "--json"], variables={"WXGATE_WECHAT__BASE_URL": "https://wechat.test"})
            checks = {check["id"]: check for check in json.loads(out)["checks"]}
            return checks["wechat.reachable"]["state"], out
        before, said = state()
        assert before == "fail" and asked, said
        bundle.write_text(real + authority)
        after, said = state()
        assert after == "ok", said
        bundle.write_text(real)


def main(dockerfile, work, *flags):
    loopback()
    image, root = Image(dockerfile), Path(work) / "root"
    root.mkdir()
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    image.build(root, {bundle: bundle, "/usr/bin/wxgate": f"{work}/wxgate", "/data": None})
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert files == ["etc/ssl/certs/ca-certificates.crt", "usr/bin/wxgate"], files
    if "--long" in flags:
        assert size < LIMIT, size
    surround(root)
    serves(image, root)
    demonstrates(image, root)
    reaches_wechat(image, root)
    print(f"image: two files, {size / 1e6:.1f} MB; init, serve, healthcheck, demo, names and certificates as {image.user}")


main(*sys.argv[1:])

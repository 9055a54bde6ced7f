"""What surrounds a container: a loopback that is up, a name server, and a WeChat that is reached by name and certificate."""

import contextlib
import fcntl
import http.server
import json
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
from pathlib import Path


def loopback():
    """Switches on the loopback of this network, which is new and has it off."""
    get, put, up = 0x8913, 0x8914, 1
    with socket.socket() as control:
        request = fcntl.ioctl(control, get, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack_from("H", request, 16)[0]
        fcntl.ioctl(control, put, struct.pack("16sH14x", b"lo", flags | up))


@contextlib.contextmanager
def answer_names(name):
    """A name server on port 53 that knows one name, as 127.0.0.1; gives what it was asked."""
    wanted = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    asked = []

    def answer():
        with contextlib.suppress(OSError):
            while True:
                question, peer = server.recvfrom(512)
                end = question.index(b"\0", 12) + 1
                (kind,) = struct.unpack_from("!H", question, end)
                asked.append((question[12:end], kind))
                known = question[12:end] == wanted and kind == 1
                head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(known), 0, 0)
                record = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1) if known else b""
                server.sendto(head + question[12:end + 4] + record, peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=answer, daemon=True).start()
        yield asked


class WeChat(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"errcode": 40013, "errmsg": "invalid appid"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


class Patient(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who does not believe the certificate hangs up."""


@contextlib.contextmanager
def answer_https(name):
    """An https server on port 443 for this name; gives the certificate of the authority that vouches for it."""
    with tempfile.TemporaryDirectory() as folder:
        certify(Path(folder), name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
        with Patient(("127.0.0.1", 443), WeChat) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield (Path(folder) / "authority.pem").read_text()
            server.shutdown()


def certify(folder, name):
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new, "-subj", "/CN=Authority of a test", "-keyout", "authority.key", "-out", "authority.pem")
    openssl("req", *new, "-subj", f"/CN={name}", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "server.pem")

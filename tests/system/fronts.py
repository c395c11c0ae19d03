"""An nginx and a HAProxy of the tests' own, in the foreground, each with as many servers as there
are cases."""
import os
import shutil
import socket
import subprocess

from harness import read, wait_for
from mattermost_server import CANARY, certificate

# An address of loopback that is this process's own: there every port is free.
ADDRESS = f"127.{64 + (os.getpid() >> 16) % 128}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
NGINX_PORT, HAPROXY_PORT = 18000, 19000


def program(name):
    """Its path; None where it is not installed. Servers are not in everybody's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


class Front:
    """A server program with a configuration of its own, in the foreground. A context manager."""

    def __init__(self, place, argv, ports):
        self.place, self.ports = place, ports
        self.output = open(os.path.join(place, "front.output"), "wb")
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, cwd=place
        )

    def __enter__(self):
        wait_for(
            lambda: all(self.listens(port) for port in self.ports) or self.has_ended(), "the front"
        )
        return self

    def has_ended(self):
        if self.process.poll() is None:
            return False
        raise AssertionError(f"{self.process.args}: {read(self.output.name)}")

    @staticmethod
    def listens(port):
        with socket.socket() as probe:
            return probe.connect_ex((ADDRESS, port)) == 0

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.output.close()


def make_folder(place, name):
    path = os.path.join(place, name)
    os.mkdir(path)
    return path


def certificates(place):
    """Of a name each: {name: (PEM of the certificate, file that holds it and its key)}."""
    made = {}
    for name, subject, days in [
        ("ours", "IP:" + ADDRESS, 2),
        ("theirs", "DNS:other.example", 2),
        ("strangers", "IP:" + ADDRESS, 2),
        ("old", "IP:" + ADDRESS, -1),
    ]:
        path, _ = certificate(place, name, subject, days)
        key = path.replace(".pem", ".key")
        both = path + ".both"
        with open(both, "w", encoding="utf-8") as file:
            file.write(read(path) + read(key))
        made[name] = (path, both)
    return made


NGINX = """
daemon off; pid {place}/nginx.pid; error_log {place}/error.log; worker_processes 1;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off; server_tokens off; default_type text/html;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  {servers}
}}
"""


class Nginx:
    """Collects server blocks, each for one case, and then starts."""

    def __init__(self, place, made):
        self.place, self.made, self.blocks, self.ports = place, made, [], []

    def add(self, body, name="ours", stand_in=None):
        port = NGINX_PORT + len(self.ports)
        body = body.format(
            address=ADDRESS,
            port=port,
            upstream=f"http://127.0.0.1:{stand_in.port if stand_in else 1}",
        )
        both = self.made[name][1]
        self.blocks.append(
            f"server {{ listen {ADDRESS}:{port} ssl; ssl_certificate {both}; "
            f"ssl_certificate_key {both}; {body} }}"
        )
        self.ports.append(port)
        return f"https://{ADDRESS}:{port}/hooks/{CANARY}"

    def start(self):
        path = os.path.join(self.place, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            servers = "\n  ".join(self.blocks)
            user = "user root;" if os.geteuid() == 0 else ""
            file.write(NGINX.format(place=self.place, servers=servers, user=user))
        return Front(
            self.place, [program("nginx"), "-p", self.place, "-c", path, "-e", "stderr"], self.ports
        )


HAPROXY = """
global
  maxconn 256
defaults
  mode http
  timeout client 20s
  timeout connect 2s
  timeout server 20s
  timeout tarpit 200ms
{sections}
"""


class Haproxy:
    """The same for HAProxy: a frontend and a backend for each case."""

    def __init__(self, place, made):
        self.place, self.made, self.sections, self.ports = place, made, [], []

    def add(self, front, stand_in=None, back=""):
        number = len(self.ports)
        port = HAPROXY_PORT + number
        upstream = f"server s 127.0.0.1:{stand_in.port}" if stand_in else ""
        self.sections.append(
            f"frontend f{number}\n  bind {ADDRESS}:{port} ssl crt {self.made['ours'][1]}\n"
            f"  {front}\n"
            f"  default_backend b{number}\nbackend b{number}\n  {back}\n  {upstream}\n"
        )
        self.ports.append(port)
        return f"https://{ADDRESS}:{port}/hooks/{CANARY}"

    def start(self):
        path = os.path.join(self.place, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(HAPROXY.format(sections="\n".join(self.sections)))
        return Front(self.place, [program("haproxy"), "-db", "-f", path], self.ports)

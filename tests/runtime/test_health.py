"""What a HEALTHCHECK asks: a service that is ready, one that is not, and nothing at all; options are those of its process."""

import http.server
import socket
import ssl
import subprocess
import threading

import pytest

from mlpack.runtime.health import arguments_of, is_ready, main
from mlpack.runtime.settings import Settings, parse_settings


class Answers(http.server.BaseHTTPRequestHandler):
    """Says what its server's status is."""

    def do_GET(self):
        self.send_response(self.server.status if self.path == "/readyz" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        found.status = 200
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def test_ready_is_what_the_service_says(server):
    settings = Settings(host="0.0.0.0", port=server.server_port)
    assert is_ready(settings)
    server.status = 503
    assert not is_ready(settings)


def test_nothing_that_listens_is_not_ready():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not is_ready(Settings(port=taken.getsockname()[1]))


def test_what_is_no_http_is_not_ready():
    def answer(listener):
        with listener.accept()[0] as accepted:
            accepted.sendall(b"nonsense\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=[listener], daemon=True).start()
        assert not is_ready(Settings(port=listener.getsockname()[1]))


def test_a_certificate_of_any_name_will_do(server, tmp_path):
    pair = {"key": tmp_path / "key.pem", "cert": tmp_path / "cert.pem"}
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somewhere.example", "-days", "1"]
    made += ["-keyout", str(pair["key"]), "-out", str(pair["cert"])]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair["cert"], pair["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    secured = Settings(port=server.server_port, tls_cert=pair["cert"], tls_key=pair["key"])
    assert is_ready(secured)
    server.status = 503
    assert not is_ready(secured)
    # Who wants a certificate shown to it says nothing to one who has none: that it accepts has to be enough.
    assert is_ready(
        Settings(port=server.server_port, tls_cert=pair["cert"], tls_key=pair["key"], tls_client_ca=pair["cert"])
    )


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("python\0-m\0runtime\0", []),
        ("/opt/venv/bin/python\0-m\0runtime\0--port\0" + "9000\0--workers=2\0", ["--port", "9000", "--workers=2"]),
        ("/sbin/docker-init\0--\0python\0-m\0runtime\0--port=9000\0", ["--port=9000"]),
        ("uvicorn\0app:app\0", []),
    ],
)
def test_the_options_of_the_first_process(command, options):
    assert arguments_of(command.encode()) == options
    assert parse_settings(arguments_of(command.encode())).port in {8080, 9000}


def test_the_exit_code_is_what_docker_wants(server, tmp_path):
    process = tmp_path / "cmdline"
    process.write_bytes(f"python\0-m\0runtime\0--port\0{server.server_port}\0".encode())
    assert main(process) == 0
    server.status = 503
    assert main(process) == 1

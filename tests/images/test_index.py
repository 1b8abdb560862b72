"""Without a folder of wheels the user's own pip brings them, set up as it is, and nothing of that comes near the image."""

import base64
import functools
import http.server
import re
import threading

import pytest

import mlpack

USER, SECRET = "mlpack", "s3cret-of-the-index"


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index over a folder of wheels that lets in who has the password."""

    def do_GET(self):
        wanted = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        found = re.fullmatch(r"/simple/([^/]+)/", self.path)
        if found is None:
            self.path = self.path.removeprefix("/files")
            super().do_GET()
            return
        names = [path.name for path in sorted(self.folder.glob("*.whl")) if self.is_of(path.name, found[1])]
        body = "".join(f'<a href="/files/{name}">{name}</a>\n' for name in names).encode()
        self.send_response(200 if names else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def is_of(file, project):
        return re.sub(r"[-_.]+", "-", file.split("-")[0]).lower() == project

    def log_message(self, *_):
        pass


@pytest.fixture
def index(wheelhouse, monkeypatch, tmp_path):
    """pip is set up for the index, as in a company, and for no other."""
    handler = type("Handler", (Index,), {"folder": wheelhouse})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(wheelhouse)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "pip.conf"
    config.write_text(
        f"[global]\nindex-url = http://{USER}:{SECRET}@127.0.0.1:{server.server_port}/simple\nno-cache-dir = true\n"
    )
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("index")
def test_an_index_with_a_password_is_used_and_its_password_goes_no_further(engine, built, bundle, official):
    made = mlpack.containerize(bundle, "mlpack-test/indexed:1", base=official)
    assert made.image == built.image  # the same wheels, and nothing of where they came from
    for image in engine.api.images(all=True):
        told = f"{engine.api.inspect_image(image['Id'])}{engine.api.history(image['Id'])}"
        assert SECRET not in told
    tail = b""
    for chunk in engine.images.get(made.tag).save():
        assert SECRET.encode() not in tail + chunk
        tail = chunk[-len(SECRET) :]

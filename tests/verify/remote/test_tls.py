"""Through TLS, with a certificate that is known and one that is not."""

import datetime as dt
import ipaddress

import pytest
from clients.served import served

import mlpack
from mlpack.core.errors import UsageError


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, secret


def test_a_certificate_has_to_be_known(certificate, linear, packed, tmp_path, monkeypatch):
    cert, secret = certificate
    with served(packed, tmp_path, f"--tls-cert={cert}", f"--tls-key={secret}") as service:
        addresses = [f"https://{service.at['http']}", f"grpcs://{service.at['grpc']}"]
        for address in addresses:
            with pytest.raises(UsageError) as caught:
                mlpack.verify(linear, address)
            assert "SSL_CERT_FILE" in caught.value.hint
        with pytest.raises(UsageError, match="does not speak"):
            mlpack.verify(linear, f"http://{service.at['http']}")
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        for address in addresses:
            report = mlpack.verify(linear, address)
            assert report.verdict == "PASS", report.reason

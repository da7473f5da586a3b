"""A submission server that says what a test wants it to say, or cuts the line."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from delivery.smtp import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mail.box.test"
CUT = ""  # close the connection instead of a reply
ACCEPTED = "250 2.0.0 Ok: queued as 4XyZ12abcd"


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate for NAME that is its own authority; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "box.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Box:
    """The server's words. Keys of `rcpt` are addresses; whoever is not named is taken."""

    pem: Path
    greeting: str = "220 box ESMTP"
    auth: str = "235 2.7.0 Authentication successful"
    mail: str = "250 2.1.0 Ok"
    rcpt: dict[str, str] = field(default_factory=dict)
    data: str = "354 End data with <CR><LF>.<CR><LF>"
    end: str = ACCEPTED
    extensions: tuple[str, ...] = ("SIZE 26214400", "DSN", "8BITMIME", "AUTH PLAIN XOAUTH2")
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)  # dots still doubled

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> Endpoint:
        """Where this server listens."""
        return Endpoint("127.0.0.1", self._listener.getsockname()[1], NAME, self.pem)

    def close(self) -> None:
        """Stop listening and wait for the running dialogue."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._talk(connection)
            except OSError:
                pass
            finally:
                connection.close()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        lines = connection.makefile("rb")
        connection.sendall(f"{self.greeting}\r\n".encode())
        while line := lines.readline():
            command = line.decode().rstrip("\r\n")
            self.commands.append(command)
            reply = self._answer(command)
            if reply == CUT:
                return
            connection.sendall(f"{reply}\r\n".encode())
            if command == "STARTTLS":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.pem)
                connection = context.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
            if reply.startswith("354"):
                content = []
                while (line := lines.readline()) not in (b".\r\n", b""):
                    content.append(line)
                if not line:
                    return
                self.messages.append(b"".join(content))
                if self.end == CUT:
                    connection.close()
                    return
                connection.sendall(f"{self.end}\r\n".encode())
            if command == "QUIT":
                return

    def _answer(self, command: str) -> str:
        verb = command.partition(" ")[0].upper()
        match verb:
            case "EHLO":
                return "\r\n".join(
                    ["250-box", *(f"250-{name}" for name in self.extensions), "250 STARTTLS"]
                )
            case "STARTTLS":
                return "220 2.0.0 Ready"
            case "AUTH":
                return self.auth
            case "MAIL":
                return self.mail
            case "RCPT":
                address = command.partition("<")[2].partition(">")[0]
                return self.rcpt.get(address, "250 2.1.5 Ok")
            case "DATA":
                return self.data
            case "QUIT":
                return "221 2.0.0 Bye"
        return "535 5.7.8 Error: authentication failed" if not verb else "502 5.5.2 Error"

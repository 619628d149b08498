"""Files, which evidence of disputes names. The sandbox keeps their names and sizes, not their content."""

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from payments.sandbox.backend import Backend, Call
from payments.sandbox.parameters import ANY, Refusal, Shape, needed, one_of
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

PURPOSES = ("dispute_evidence", "customer_signature", "business_logo")
TYPES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
FILE: Shape = {"purpose": None, "file": {"filename": None, "size": None, "type": None}, "expand": ANY}
MAX_EVIDENCE_BYTES = 5_000_000


def multipart_pairs(content_type: str, raw: bytes) -> list[tuple[str, str]]:
    """Return the fields of a multipart form; a file as `file[filename]`, `file[size]` and `file[type]`."""
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    pairs: list[tuple[str, str]] = []
    for part in form.iter_parts():
        pairs += _part_pairs(part)
    return pairs


def _part_pairs(part: Message) -> list[tuple[str, str]]:
    name = str(part.get_param("name", "", header="content-disposition"))
    content = part.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    if part.get_filename() is None:
        return [(name, content.decode("utf-8", "replace"))]
    kind = TYPES.get(part.get_content_type()) or str(part.get_filename()).rpartition(".")[2].lower()
    return [
        (f"{name}[filename]", str(part.get_filename())),
        (f"{name}[size]", str(len(content))),
        (f"{name}[type]", kind),
    ]


def create_file(backend: Backend, parameters: dict[str, Any]) -> Thing:
    purpose = one_of({"purpose": needed(parameters, "purpose")}, "purpose", PURPOSES)
    upload = needed(parameters, "file")
    if upload["type"] not in TYPES.values():
        raise Refusal(400, "The file must be a PDF, a JPEG or a PNG.", param="file")
    if int(upload["size"]) > MAX_EVIDENCE_BYTES:
        raise Refusal(400, f"The file must have at most {MAX_EVIDENCE_BYTES} bytes.", param="file")
    stored = backend.store.create(
        "file",
        "file",
        expires_at=None,
        filename=upload["filename"],
        links={"object": "list", "data": [], "has_more": False, "url": "/v1/file_links"},
        purpose=purpose,
        size=int(upload["size"]),
        title=None,
        type=upload["type"],
        url=None,
    )
    return backend.show(stored)


def check_evidence(backend: Backend, name: str) -> None:
    """Refuse evidence that names no file for evidence."""
    found = backend.store.find(name)
    if not found or found["object"] != "file" or found["purpose"] != "dispute_evidence":
        raise Refusal(400, f"No such file upload: '{name}'", code="resource_missing", param="evidence")


CALLS = [Call("POST", "files", FILE, create_file), *reading_calls("files", "file", ("purpose",))]

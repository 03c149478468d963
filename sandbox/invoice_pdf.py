"""An invoice as a PDF of one plain page: enough that the link of `invoice_pdf` leads to a real document."""

from sandbox.amounts import written
from sandbox.world import Json

_ROWS = 40


def document(invoice: Json) -> bytes:
    """A PDF 1.4 file."""
    return _assemble(_content(_text_lines(invoice)))


def _text_lines(invoice: Json) -> list[str]:
    currency = invoice["currency"]
    rows = [
        f"{line['description'] or 'Item'}   {written(line['amount'], currency)}" for line in invoice["lines"]["data"]
    ]
    if len(rows) > _ROWS:
        rows = [*rows[:_ROWS], f"and {len(rows) - _ROWS} more lines"]
    return [
        "SANDBOX - a test document, no real money",
        f"Invoice {invoice['number']}",
        f"For {invoice['customer_name'] or invoice['customer_email'] or invoice['customer']}",
        f"Status: {invoice['status']}",
        "",
        *rows,
        "",
        f"Total   {written(invoice['total'], currency)}",
        f"Amount due   {written(invoice['amount_remaining'], currency)}",
    ]


def _content(lines: list[str]) -> bytes:
    shown = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in lines)
    return b"BT /F1 11 Tf 56 780 Td 16 TL " + shown + b" ET"


def _escaped(text: str) -> bytes:
    # The standard fonts know Latin-1 (WinAnsi) only.
    raw = text.encode("cp1252", "replace")
    return raw.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _assemble(content: bytes) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(file)

"""Archives of mongodump, written and read with nothing but the standard library: github.com/mongodb/mongo-tools, common/archive/spec.md; bsonspec.org.

Of BSON it knows documents, texts and 32-bit numbers, booleans and null. `_id` of 24 hexadecimal digits is an ObjectId.
"""
import gzip, re, struct

MAGIC, END, DATABASE = b"\x6d\xe2\x99\x81", b"\xff\xff\xff\xff", "appsmith"
TABLE = []
for byte in range(256):
    crc = byte
    for _ in range(8):
        crc = crc >> 1 ^ 0xC96C5795D7870F42 if crc & 1 else crc >> 1
    TABLE.append(crc)


def crc64(data):
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFFFFFFFFFF


def encode(document):
    body = b""
    for name, value in document.items():
        key = name.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + key + bytes([value])
        elif isinstance(value, int) and name == "CRC":
            body += b"\x12" + key + struct.pack("<q", value - (1 << 64) if value >> 63 else value)
        elif isinstance(value, int):
            body += b"\x10" + key + struct.pack("<i", value)
        elif value is None:
            body += b"\x0a" + key
        elif isinstance(value, dict):
            body += b"\x03" + key + encode(value)
        elif name == "_id" and re.fullmatch("[0-9a-f]{24}", value):
            body += b"\x07" + key + bytes.fromhex(value)
        else:
            text = value.encode() + b"\0"
            body += b"\x02" + key + struct.pack("<i", len(text)) + text
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decode(data, at):
    """The document that begins at `at`, and where it ends."""
    end, found = at + struct.unpack_from("<i", data, at)[0], {}
    at += 4
    while data[at]:
        kind, close = data[at], data.index(b"\0", at + 1)
        name, at = data[at + 1:close].decode(), close + 1
        if kind == 0x02:
            size = struct.unpack_from("<i", data, at)[0]
            found[name], at = data[at + 4:at + 3 + size].decode(), at + 4 + size
        elif kind == 0x03:
            found[name], at = decode(data, at)
        elif kind == 0x07:
            found[name], at = data[at:at + 12].hex(), at + 12
        elif kind == 0x08:
            found[name], at = bool(data[at]), at + 1
        elif kind == 0x0A:
            found[name] = None
        elif kind in (0x10, 0x12):
            size = 4 if kind == 0x10 else 8
            found[name], at = int.from_bytes(data[at:at + size], "little", signed=True), at + size
        else:
            raise ValueError("BSON of kind %d" % kind)
    return found, end


def dump(collections):
    out = MAGIC + encode({"concurrent_collections": 4, "version": "0.1", "server_version": "7.0.14", "tool_version": "100.9.0"})
    for name, documents in collections.items():
        out += encode({"db": DATABASE, "collection": name, "metadata": "{}", "size": len(documents), "type": "collection"})
    out += END
    for name, documents in collections.items():
        body = b"".join(encode(document) for document in documents)
        if body:
            out += encode({"db": DATABASE, "collection": name, "EOF": False, "CRC": 0}) + body + END
        out += encode({"db": DATABASE, "collection": name, "EOF": True, "CRC": crc64(body)}) + END
    return gzip.compress(out)


def read(packed):
    """Collection -> documents."""
    data, at, found = gzip.decompress(packed), 4, {}
    assert data[:4] == MAGIC
    _, at = decode(data, at)
    while data[at:at + 4] != END:
        told, at = decode(data, at)
        found[told["collection"]] = []
    at += 4
    while at < len(data):
        told, at = decode(data, at)
        while data[at:at + 4] != END:
            document, at = decode(data, at)
            found[told["collection"]].append(document)
        at += 4
    return found

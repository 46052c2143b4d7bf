"""A DNS server for tests: answers questions for addresses of the names that it was given, and knows no others.

python3 dns.py ADDRESS NAME=ADDRESS...
"""
import socket
import sys


def answer(question: bytes, known: dict[str, str]) -> bytes:
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    end = at + 5
    kind = int.from_bytes(question[at + 1 : at + 3], "big")
    address = known.get(".".join(labels).lower())
    records = b""
    if address and kind == 1:
        records = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04" + socket.inet_aton(address)
    flags = b"\x81\x80" if address else b"\x81\x83"
    counts = b"\x00\x01" + (b"\x00\x01" if records else b"\x00\x00") + b"\x00\x00\x00\x00"
    return question[:2] + flags + counts + question[12:end] + records


def main() -> None:
    known = dict(pair.split("=") for pair in sys.argv[2:])
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[1], 53))
    while True:
        question, who = server.recvfrom(4096)
        server.sendto(answer(question, known), who)


main()

"""Writes the profiles that pypprof serves of a program that computes into the folder that is its argument."""
import sys
import threading
import time
import urllib.request

import mprofile
from pypprof.net_http import start_pprof_server


mprofile.start(sample_rate=4096)


def compute():
    return sum(number * number for number in range(20_000))


def work():
    kept = []
    while True:
        compute()
        kept.append(bytearray(100_000))
        del kept[:-50]


threading.Thread(target=work, daemon=True).start()
server = start_pprof_server(port=0)
port = server.server_address[1] if hasattr(server, "server_address") else server
for path, name in [("profile?seconds=1", "cpu"), ("wall?seconds=1", "wall"), ("heap", "heap")]:
    answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/pprof/{path}")
    open(f"{sys.argv[1]}/python_{name}", "wb").write(answer.read())

# Pushes profiles of itself with Pyroscope's SDK (PyPI: pyroscope-io) to the address in its argument.
import sys
import time

import pyroscope

pyroscope.configure(application_name="py.sdk", server_address=sys.argv[1], tags={"region": "eu"})


def burn(until):
    total = 0
    while time.time() < until:
        total += sum(i * i for i in range(1000))
    return total


with pyroscope.tag_wrapper({"controller": "slow"}):
    burn(time.time() + 2)
pyroscope.shutdown()

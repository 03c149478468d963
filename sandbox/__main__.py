"""`python -m sandbox --port 12111 --file sandbox.sqlite3`"""

import argparse
from pathlib import Path

from sandbox.serve import LOOPBACK, PORT, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description="A Stripe-compatible server. It moves no money.")
    parser.add_argument("--host", default=LOOPBACK, help="only 127.0.0.1 is accepted")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--file", type=Path, default=None, help="the durable file; without it all is in memory")
    options = parser.parse_args()
    try:
        serve(options.host, options.port, options.file)
    except ValueError as refused:
        parser.error(str(refused))


if __name__ == "__main__":
    main()

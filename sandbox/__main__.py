"""`python -m sandbox --port 12111 --file sandbox.sqlite3 --demo`"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sandbox.demo.seeding import open_demo
from sandbox.demo.shop import DemoError
from sandbox.serve import LOOPBACK, PORT, serve, server


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description="A Stripe-compatible server. It moves no money.")
    parser.add_argument("--host", default=LOOPBACK, help="only 127.0.0.1 is accepted")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--file", type=Path, default=None, help="the durable file; without it all is in memory")
    parser.add_argument("--demo", action="store_true", help="with --file: a new file begins with the demo company")
    parser.add_argument("--idle-exit", type=float, metavar="SECONDS", help="end after so long without a request")
    options = parser.parse_args()
    if options.demo and not options.file:
        parser.error("--demo needs --file")
    try:
        if options.demo:
            world = open_demo(options.file, datetime.now(UTC))
            server(None, host=options.host, port=options.port, world=world, idle_seconds=options.idle_exit).run()
        else:
            serve(options.host, options.port, options.file, options.idle_exit)
    except (ValueError, DemoError) as refused:
        parser.error(str(refused))


if __name__ == "__main__":
    main()

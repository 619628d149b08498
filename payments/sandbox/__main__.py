"""`python -m payments.sandbox --port 9000 --webhook URL --secret whsec_… --file sandbox.sqlite`"""

import argparse
import sys
import urllib.parse

from payments.sandbox.api import Api
from payments.sandbox.delivery import Courier
from payments.sandbox.server import Handler, Sandbox
from payments.sandbox.store import Store
from payments.sandbox.webhooks import register_endpoint

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="payments.sandbox", description="A stand-in for Stripe. No money moves.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--webhook", default="", help="where events are sent; must be on this machine")
    parser.add_argument(
        "--secret", action="append", help="signs events; several (repeated, or with commas) while one is replaced"
    )
    parser.add_argument("--file", default=":memory:")
    arguments = parser.parse_args()
    if arguments.webhook and urllib.parse.urlsplit(arguments.webhook).hostname not in LOOPBACK:
        parser.error("the sandbox sends its events to this machine only")
    server = Sandbox(("127.0.0.1", arguments.port), Handler)
    base_url = f"http://127.0.0.1:{server.server_address[1]}"
    server.api = Api(Store(arguments.file), base_url)
    if arguments.webhook:
        secrets = [secret for text in arguments.secret or ["whsec_sandbox"] for secret in text.split(",") if secret]
        register_endpoint(server.api, arguments.webhook)
        Courier(server.api, arguments.webhook, secrets).start()
    sys.stdout.write(f"Stripe sandbox at {base_url}: test mode, no money moves. Dashboard: {base_url}/sandbox/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""TCP echo: answers each line with the same line behind a prefix.

python -m lateen.samples.tcp_echo 9000,9001 hello
"""

from __future__ import annotations

import argparse
import asyncio
import signal

LONGEST_LINE = 64 * 1024


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",")]


async def serve(ports: list[int], prefix: str, host: str) -> None:
    """Listen on all `ports` until SIGTERM or SIGINT. Raises OSError if one cannot be bound."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                print(f"request: {line.decode(errors='replace')}", end="", flush=True)
                answer = prefix.encode() + b" " + line
                print(f"response: {answer.decode(errors='replace')}", end="", flush=True)
                writer.write(answer)
                await writer.drain()
        except ConnectionError:
            pass
        except ValueError:
            print(f"a line of more than {LONGEST_LINE} bytes", flush=True)
        finally:
            writer.close()

    servers = [await asyncio.start_server(talk, host, port, limit=LONGEST_LINE) for port in ports]
    for server in servers:
        for each in server.sockets:
            print("listening on {}:{}, prefix: {}".format(*each.getsockname()[:2], prefix), flush=True)
    await stop.wait()
    for server in servers:
        server.close()


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ports", type=_ports, nargs="?", default=[9000], help="comma-separated")
    parser.add_argument("prefix", nargs="?", default="hello")
    parser.add_argument("--host", default="0.0.0.0")
    options = parser.parse_args()
    asyncio.run(serve(options.ports, options.prefix, options.host))


if __name__ == "__main__":
    main()

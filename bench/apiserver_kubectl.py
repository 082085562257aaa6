# SPDX-License-Identifier: Apache-2.0
"""How long kubectl takes with the embedded API server, beside another API server when one is named.

    python bench/apiserver_kubectl.py [--kubectl kubectl] [--kubeconfig OTHER] [--rounds 5]

Prints the median of each command in milliseconds: ours, the other's, and how many times faster ours is.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MANIFESTS = Path(__file__).resolve().parents[1] / "tests/apiserver/kubectl/manifests"
COMMANDS = [
    "get namespaces",
    "apply -f web.yaml",
    "apply -f web-changed.yaml",
    "apply --server-side --force-conflicts -f web.yaml",
    "get deploy,svc,cm",
    "get deploy web -o yaml",
    "describe deploy web",
    "diff -f web-changed.yaml",
    'patch deploy web -p {"spec":{"replicas":3}}',
    "scale deploy web --replicas=2",
    "set image deploy/web web=nginx:9",
    "label deploy web a=b --overwrite",
    "create configmap one --from-literal=a=b",
    "delete configmap one",
    "api-resources",
    "auth can-i list pods",
    "explain pod.spec",
    "delete -f web.yaml",
]


def run(kubectl: str, kubeconfig: Path, home: str, command: str) -> float:
    begin = time.perf_counter()
    environment = {"HOME": home, "PATH": "/usr/bin:/bin", "KUBECONFIG": str(kubeconfig)}
    subprocess.run([kubectl, *command.split()], cwd=MANIFESTS, env=environment, capture_output=True, check=False)
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubectl", default="kubectl")
    parser.add_argument("--kubeconfig", type=Path, help="of the other API server")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lateen.cli", "apiserver", "--data", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            server.stdout.readline()
            targets = [Path(folder, "kubeconfig"), *([options.kubeconfig] if options.kubeconfig else [])]
            times: dict[str, list[list[float]]] = {command: [[] for _ in targets] for command in COMMANDS}
            homes = [tempfile.mkdtemp(dir=folder) for _ in targets]
            for _ in range(options.rounds):
                for command_text in COMMANDS:
                    for number, target in enumerate(targets):
                        taken = run(options.kubectl, target, homes[number], command_text)
                        times[command_text][number].append(taken)
            server.terminate()
    for command_text, found in times.items():
        medians = [statistics.median(values) for values in found]
        ratio = f"   {medians[1] / medians[0]:5.2f}x" if len(medians) > 1 else ""
        print(f"{command_text:50} {'   '.join(f'{median:7.0f} ms' for median in medians)}{ratio}")


if __name__ == "__main__":
    main()

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run what build.sh built until interrupted: etcd, kube-apiserver and kube-controller-manager on loopback, with empty state.
# Writes .kubernetes/run/kubeconfig, for LATEEN_REAL_KUBECONFIG; says so when the server is ready. PORT (26443) and the
# three ports after it are taken.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
base=${1:-$here/../../.kubernetes}
bin=$(cd "$base/bin" && pwd)
rm -rf "$base/run"
mkdir -p "$base/run"
chmod 700 "$base/run"
cd "$base/run"
port=${PORT:-26443}

token=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
echo "$token,admin,admin,system:masters" >tokens.csv
openssl genrsa -out service-account.key 2048 2>/dev/null
cat >kubeconfig <<END
apiVersion: v1
kind: Config
clusters: [{name: real, cluster: {server: "https://127.0.0.1:$port", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: real, context: {cluster: real, user: admin}}]
current-context: real
END

started=
# shellcheck disable=SC2086 # one word per process
stop() { kill $started 2>/dev/null || true; wait; }
trap 'stop; exit 0' INT TERM
trap stop EXIT

"$bin/etcd" --data-dir etcd --listen-client-urls "http://127.0.0.1:$((port + 1))" \
	--advertise-client-urls "http://127.0.0.1:$((port + 1))" --listen-peer-urls "http://127.0.0.1:$((port + 2))" \
	--initial-advertise-peer-urls "http://127.0.0.1:$((port + 2))" \
	--initial-cluster "default=http://127.0.0.1:$((port + 2))" >etcd.log 2>&1 &
started="$started $!"
"$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$((port + 1))" --secure-port "$port" --bind-address 127.0.0.1 \
	--cert-dir certificates --token-auth-file tokens.csv --authorization-mode RBAC --allow-privileged \
	--service-account-issuer https://kubernetes.default.svc.cluster.local --service-account-key-file service-account.key \
	--service-account-signing-key-file service-account.key --service-cluster-ip-range 10.96.0.0/16 >apiserver.log 2>&1 &
server=$!
started="$started $server"

until "$bin/kubectl" --kubeconfig kubeconfig get --raw /readyz >/dev/null 2>&1; do
	kill -0 "$server" 2>/dev/null || { tail -5 apiserver.log >&2; exit 1; }
	sleep 0.5
done
"$bin/kube-controller-manager" --kubeconfig kubeconfig --secure-port "$((port + 3))" --bind-address 127.0.0.1 \
	--cert-dir certificates --service-account-private-key-file service-account.key --use-service-account-credentials=false \
	--leader-elect=false >controllers.log 2>&1 &
started="$started $!"
echo "ready: LATEEN_REAL_KUBECONFIG=$(pwd)/kubeconfig"
wait "$server"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build kube-apiserver, kube-controller-manager, kubectl and etcd from their Go modules into .kubernetes/bin (git-ignored).
#
# The module k8s.io/kubernetes wants its staging modules beside itself; go.mod replaces them by those published with it.
# About five minutes and 2 GB of memory on two cores the first time; a program of the version that go.mod asks for is kept.
# To move to another release: change the versions in go.mod, delete go.sum and run `go mod tidy` here.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../.kubernetes}/bin
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"

command -v go >/dev/null || { echo "make kubernetes needs Go (https://go.dev/dl), which is not here" >&2; exit 1; }

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
etcd=$(go list -m -f '{{.Version}}' go.etcd.io/etcd/server/v3)
minor=${version#v1.}
minor=${minor%%.*}

# What a release stamps in: the API server derives which features and API versions it has from gitVersion.
stamps=
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	stamps="$stamps -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
	stamps="$stamps -X $package.gitTreeState=clean"
done

build() { # name version package [flags]
	name=$1 wanted=$2 package=$3
	shift 3
	if [ -x "$out/$name" ] && [ "$(cat "$out/.$name.version" 2>/dev/null)" = "$wanted" ]; then
		echo "$name $wanted is there"
		return
	fi
	echo "building $name $wanted"
	go build -p "${JOBS:-2}" -o "$out/$name" "$@" "$package"
	echo "$wanted" >"$out/.$name.version"
}

build etcd "$etcd" ./etcd
for program in kube-apiserver kube-controller-manager kubectl; do
	build "$program" "$version" "k8s.io/kubernetes/cmd/$program" -ldflags "$stamps"
done
echo "in $out; tools/kubernetes/run.sh starts a server"

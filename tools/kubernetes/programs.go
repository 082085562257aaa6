// SPDX-License-Identifier: Apache-2.0

//go:build programs

// Package programs names the commands that build.sh builds, so that `go mod tidy` keeps what they need.
package programs

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	_ "k8s.io/kubernetes/pkg/generated/openapi"
	_ "k8s.io/component-base/version/verflag"
	_ "k8s.io/kubectl/pkg/cmd"
)

// SPDX-License-Identifier: Apache-2.0

// Package clients drives a Kubernetes API, named by KUBECONFIG, with client-go as any controller would.
package clients

import (
	"context"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const patience = 30 * time.Second

// cluster is a connection of one test, and the namespace that is its own.
type cluster struct {
	ctx       context.Context
	config    *rest.Config
	typed     *kubernetes.Clientset
	dynamic   *dynamic.DynamicClient
	namespace string
}

// connect gives clients that talk protobuf when `binary` is set, as controllers do, and JSON otherwise.
func connect(t *testing.T, binary bool) cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(t, err)
	config.QPS = -1
	typed := rest.CopyConfig(config)
	if binary {
		typed.ContentType = "application/vnd.kubernetes.protobuf"
		typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	clientset, err := kubernetes.NewForConfig(typed)
	must(t, err)
	dynamicClient, err := dynamic.NewForConfig(config)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	named := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "client-go-"}}
	namespace, err := clientset.CoreV1().Namespaces().Create(ctx, named, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		_ = clientset.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
	})
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	// A server with controllers makes it by itself, sooner or later.
	_, _ = clientset.CoreV1().ServiceAccounts(namespace.Name).Create(ctx, account, metav1.CreateOptions{})
	return cluster{ctx, config, clientset, dynamicClient, namespace.Name}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T comparable](t *testing.T, what string, found, wanted T) {
	t.Helper()
	if found != wanted {
		t.Fatalf("%s: found %v, wanted %v", what, found, wanted)
	}
}

// receive waits for one value of a channel.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value, open := <-from:
		if !open {
			t.Fatal("the channel is closed")
		}
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

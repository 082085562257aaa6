// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
)

var virtualServices = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}

func virtualService(name, destination string) *unstructured.Unstructured {
	route := map[string]any{"destination": map[string]any{"host": destination}}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.istio.io/v1",
		"kind":       "VirtualService",
		"metadata":   map[string]any{"name": name},
		"spec": map[string]any{
			"hosts": []any{"web"},
			"http":  []any{map[string]any{"route": []any{route}}},
		},
	}}
}

func TestDynamicClient(t *testing.T) {
	c := connect(t, false)
	routes := c.dynamic.Resource(virtualServices).Namespace(c.namespace)
	made, err := routes.Create(c.ctx, virtualService("a", "web"), metav1.CreateOptions{})
	must(t, err)
	same(t, "generation", made.GetGeneration(), 1)
	patch := []byte(`{"spec":{"hosts":["web","other"]}}`)
	patched, err := routes.Patch(c.ctx, "a", types.MergePatchType, patch, metav1.PatchOptions{})
	must(t, err)
	same(t, "generation", patched.GetGeneration(), 2)
	_, err = routes.Patch(c.ctx, "a", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	same(t, "custom kinds have no strategic merge", apierrors.IsUnsupportedMediaType(err), true)
	older, err := c.dynamic.Resource(virtualServices.GroupResource().WithVersion("v1beta1")).
		Namespace(c.namespace).Get(c.ctx, "a", metav1.GetOptions{})
	must(t, err)
	same(t, "version", older.GetAPIVersion(), "networking.istio.io/v1beta1")
	same(t, "uid", older.GetUID(), made.GetUID())
	must(t, routes.DeleteCollection(c.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	left, err := routes.List(c.ctx, metav1.ListOptions{})
	must(t, err)
	same(t, "left", len(left.Items), 0)
}

func TestDiscovery(t *testing.T) {
	c := connect(t, false)
	mapper := restmapper.NewShortcutExpander(
		restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.typed.Discovery())),
		c.typed.Discovery(), nil)
	for short, wanted := range map[string]string{"vs": "virtualservices", "po": "pods", "deploy": "deployments"} {
		found, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: short})
		must(t, err)
		same(t, short, found.Resource, wanted)
	}
	preferred, err := c.typed.Discovery().ServerPreferredResources()
	must(t, err)
	same(t, "there are groups", len(preferred) > 3, true)
	openAPI, err := c.typed.Discovery().OpenAPISchema()
	must(t, err)
	same(t, "OpenAPI", openAPI.Swagger, "2.0")
}

// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/retry"
)

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name:  "main",
			Image: "image:1",
			Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
			},
		}}},
	}
}

func bothEncodings(t *testing.T, check func(*testing.T, cluster)) {
	for _, binary := range []bool{false, true} {
		t.Run(fmt.Sprintf("protobuf=%v", binary), func(t *testing.T) { check(t, connect(t, binary)) })
	}
}

func TestPods(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		pods := c.typed.CoreV1().Pods(c.namespace)
		for _, name := range []string{"a", "b", "c"} {
			made, err := pods.Create(c.ctx, pod(name), metav1.CreateOptions{})
			must(t, err)
			same(t, "restart policy", made.Spec.RestartPolicy, corev1.RestartPolicyAlways)
			same(t, "protocol", made.Spec.Containers[0].Ports[0].Protocol, corev1.ProtocolTCP)
			same(t, "quality of service", made.Status.QOSClass, corev1.PodQOSBurstable)
		}
		page, err := pods.List(c.ctx, metav1.ListOptions{Limit: 2, LabelSelector: "app=web"})
		must(t, err)
		same(t, "pods of a page", len(page.Items), 2)
		rest, err := pods.List(c.ctx, metav1.ListOptions{Limit: 2, LabelSelector: "app=web", Continue: page.Continue})
		must(t, err)
		same(t, "pods of the next", len(rest.Items), 1)
		same(t, "revision of both", rest.ResourceVersion, page.ResourceVersion)
		chosen, err := pods.List(c.ctx, metav1.ListOptions{FieldSelector: "metadata.name=b,status.phase=Pending"})
		must(t, err)
		same(t, "pods called b", len(chosen.Items), 1)
		memory := chosen.Items[0].Spec.Containers[0].Resources.Requests.Memory().String()
		same(t, "memory", memory, "64Mi")
	})
}

func TestServices(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		services := c.typed.CoreV1().Services(c.namespace)
		body := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "web"},
			Spec: corev1.ServiceSpec{
				Selector: map[string]string{"app": "web"},
				Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
			},
		}
		made, err := services.Create(c.ctx, body, metav1.CreateOptions{})
		must(t, err)
		same(t, "has a cluster IP", made.Spec.ClusterIP != "", true)
		same(t, "target", made.Spec.Ports[0].TargetPort.String(), "http")
		_, err = services.Create(c.ctx, body, metav1.CreateOptions{})
		same(t, "the second of a name exists", apierrors.IsAlreadyExists(err), true)
		body.Name = "x y"
		_, err = services.Create(c.ctx, body, metav1.CreateOptions{})
		same(t, "a name that is none is invalid", apierrors.IsInvalid(err), true)
	})
}

func TestConflictsAndPatches(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		maps := c.typed.CoreV1().ConfigMaps(c.namespace)
		body := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"x": "1"}}
		old, err := maps.Create(c.ctx, body, metav1.CreateOptions{})
		must(t, err)
		merged, err := maps.Patch(c.ctx, "a", types.MergePatchType, []byte(`{"data":{"y":"2"}}`), metav1.PatchOptions{})
		must(t, err)
		same(t, "keys", len(merged.Data), 2)
		old.Data["x"] = "3"
		_, err = maps.Update(c.ctx, old, metav1.UpdateOptions{})
		same(t, "what was read before is a conflict", apierrors.IsConflict(err), true)
		must(t, retry.RetryOnConflict(retry.DefaultRetry, func() error {
			fresh, err := maps.Get(c.ctx, "a", metav1.GetOptions{})
			if err != nil {
				return err
			}
			fresh.Data["x"] = "3"
			_, err = maps.Update(c.ctx, fresh, metav1.UpdateOptions{})
			return err
		}))
		swap := []byte(`[{"op":"test","path":"/data/x","value":"3"},{"op":"remove","path":"/data/y"}]`)
		swapped, err := maps.Patch(c.ctx, "a", types.JSONPatchType, swap, metav1.PatchOptions{})
		must(t, err)
		same(t, "keys", len(swapped.Data), 1)
		none := types.UID("another")
		err = maps.Delete(c.ctx, "a", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &none}})
		same(t, "another uid is a conflict", apierrors.IsConflict(err), true)
		must(t, maps.Delete(c.ctx, "a", metav1.DeleteOptions{}))
		_, err = maps.Get(c.ctx, "a", metav1.GetOptions{})
		same(t, "it is gone", apierrors.IsNotFound(err), true)
	})
}

func TestWatchGoesOnWhereItEnded(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		maps := c.typed.CoreV1().ConfigMaps(c.namespace)
		listed, err := maps.List(c.ctx, metav1.ListOptions{})
		must(t, err)
		create := func(name string) {
			body := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"own": "yes"}}}
			_, err := maps.Create(c.ctx, body, metav1.CreateOptions{})
			must(t, err)
		}
		open := func(revision string) watch.Interface {
			following, err := maps.Watch(c.ctx, metav1.ListOptions{ResourceVersion: revision, LabelSelector: "own=yes"})
			must(t, err)
			return following
		}
		first := open(listed.ResourceVersion)
		create("a")
		event := receive(t, first.ResultChan())
		same(t, "event", event.Type, watch.Added)
		seen := event.Object.(*corev1.ConfigMap).ResourceVersion
		first.Stop()
		create("b")
		must(t, maps.Delete(c.ctx, "a", metav1.DeleteOptions{}))
		second := open(seen)
		defer second.Stop()
		for _, wanted := range []struct {
			event watch.EventType
			name  string
		}{{watch.Added, "b"}, {watch.Deleted, "a"}} {
			event := receive(t, second.ResultChan())
			same(t, "event", event.Type, wanted.event)
			same(t, "name", event.Object.(*corev1.ConfigMap).Name, wanted.name)
		}
	})
}

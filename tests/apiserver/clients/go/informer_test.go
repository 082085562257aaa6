// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

func TestInformerWithResync(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		maps := c.typed.CoreV1().ConfigMaps(c.namespace)
		body := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "before"}, Data: map[string]string{"x": "1"}}
		_, err := maps.Create(c.ctx, body, metav1.CreateOptions{})
		must(t, err)

		stop := make(chan struct{})
		defer close(stop)
		factory := informers.NewSharedInformerFactoryWithOptions(c.typed, time.Second, informers.WithNamespace(c.namespace))
		informer := factory.Core().V1().ConfigMaps()
		added, resynced, changed := make(chan string, 99), make(chan string, 99), make(chan string, 99)
		deleted := make(chan string, 99)
		_, err = informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(object any) { added <- object.(*corev1.ConfigMap).Name },
			UpdateFunc: func(old, new any) {
				before, after := old.(*corev1.ConfigMap), new.(*corev1.ConfigMap)
				if before.ResourceVersion == after.ResourceVersion {
					select {
					case resynced <- after.Name:
					default:
					}
				} else {
					changed <- after.Data["x"]
				}
			},
			DeleteFunc: func(object any) { deleted <- object.(*corev1.ConfigMap).Name },
		})
		must(t, err)
		factory.Start(stop)
		for kind, synced := range factory.WaitForCacheSync(stop) {
			same(t, kind.String(), synced, true)
		}
		ours := func(from <-chan string, wanted string) {
			t.Helper()
			for found := receive(t, from); found != wanted; found = receive(t, from) {
				// Servers with controllers put kube-root-ca.crt into every namespace.
				same(t, "of others", found, "kube-root-ca.crt")
			}
		}
		ours(added, "before")
		ours(resynced, "before")
		body.Data["x"] = "2"
		_, err = maps.Update(c.ctx, body, metav1.UpdateOptions{})
		must(t, err)
		same(t, "change", receive(t, changed), "2")
		held, err := informer.Lister().ConfigMaps(c.namespace).Get("before")
		must(t, err)
		same(t, "of the cache", held.Data["x"], "2")
		must(t, maps.Delete(c.ctx, "before", metav1.DeleteOptions{}))
		same(t, "deletion", receive(t, deleted), "before")
	})
}

func TestInformerOfIstio(t *testing.T) {
	c := connect(t, false)
	stop := make(chan struct{})
	defer close(stop)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, c.namespace, nil)
	informer := factory.ForResource(virtualServices).Informer()
	added := make(chan string, 9)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { added <- object.(metav1.Object).GetName() },
	})
	must(t, err)
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	_, err = c.dynamic.Resource(virtualServices).Namespace(c.namespace).
		Create(c.ctx, virtualService("a", "web"), metav1.CreateOptions{})
	must(t, err)
	same(t, "added", receive(t, added), "a")
}

// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// stand runs for leader; its name is sent once it leads, and closing comes from `ctx`.
func stand(ctx context.Context, t *testing.T, c cluster, name string, leads chan<- string) {
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: c.namespace},
		Client:     c.typed.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: name},
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   3 * time.Second,
		RenewDeadline:   2 * time.Second,
		RetryPeriod:     200 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leads <- name },
			OnStoppedLeading: func() {},
		},
	})
	must(t, err)
	go elector.Run(ctx)
}

func TestLeaderElection(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		leads := make(chan string, 2)
		first, resign := context.WithCancel(c.ctx)
		defer resign()
		stand(first, t, c, "one", leads)
		same(t, "leader", receive(t, leads), "one")
		stand(c.ctx, t, c, "two", leads)
		lease, err := c.typed.CoordinationV1().Leases(c.namespace).Get(c.ctx, "leader", metav1.GetOptions{})
		must(t, err)
		same(t, "holder", *lease.Spec.HolderIdentity, "one")
		same(t, "renewed within microseconds of a time", lease.Spec.RenewTime.IsZero(), false)
		resign()
		same(t, "leader", receive(t, leads), "two")
		lease, err = c.typed.CoordinationV1().Leases(c.namespace).Get(c.ctx, "leader", metav1.GetOptions{})
		must(t, err)
		same(t, "holder", *lease.Spec.HolderIdentity, "two")
		// Stepping down clears the holder, which is a change of its own before the second takes the lease.
		same(t, "changes of leader", *lease.Spec.LeaseTransitions >= 1, true)
	})
}

// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

func deployment(c cluster, replicas int32, image string) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "web"}
	container := coreapply.Container().WithName("main").WithImage(image)
	template := coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().WithContainers(container))
	spec := appsapply.DeploymentSpec().WithReplicas(replicas).WithTemplate(template).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels))
	return appsapply.Deployment("web", c.namespace).WithSpec(spec)
}

func TestServerSideApply(t *testing.T) {
	bothEncodings(t, func(t *testing.T, c cluster) {
		deployments := c.typed.AppsV1().Deployments(c.namespace)
		one, two := metav1.ApplyOptions{FieldManager: "one"}, metav1.ApplyOptions{FieldManager: "two"}
		made, err := deployments.Apply(c.ctx, deployment(c, 2, "image:1"), one)
		must(t, err)
		same(t, "manager", made.ManagedFields[0].Manager, "one")
		_, err = deployments.Apply(c.ctx, deployment(c, 2, "image:2"), two)
		same(t, "another's field is a conflict", apierrors.IsConflict(err), true)
		two.Force = true
		forced, err := deployments.Apply(c.ctx, deployment(c, 2, "image:2"), two)
		must(t, err)
		same(t, "image", forced.Spec.Template.Spec.Containers[0].Image, "image:2")
		same(t, "generation", forced.Generation, 2)
		again, err := deployments.Apply(c.ctx, deployment(c, 2, "image:2"), two)
		must(t, err)
		same(t, "applied again without a change", again.ResourceVersion, forced.ResourceVersion)

		mine, err := appsapply.ExtractDeployment(forced, "two")
		must(t, err)
		same(t, "replicas", *mine.Spec.Replicas, 2)

		scale, err := deployments.GetScale(c.ctx, "web", metav1.GetOptions{})
		must(t, err)
		scale.Spec.Replicas = 4
		_, err = deployments.UpdateScale(c.ctx, "web", scale, metav1.UpdateOptions{})
		must(t, err)
		scaled, err := deployments.Get(c.ctx, "web", metav1.GetOptions{})
		must(t, err)
		same(t, "replicas", *scaled.Spec.Replicas, 4)
	})
}

import { kubeResources, type KubeObject } from '@ambit/kube';
import { clusterOf, type DemoStage } from '../stage/demo-stage.ts';
import { eventuallyTrue } from '../stage/eventually-true.ts';

const selector = 'ambit.dev/managed-by=ambit';

/** Somebody deletes one of our bindings with kubectl; it comes back. */
export async function tellDrift(stage: DemoStage): Promise<void> {
  const { printer, signal } = stage;
  const { kube } = clusterOf(stage, 'staging-eu');
  const namespace = 'payments';
  const list = async (): Promise<readonly KubeObject[]> =>
    (await kube.list(kubeResources.roleBindings, { namespace, labelSelector: selector })).items;
  const [binding] = await list();
  if (binding === undefined) throw new Error(`there is no binding of ours in ${namespace}`);
  const { name, uid } = binding.metadata;
  printer.step('Somebody deletes a binding by hand');
  printer.note(`kubectl --context staging-eu -n ${namespace} delete rolebinding ${name}`);
  await kube.delete(kubeResources.roleBindings, { name, namespace });
  const isBack = async (): Promise<boolean> =>
    (await list()).some(({ metadata }) => metadata.name === name && metadata.uid !== uid);
  const ms = await eventuallyTrue(isBack, {
    what: 'the binding was there again',
    withinMs: 20_000,
    everyMs: 2,
    signal,
  });
  printer.done(`the agent of staging-eu put it back ${Math.round(ms)} ms later`);
}

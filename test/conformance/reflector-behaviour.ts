import { expect, test } from '@jest/globals';
import { Reflector, keyText, kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { clientFor } from './client-for.ts';
import { keyOf, roleBinding } from './target.ts';
import type { Target } from './target.ts';

const { roleBindings } = kubeResources;

/** What our reflector makes of a server that behaves. */
export function reflectorBehaviour({ writer, writerKubeconfig, namespace }: Target): void {
  test('it follows a selection: what is there, what comes, changes, leaves and goes', async () => {
    const ns = await namespace();
    const ours = { labels: { ours: 'yes' } };
    const first = await writer.create(roleBindings, roleBinding(ns, 'first', ours));
    await writer.create(roleBindings, roleBinding(ns, 'foreign'));
    const told: string[] = [];
    const errors: unknown[] = [];
    const client = await clientFor(writerKubeconfig);
    const reflector = new Reflector<KubeObject>({
      client,
      resource: roleBindings,
      labelSelector: 'ours=yes',
      namespace: ns,
      pageSize: 1,
      handler: {
        onAdd: (object) => void told.push(`add ${object.metadata.name}`),
        onUpdate: (object) => void told.push(`update ${object.metadata.name}`),
        onDelete: (gone) =>
          void told.push(`delete ${keyText(gone.key)} ${gone.object === undefined}`),
        onSynced: (reason) => void told.push(`synced ${reason}`),
        onError: (error) => errors.push(error),
      },
    });
    reflector.start();
    await eventually(() => expect(told).toEqual(['add first', 'synced start']));
    const second = await writer.create(roleBindings, roleBinding(ns, 'second', ours));
    await writer.mergePatch(roleBindings, keyOf(first), { metadata: { annotations: { a: 'b' } } });
    await writer.mergePatch(roleBindings, keyOf(first), { metadata: { labels: { ours: null } } });
    await writer.delete(roleBindings, keyOf(second));
    await eventually(() =>
      expect(told.slice(2)).toEqual([
        'add second',
        'update first',
        `delete ${ns}/first false`,
        `delete ${ns}/second false`,
      ]),
    );
    expect(reflector.size).toBe(0);
    reflector.relist();
    await eventually(() => expect(told.at(-1)).toBe('synced asked'));
    expect(told).toHaveLength(7);
    await reflector.stop();
    client.close();
    expect(errors).toEqual([]);
  });
}

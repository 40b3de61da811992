import { beforeAll, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { KubeList, KubeObject, WatchEvent, WatchOptions } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { keyOf, refusal, roleBinding } from './target.ts';
import type { Target } from './target.ts';

const { clusterRoles, roleBindings } = kubeResources;

/** Lists in pages and selections, watches from every starting point. */
export function listAndWatch({ admin, writer, namespace }: Target): void {
  let ns = '';
  beforeAll(async () => {
    ns = await namespace();
    for (let index = 0; index < 7; index++) {
      const labels = { parity: index % 2 === 0 ? 'even' : 'odd' };
      await writer.create(roleBindings, roleBinding(ns, `page-${index}`, { labels }));
    }
  });

  /** Collects events until `stop` is called. */
  function follow(options: WatchOptions): {
    events: WatchEvent<KubeObject>[];
    stop: () => Promise<void>;
  } {
    const events: WatchEvent<KubeObject>[] = [];
    const controller = new AbortController();
    const done = (async () => {
      for await (const event of writer.watch(roleBindings, options, controller.signal))
        events.push(event);
    })();
    return {
      events,
      stop: async () => {
        controller.abort();
        await done;
      },
    };
  }
  const names = (list: KubeList<KubeObject>): string[] =>
    list.items.map((item) => item.metadata.name);
  const shown = (events: readonly WatchEvent<KubeObject>[]): string[] =>
    events.map(({ type, object }) => `${type} ${(object as KubeObject).metadata.name ?? ''}`);

  test('pages show one moment, whatever is written between them', async () => {
    const first = await writer.list(roleBindings, { namespace: ns, limit: 3 });
    expect(names(first)).toEqual(['page-0', 'page-1', 'page-2']);
    expect(first.remainingItemCount).toBe(4);
    const late = await writer.create(roleBindings, roleBinding(ns, 'page-9'));
    await writer.delete(roleBindings, { namespace: ns, name: 'page-5' });
    const next = { namespace: ns, limit: 3, continue: first.continue ?? '' };
    const second = await writer.list(roleBindings, next);
    expect(names(second)).toEqual(['page-3', 'page-4', 'page-5']);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    const third = await writer.list(roleBindings, { ...next, continue: second.continue ?? '' });
    expect(names(third)).toEqual(['page-6']);
    expect(third.continue).toBeUndefined();
    await writer.delete(roleBindings, keyOf(late));
    const labels = { parity: 'odd' };
    await writer.create(roleBindings, roleBinding(ns, 'page-5', { labels }));
  });

  test('objects of a list say their kind through our client, though the API server leaves it out', async () => {
    const { items } = await writer.list(roleBindings, { namespace: ns, limit: 1 });
    expect(items[0]).toMatchObject({
      kind: 'RoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
    });
  });

  test('label and field selectors select', async () => {
    const select = async (labelSelector: string): Promise<string[]> =>
      names(await writer.list(roleBindings, { namespace: ns, labelSelector }));
    expect(await select('parity=odd')).toEqual(['page-1', 'page-3', 'page-5']);
    expect(await select('parity notin (odd)')).toEqual(['page-0', 'page-2', 'page-4', 'page-6']);
    expect(await select('parity,parity!=even')).toEqual(['page-1', 'page-3', 'page-5']);
    expect(await select('!parity')).toEqual([]);
    expect(await select('parity=')).toEqual([]);
    const fieldSelector = 'metadata.name=page-2';
    expect(names(await writer.list(roleBindings, { namespace: ns, fieldSelector }))).toEqual([
      'page-2',
    ]);
    expect(await refusal(select('=='))).toMatchObject({ status: 400 });
    expect(await refusal(select('parity=odd,'))).toMatchObject({ status: 400 });
    const unknown = writer.list(roleBindings, { namespace: ns, fieldSelector: 'spec.x=1' });
    expect(await refusal(unknown)).toMatchObject({ status: 400 });
  });

  test('a list from the future is refused, and one with a match needs a version', async () => {
    const future = writer.list(roleBindings, {
      resourceVersion: '99999999',
      resourceVersionMatch: 'NotOlderThan',
    });
    expect(await refusal(future)).toMatchObject({
      status: 504,
      retryAfterMs: 1000,
      retryable: true,
    });
    const versionless = writer.list(roleBindings, { resourceVersionMatch: 'Exact' });
    expect(await refusal(versionless)).toMatchObject({ status: 422 });
    expect(
      await refusal(writer.list(roleBindings, { limit: 1, continue: 'nonsense' })),
    ).toMatchObject({ status: 400 });
  });

  test('a watch goes on from a resourceVersion: nothing is missed, nothing comes twice', async () => {
    const { resourceVersion } = await writer.list(roleBindings, { namespace: ns });
    const made = await writer.create(roleBindings, roleBinding(ns, 'watched'));
    const watch = follow({ namespace: ns, resourceVersion });
    await writer.mergePatch(roleBindings, keyOf(made), { metadata: { labels: { a: 'b' } } });
    await writer.delete(roleBindings, keyOf(made));
    await eventually(() =>
      expect(shown(watch.events)).toEqual(['ADDED watched', 'MODIFIED watched', 'DELETED watched']),
    );
    const versions = watch.events.map(({ object }) =>
      Number((object as KubeObject).metadata.resourceVersion),
    );
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
    expect(new Set(versions).size).toBe(3);
    await watch.stop();
  });

  test('a label taken off arrives as DELETED with the old content and the new resourceVersion', async () => {
    const labels = { watched: 'yes' };
    const made = await writer.create(roleBindings, roleBinding(ns, 'labelled', { labels }));
    const { resourceVersion = '' } = made.metadata;
    const watch = follow({ namespace: ns, resourceVersion, labelSelector: 'watched=yes' });
    const after = await writer.mergePatch(roleBindings, keyOf(made), {
      metadata: { labels: { watched: null } },
    });
    const back = await writer.mergePatch(roleBindings, keyOf(made), { metadata: { labels } });
    await eventually(() =>
      expect(shown(watch.events)).toEqual(['DELETED labelled', 'ADDED labelled']),
    );
    const [gone, again] = watch.events.map(({ object }) => (object as KubeObject).metadata);
    expect(gone).toMatchObject({ labels, resourceVersion: after.metadata.resourceVersion });
    expect(again?.resourceVersion).toBe(back.metadata.resourceVersion);
    await watch.stop();
    await writer.delete(roleBindings, keyOf(made));
  });

  test('a streaming list ends with a marked bookmark', async () => {
    const options = {
      namespace: ns,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
    } as const;
    const watch = follow({ ...options, allowWatchBookmarks: true, labelSelector: 'parity=even' });
    await eventually(() => expect(watch.events.at(-1)?.type).toBe('BOOKMARK'));
    const added = watch.events
      .filter(({ type }) => type === 'ADDED')
      .map(({ object }) => (object as KubeObject).metadata.name);
    expect(added.sort()).toEqual(['page-0', 'page-2', 'page-4', 'page-6']);
    const bookmark = watch.events.at(-1)?.object as KubeObject;
    expect(bookmark.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    await watch.stop();
    const unmatched = { namespace: ns, sendInitialEvents: true, allowWatchBookmarks: true };
    const refused = writer.watch(roleBindings, unmatched, new AbortController().signal).next();
    expect(await refusal(refused)).toMatchObject({ status: 422 });
  });

  test('a watch ends in order after its time', async () => {
    const signal = new AbortController().signal;
    const types: string[] = [];
    const options = { namespace: ns, resourceVersion: '0', timeoutSeconds: 1 };
    for await (const event of writer.watch(roleBindings, options, signal)) types.push(event.type);
    expect(types.every((type) => type === 'ADDED')).toBe(true);
    expect(types).toHaveLength(7);
  });

  test('a resourceVersion from the future waits', async () => {
    const watch = follow({ namespace: ns, resourceVersion: '99999999' });
    const made = await writer.create(roleBindings, roleBinding(ns, 'unseen'));
    await writer.delete(roleBindings, keyOf(made));
    expect(watch.events).toEqual([]);
    await watch.stop();
  });

  test('reading needs the right to, and says which', async () => {
    const refused = await refusal(writer.list(kubeResources.namespaces));
    expect(refused).toMatchObject({ status: 403, reason: 'Forbidden', escalation: false });
    expect(refused.message).toContain(
      'User "ambit-agent" cannot list resource "namespaces" in API group "" at the cluster scope',
    );
    expect((await admin.list(clusterRoles, { limit: 1 })).items).toHaveLength(1);
  });
}

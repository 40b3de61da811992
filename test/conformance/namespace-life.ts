import { expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { keyOf, refusal, roleBinding } from './target.ts';
import type { Target } from './target.ts';

const { namespaces, roleBindings, serviceAccounts } = kubeResources;

/** Namespaces that are missing, on their way out, and back. */
export function namespaceLife({ admin, writer, namespace }: Target): void {
  test('a new namespace is active and labelled with its name', async () => {
    const name = await namespace();
    const found = await admin.get<Namespace>(namespaces, { name });
    expect(found.status?.phase).toBe('Active');
    expect(found.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': name });
  });

  test('a missing namespace: 404 that names it', async () => {
    const refused = await refusal(writer.create(roleBindings, roleBinding('nowhere', 'x')));
    expect(refused).toMatchObject({
      status: 404,
      details: { name: 'nowhere', kind: 'namespaces' },
    });
    expect(refused.namespaceTerminating).toBe(false);
  });

  test('case 53: while terminating nothing is created, what is there can be patched', async () => {
    const name = await namespace();
    const kept = await writer.create(roleBindings, roleBinding(name, 'kept'));
    const metadata = { finalizers: ['example.com/hold'] };
    await writer.mergePatch(roleBindings, keyOf(kept), { metadata });
    const answer = await admin.delete(namespaces, { name });
    expect(answer).toMatchObject({ metadata: { name }, status: { phase: 'Terminating' } });
    const refused = await refusal(writer.create(roleBindings, roleBinding(name, 'late')));
    expect(refused).toMatchObject({ status: 403, reason: 'Forbidden', namespaceTerminating: true });
    expect(refused.escalation).toBe(false);
    await writer.mergePatch(roleBindings, keyOf(kept), { metadata: { labels: { still: 'here' } } });
    await eventually(
      async () => {
        const found = await writer.get(roleBindings, keyOf(kept));
        expect(found.metadata.deletionTimestamp).toBeDefined();
      },
      { what: 'the deletion of the content' },
    );
    expect((await admin.get<Namespace>(namespaces, { name })).status?.phase).toBe('Terminating');
    await writer.mergePatch(roleBindings, keyOf(kept), { metadata: { finalizers: null } });
  });

  test('a namespace that is deleted takes everything with it and may come back empty', async () => {
    const name = await namespace();
    await writer.create(roleBindings, roleBinding(name, 'within'));
    const { metadata } = await admin.get(namespaces, { name });
    await admin.delete(namespaces, { name });
    await eventually(
      async () =>
        expect(await refusal(admin.get(namespaces, { name }))).toMatchObject({ status: 404 }),
      { what: 'the end of the namespace' },
    );
    const again = await admin.create<Namespace>(namespaces, { metadata: { name } });
    expect(again.metadata.uid).not.toBe(metadata.uid);
    expect((await writer.list(roleBindings, { namespace: name })).items).toEqual([]);
  });

  test('the first namespaces cannot be deleted', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      expect(await refusal(admin.delete(namespaces, { name }))).toMatchObject({ status: 403 });
    }
  });

  test('a namespace is no path segment: its name is an RFC 1123 label', async () => {
    for (const name of ['A', 'a.b', '-a', 'a'.repeat(64)]) {
      expect(await refusal(admin.create(namespaces, { metadata: { name } }))).toMatchObject({
        status: 422,
      });
    }
  });

  test('ServiceAccounts live in namespaces', async () => {
    const name = await namespace();
    const account = { metadata: { namespace: name, name: 'robot' } };
    const made = await admin.create<KubeObject>(serviceAccounts, account);
    expect((await admin.get(serviceAccounts, account.metadata)).metadata.uid).toBe(
      made.metadata.uid,
    );
    await admin.delete(serviceAccounts, account.metadata);
  });
}

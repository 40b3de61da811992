import { expect, test } from '@jest/globals';
import { KubeClient, kubeResources } from '@ambit/kube';
import type { CallReport } from '@ambit/kube';
import { clientFor, connectionFor } from './client-for.ts';
import { refusal, roleBinding } from './target.ts';
import type { Target } from './target.ts';

const { clusterRoles, roleBindings } = kubeResources;

/** What our client does with a server that behaves. */
export function clientBehaviour({ admin, cluster, writerKubeconfig, namespace }: Target): void {
  test('it asks for version and readiness', async () => {
    expect(await admin.version()).toMatchObject({ major: '1', gitVersion: cluster.version });
    await admin.readyz();
  });

  test('it asks who it is, and which kinds are served', async () => {
    const writer = await clientFor(writerKubeconfig);
    expect(await writer.whoAmI()).toMatchObject({
      username: 'ambit-agent',
      groups: ['system:authenticated'],
    });
    expect(await writer.serves(roleBindings)).toBe(true);
    expect(await writer.serves({ ...roleBindings, plural: 'rolebinders' })).toBe(false);
    expect(await writer.serves({ ...roleBindings, group: 'acme.io' })).toBe(false);
    expect(await writer.serves(kubeResources.namespaces)).toBe(true);
    writer.close();
  });

  test('it reports every call with verb, status and the server’s clock', async () => {
    const calls: CallReport[] = [];
    const client = await clientFor(writerKubeconfig, { onCall: (call) => calls.push(call) });
    const ns = await namespace();
    await client.create(roleBindings, roleBinding(ns, 'counted'));
    await refusal(client.get(roleBindings, { namespace: ns, name: 'missing' }));
    expect(calls.map(({ verb, resource, status }) => [verb, resource, status])).toEqual([
      ['create', 'rolebindings', 201],
      ['get', 'rolebindings', 404],
    ]);
    expect(Math.abs((calls[0]?.serverTime ?? 0) - Date.now())).toBeLessThan(5_000);
    client.close();
  });

  test('300 calls at once stay under the server’s limit of streams and all succeed', async () => {
    const client = await clientFor(cluster.adminKubeconfig);
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => client.get(clusterRoles, { name: 'cluster-admin' })),
    );
    expect(answers).toHaveLength(300);
    client.close();
  });

  test('a 1.5 MiB object comes whole, by list and by watch', async () => {
    const ns = await namespace();
    const text = 'ü'.repeat(120_000);
    const metadata = { namespace: ns, name: 'big', annotations: { 'example.com/text': text } };
    await admin.create(roleBindings, { ...roleBinding(ns, 'big'), metadata });
    const listed = await admin.list(roleBindings, { namespace: ns });
    expect(listed.items[0]?.metadata.annotations).toEqual({ 'example.com/text': text });
    const stop = new AbortController();
    for await (const event of admin.watch(
      roleBindings,
      { namespace: ns, resourceVersion: '0' },
      stop.signal,
    )) {
      expect(event.object).toMatchObject({
        metadata: { annotations: { 'example.com/text': text } },
      });
      break;
    }
    stop.abort();
  });

  test('case b40: a server whose certificate is of another authority or for another name is refused', async () => {
    const connection = await connectionFor(cluster.adminKubeconfig);
    const { ca: _ca, ...identity } = await connection.identity();
    const untrusting = { ...connection, identity: () => Promise.resolve(identity) };
    const misnamed = { ...connection, serverName: 'other.example.com' };
    for (const bad of [untrusting, misnamed]) {
      const client = new KubeClient({ connection: bad });
      expect(await refusal(client.version())).toMatchObject({ status: 0, reason: 'Unreachable' });
      client.close();
    }
  });

  test('a wrong token is a 401, none at all is anonymous', async () => {
    const connection = await connectionFor(cluster.adminKubeconfig);
    const { ca = '' } = await connection.identity();
    const as = async (token?: string): Promise<number> => {
      const identity = () => Promise.resolve(token === undefined ? { ca } : { ca, token });
      const client = new KubeClient({ connection: { ...connection, identity } });
      const { status } = await refusal(client.list(clusterRoles));
      client.close();
      return status;
    };
    expect(await as('nonsense')).toBe(401);
    expect(await as()).toBe(403);
    expect(await as('')).toBe(403);
  });
}

import { describe, expect, test } from '@jest/globals';
import type { KubeCall, Caller } from './caller.ts';
import { readDiscovery } from './discovery.ts';
import { KubeError } from './kube-error.ts';

type Answers = Readonly<Record<string, object | number>>;

/** A server that answers paths with objects, or with a status. */
function serverOf(answers: Answers) {
  const asked: string[] = [];
  const caller = {
    answer: ({ request }: KubeCall) => {
      asked.push(request.path);
      const answer = answers[request.path] ?? 404;
      if (typeof answer !== 'number')
        return Promise.resolve({ headers: {}, text: JSON.stringify(answer) });
      return Promise.reject(new KubeError({ status: answer, reason: 'x', message: 'x' }));
    },
    parsed: (text: string): unknown => JSON.parse(text),
  };
  return { caller: caller as unknown as Caller, asked };
}
const list = (...names: string[]): object => ({
  resources: names.map((name) => ({ name, namespaced: true, kind: 'X', verbs: ['get'] })),
});
const group = (name: string, preferred: string, ...versions: string[]): object => ({
  name,
  versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
  preferredVersion: { version: preferred },
});

describe('a server that knows no list of everything', () => {
  const plain: Answers = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/api/v1': list('pods', 'pods/log'),
    '/apis': {
      kind: 'APIGroupList',
      groups: [group('apps', 'v1', 'v1beta1', 'v1'), group('metrics.k8s.io', 'v1', 'v1')],
    },
    '/apis/apps/v1': list('deployments'),
    '/apis/apps/v1beta1': list('deployments'),
    '/apis/metrics.k8s.io/v1': 503,
  };

  test('is asked version by version, the preferred one first; what is down is named', async () => {
    const { caller } = serverOf(plain);
    const found = await readDiscovery(caller);
    expect(found?.resources.map((each) => [each.group, each.version, each.resource])).toEqual([
      ['', 'v1', 'pods'],
      ['', 'v1', 'pods/log'],
      ['apps', 'v1', 'deployments'],
      ['apps', 'v1beta1', 'deployments'],
    ]);
    expect(found).toMatchObject({ unread: ['metrics.k8s.io/v1'], etags: {} });
  });

  test('one that refuses is an error', async () => {
    const { caller } = serverOf({ ...plain, '/apis/apps/v1': 403 });
    await expect(readDiscovery(caller)).rejects.toMatchObject({ status: 403 });
  });
});

test('a version that the list of everything has no word about now is named', async () => {
  const versions = [
    { version: 'v1', freshness: 'Stale' },
    {
      version: 'v1beta1',
      freshness: 'Stale',
      resources: [{ resource: 'pods', scope: 'Namespaced' }],
    },
  ];
  const items = [{ metadata: { name: 'metrics.k8s.io' }, versions }];
  const { caller } = serverOf({ '/api': { items: [] }, '/apis': { items } });
  expect(await readDiscovery(caller)).toMatchObject({
    unread: ['metrics.k8s.io/v1'],
    resources: [{ version: 'v1beta1', resource: 'pods', namespaced: true, kind: '' }],
  });
});

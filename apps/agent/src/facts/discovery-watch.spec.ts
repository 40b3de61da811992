import { afterEach, describe, expect, test } from '@jest/globals';
import { KubeError } from '@ambit/kube';
import type { Discovery } from '@ambit/kube';
import type { ApiResource } from '@ambit/rbac';
import { eventually, silentLogger } from '@ambit/testing';
import { DiscoveryWatch } from './discovery-watch.ts';

const serving = (group: string, resource: string): ApiResource => ({
  group,
  version: 'v1',
  resource,
  singular: '',
  shortNames: [],
  kind: 'X',
  namespaced: true,
  verbs: ['get'],
});
const found = (resources: readonly ApiResource[], unread: readonly string[] = []): Discovery => ({
  resources,
  unread,
  etags: { '/apis': `${resources.length}` },
});
const pods = serving('', 'pods');
const metrics = serving('metrics.k8s.io', 'pods');

let watch: DiscoveryWatch | undefined;
afterEach(() => watch?.stop());

/** A watch over answers that come one after the other, the last of them for ever. */
function watching(...answers: (Discovery | KubeError | undefined)[]) {
  const asked: (Discovery | undefined)[] = [];
  /** What was known at each look. */
  const held: (readonly ApiResource[] | undefined)[] = [];
  let told = 0;
  const client = {
    discovery: (known?: Discovery): Promise<Discovery | undefined> => {
      asked.push(known);
      held.push(watch?.resources);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return answer instanceof KubeError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  watch = new DiscoveryWatch({ client, logger: silentLogger, everyMs: 5 });
  watch.onChange(() => told++);
  watch.start();
  return { watch, asked, held, told: () => told };
}
const failure = (status: number): KubeError =>
  new KubeError({ status, reason: 'Forbidden', message: 'no' });

describe('what the API server serves', () => {
  test('is told once, and again when it changed only', async () => {
    const { watch: it, asked, told } = watching(found([pods]), undefined, found([pods]), undefined);
    await eventually(() => expect(asked.length).toBeGreaterThan(5));
    expect(it.resources).toEqual([pods]);
    expect(told()).toBe(1);
    expect(asked[1]?.etags).toEqual({ '/apis': '1' });
  });

  test('a new kind is told', async () => {
    const { watch: it, told } = watching(found([pods]), found([pods, metrics]));
    await eventually(() => expect(told()).toBe(2));
    expect(it.resources).toEqual([pods, metrics]);
  });

  test('outside case 06: stays unknown where discovery is refused, and is read as soon as it is allowed', async () => {
    const { watch: it, held, told } = watching(failure(403), failure(403), found([pods]));
    await eventually(() => expect(it.resources).toEqual([pods]));
    expect(held.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(told()).toBe(1);
  });

  test('outside case 06: what an extension server served before it went down keeps its names, and is asked for again', async () => {
    const down = found([pods], ['metrics.k8s.io/v1']);
    const { watch: it, asked, told } = watching(found([pods, metrics]), down);
    await eventually(() => expect(asked.length).toBeGreaterThan(3));
    expect(it.resources).toEqual([pods, metrics]);
    expect(told()).toBe(1);
    expect(asked.at(-1)?.etags).toEqual({});
  });
});

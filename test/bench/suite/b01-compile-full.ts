import { Policy } from '@ambit/domain';
import type { PolicyObject, PolicyView } from '@ambit/domain';
import { encodeIntent, HashTree } from '@ambit/protocol';
import type { BindingIntent } from '@ambit/rbac';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { bareCompile, bindingText, digestOf } from './bare-compile.ts';
import type { BareCluster } from './bare-compile.ts';
import { digests, measure, weigh } from './in-process.ts';
import { fleetObjects, fleetOf } from './policy-fleet.ts';

/** A whole policy from its objects to what every cluster should hold. */
export const compileFull: Benchmark = {
  id: 'B01',
  name: 'compile-full',
  says: 'a whole policy loaded, beside one bare function that compiles the same and keeps nothing',
  async run(bench) {
    const grants = bench.smoke ? 3_000 : 100_000;
    const objects = [...fleetObjects(fleetOf(grants))];
    proveEqual(bench, objects);
    const floor = { name: 'bare compile', run: async () => measure(() => bareCompile(objects)) };
    const load = (): Policy => Policy.load(1, objects, digests);
    const gate = { of: 'cpu' } as const;
    const goal = { atMost: 0.5 };
    await bench.compare({
      name: 'loaded: indexes, counts and keys ready, entries rendered when asked for',
      ours: { name: 'load', run: async () => measure(load) },
      floor,
      gate,
      goal,
    });
    await bench.compare({
      name: 'equal work: loaded, every entry encoded, the root of every cluster',
      ours: { name: 'load and roots', run: async () => measure(() => rootsOf(load())) },
      floor,
      gate,
      goal,
    });
    const { bytes } = weigh(load);
    bench.figure('heap of a grant', bytes / grants, 'bytes');
    if (bench.smoke) return;
    await bench.grow({
      name: 'load by grants',
      sizes: [10_000, 100_000, 1_000_000],
      run: async (size) => {
        const all = [...fleetObjects(fleetOf(size))];
        return measure(() => Policy.load(1, all, digests));
      },
      gate,
      exponent: [0.9, 1.1],
    });
  },
};

/** The root of every cluster, by uid, as agents are told it. */
export function rootsOf(policy: PolicyView): ReadonlyMap<string, string> {
  const roots = new Map<string, string>();
  const empty = HashTree.empty(digests);
  for (const { uid } of policy.clusters()) {
    const put = Array.from(policy.entries(uid), (each) => [each.key, encodeIntent(each)] as const);
    roots.set(uid, Buffer.from(empty.with({ put }).root).toString('hex'));
  }
  return roots;
}

/** Both sides give the same bindings to the same people in every cluster. */
function proveEqual(bench: Bench, objects: readonly PolicyObject[]): void {
  const policy = Policy.load(1, objects, digests);
  const bare = bareCompile(objects);
  let [bindings, different] = [0, 0];
  for (const { uid } of policy.clusters()) {
    const texts: string[] = [];
    for (const each of policy.entries(uid))
      if (each.section === 'BINDING') texts.push(textOf(each));
    bindings += texts.length;
    if (!same(texts.sort(), bare.get(uid))) different++;
  }
  const expected = [...bare.values()].reduce((sum, each) => sum + each.bindings.length, 0);
  bench.count('clusters that differ from the bare compile', different, { exactly: 0 });
  bench.count('bindings', bindings, { exactly: expected });
}

const same = (texts: readonly string[], bare: BareCluster | undefined): boolean =>
  bare !== undefined && digestOf(texts) === bare.digest;

const textOf = ({ role, scope, notAfter, subjects, grants }: BindingIntent): string =>
  bindingText({
    role: role.type === 'existing' ? role.clusterRole : { uid: role.roleUid },
    namespaces: scope.type === 'namespaces' ? scope.names : [],
    until: notAfter,
    subjects,
    grants,
  });

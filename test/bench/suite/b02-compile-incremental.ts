import { guardCommit, Policy } from '@ambit/domain';
import type { PolicyChange, PolicyGrant, PolicyObject, Touched } from '@ambit/domain';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { rootsOf } from './b01-compile-full.ts';
import { cpuOf, digests, measure } from './in-process.ts';
import {
  clusterUid,
  fleetGrant,
  fleetObjects,
  fleetOf,
  fleetRole,
  groupUid,
  rolesOfFleet,
  seededRandom,
  userUid,
} from './policy-fleet.ts';

const changesPerCheck = 100;
const timedChanges = 2_000;

/** One change to a policy that is loaded. */
export const compileIncremental: Benchmark = {
  id: 'B02',
  name: 'compile-incremental',
  says: 'one change applied to a loaded policy, beside loading it anew in the same process',
  async run(bench) {
    proveExact(bench);
    const grants = bench.smoke ? 3_000 : 100_000;
    const objects = [...fleetObjects(fleetOf(grants))];
    const full = cpuOf(measure(() => Policy.load(1, objects, digests)));
    const one = oneChange(Policy.load(1, objects, digests), grants);
    bench.figure('a grant applied', one.apply * 1000, 'µs CPU');
    bench.figure('a grant asked about by the guard', one.guard * 1000, 'µs CPU');
    const goal = { atLeast: 20_000 };
    if (bench.smoke) return;
    bench.figure('a full load by one grant applied', full / one.apply, 'times', goal);
    await bench.grow({
      name: 'a grant applied, by grants',
      sizes: [10_000, 100_000, 1_000_000],
      run: async (size) => applied(loadedOf(size), size),
      gate: { of: 'cpu' },
      exponent: [-0.05, 0.06],
    });
    loaded.clear();
  },
};

const loaded = new Map<number, Policy>();

function loadedOf(size: number): Policy {
  let policy = loaded.get(size);
  if (policy === undefined) {
    policy = Policy.load(1, fleetObjects(fleetOf(size)), digests);
    loaded.set(size, policy);
  }
  return policy;
}

/** Grants put and taken away again, so that the policy is afterwards what it was. */
function applied(policy: Policy, grants: number): ReturnType<typeof measure> {
  const random = seededRandom(7);
  const commits: PolicyChange[] = [];
  for (let at = 0; at < timedChanges / 2; at++) {
    const grant = freshGrant(at, grants, random);
    commits.push({ op: 'put', object: grant }, { op: 'delete', kind: 'Grant', uid: grant.uid });
  }
  return measure(() => {
    for (const change of commits)
      policy.apply({ revision: policy.revision + 1, changes: [change] });
  });
}

function oneChange(
  policy: Policy,
  grants: number,
): { readonly apply: number; readonly guard: number } {
  applied(policy, grants);
  const apply = cpuOf(applied(policy, grants)) / timedChanges;
  const random = seededRandom(11);
  const asked = Array.from({ length: timedChanges }, (_, at) => freshGrant(at, grants, random));
  const guard = measure(() => {
    for (const object of asked) guardCommit(policy, [{ op: 'put', object }], { digests });
  });
  return { apply, guard: cpuOf(guard) / timedChanges };
}

/** A standing grant of one person in one cluster that is not in the fleet. */
function freshGrant(at: number, grants: number, random: (below: number) => number): PolicyGrant {
  const grant = fleetGrant(at * 100, fleetOf(grants), random);
  return { ...grant, uid: `fresh-${at}`, name: `fresh-${at}` };
}

type Change = (at: number) => PolicyChange;

/** What changes in a fleet: each kind, and whether it should change what clusters hold. */
function changesOf(grants: number): Readonly<Record<string, Change>> {
  const size = fleetOf(grants);
  const random = seededRandom(3);
  const put = (object: PolicyObject): PolicyChange => ({ op: 'put', object });
  const grantOf = (at: number): PolicyGrant => freshGrant(at, grants, random);
  return {
    'grant added': (at) => put(grantOf(at)),
    'grant revoked': (at) => ({ op: 'delete', kind: 'Grant', uid: `fresh-${at}` }),
    'grant ended': (at) => put({ ...fleetGrant(at * 10 + 5, size, seededRandom(at)), ended: true }),
    'person joins a group': (at) => {
      const [group, user] = [at % size.groups, random(size.users)];
      return put({
        kind: 'Membership',
        uid: `${groupUid(group)}/${userUid(user)}`,
        name: `group-${group}/person-${user}`,
        groupUid: groupUid(group),
        userUid: userUid(user),
      });
    },
    'cluster relabelled': (at) => {
      const cluster = at % size.clusters;
      const labels = { region: `r${random(10)}`, stage: 'dev' };
      const named = { uid: clusterUid(cluster), name: `cluster-${cluster}`, labels };
      return put({ kind: 'Cluster', ...named, subjectMode: 'Users', userPrefix: 'ambit:' });
    },
    'role edited': (at) => {
      const role = fleetRole(3 + (at % (rolesOfFleet - 3)));
      const rules = [{ apiGroups: [''], resources: [`things-${at}`], verbs: ['get'] }];
      return put({ ...role, rules });
    },
  };
}

/** A policy that follows changes, and its objects, from which it can be loaded anew. */
class Followed {
  readonly policy: Policy;
  wrongKeys = 0;
  wrongRoots = 0;
  readonly #objects = new Map<string, PolicyObject>();

  constructor(grants: number) {
    for (const each of fleetObjects(fleetOf(grants))) this.#put(each);
    this.policy = this.anew();
  }

  anew(): Policy {
    return Policy.load(1, this.#objects.values(), digests);
  }

  /** Applies the change; compares what it names with what differs between two policies loaded anew, where `sampled`. */
  apply(change: PolicyChange, sampled: boolean): Touched {
    const before = sampled ? entriesOf(this.anew()) : undefined;
    if (change.op === 'put') this.#put(change.object);
    else this.#objects.delete(`${change.kind}/${change.uid}`);
    const touched = this.policy.apply({ revision: this.policy.revision + 1, changes: [change] });
    if (before === undefined) return touched;
    const differ = differences(before, entriesOf(this.anew()));
    if (differ.join() !== listed(touched).sort().join()) this.wrongKeys++;
    return touched;
  }

  checkRoots(): void {
    const fresh = rootsOf(this.anew());
    for (const [uid, root] of rootsOf(this.policy)) if (fresh.get(uid) !== root) this.wrongRoots++;
  }

  #put(object: PolicyObject): void {
    this.#objects.set(`${object.kind}/${object.uid}`, object);
  }
}

/** After every hundred changes the roots are those of a policy loaded anew; samples name exactly what differs. */
function proveExact(bench: Bench): void {
  const grants = bench.smoke ? 1_000 : 10_000;
  const followed = new Followed(grants);
  for (const [says, changeOf] of Object.entries(changesOf(grants))) {
    let [clusters, keys, bindings] = [0, 0, 0];
    const before = followed.policy.stats().entriesRendered;
    for (let at = 0; at < changesPerCheck; at++) {
      const touched = followed.apply(changeOf(at), at % 50 === 0);
      clusters += touched.size;
      keys += listed(touched).length;
      bindings += listed(touched).filter((key) => key.includes(' BINDING/')).length;
    }
    followed.checkRoots();
    const rendered = followed.policy.stats().entriesRendered - before;
    bench.note(
      `100 times "${says}": ${clusters} clusters touched, ${keys} entries changed, ${rendered} rendered`,
    );
    if (says !== 'grant added') continue;
    const exactly = changesPerCheck;
    bench.count('clusters touched by 100 grants', clusters, { exactly });
    bench.count('bindings changed by 100 grants', bindings, { exactly });
    bench.count('bindings rendered for 100 grants', rendered, { exactly });
  }
  bench.count('roots that differ from a full recompute', followed.wrongRoots, { exactly: 0 });
  bench.count('samples that name other entries than differ', followed.wrongKeys, { exactly: 0 });
}

const listed = (touched: Touched): string[] =>
  [...touched].flatMap(([cluster, keys]) => Array.from(keys, (key) => `${cluster} ${key}`));

function entriesOf(policy: Policy): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const { uid } of policy.clusters()) {
    for (const each of policy.entries(uid)) entries.set(`${uid} ${each.key}`, JSON.stringify(each));
  }
  return entries;
}

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).sort();
}

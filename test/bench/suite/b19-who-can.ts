import { canI, Policy, whoCan } from '@ambit/domain';
import type { AccessQuestion, ReportedFacts, PolicyView } from '@ambit/domain';
import { defaultCeiling } from '@ambit/rbac';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { askByRest } from './ask-by-rest.ts';
import { cpuOf, digests, measure } from './in-process.ts';
import {
  clusterUid,
  fleetObjects,
  fleetOf,
  namespaceName,
  namespacesPerCluster,
} from './policy-fleet.ts';

const now = 1_782_000_000_000;
const batch = 1_000;
const sampled = 200;

const rule = (verbs: readonly string[]) => ({
  apiGroups: [''],
  resources: ['pods', 'configmaps', 'services', 'secrets'],
  verbs,
});
const namespace = { labels: {}, phase: 'Active' };
const facts: ReportedFacts = {
  clusterRoles: new Map([
    ['view', [rule(['get', 'list', 'watch'])]],
    ['edit', [rule(['*'])]],
  ]),
  namespaces: new Map(
    Array.from({ length: namespacesPerCluster }, (_, at) => [namespaceName(at), namespace]),
  ),
  ceiling: {
    ...defaultCeiling,
    customRoles: { rules: [rule(['get', 'list', 'watch', 'create'])] },
  },
};

/** Questions answered from the policy in memory, and by REST. */
export const whoCanDo: Benchmark = {
  id: 'B19',
  name: 'who-can',
  says: 'who may do something in a cluster, and a thousand can-i, from memory, beside asking of everybody in turn; then by REST',
  async run(bench) {
    const sizes = bench.smoke ? [1_000, 10_000] : [10_000, 100_000];
    for (const grants of sizes) {
      const size = fleetOf(grants);
      const policy = Policy.load(1, fleetObjects(size), digests);
      const questions = questionsOf(size.clusters);
      if (grants === sizes[0]) proveEqual(bench, policy, questions);
      const people = Array.from(policy.users(), ({ name }) => name);
      const checks = Array.from({ length: batch }, (_, at) => ({
        user: people[(at * 7_919) % people.length] ?? '',
        question: questions[at % questions.length] ?? questionIn('', 0),
      }));
      const check = (): void => {
        for (const { user, question } of checks) canI({ policy, facts, question, now, user });
      };
      const ask = (): void => {
        for (const question of questions) whoCan({ policy, facts, question, now });
      };
      for (let round = 0; round < 20; round++) [check, ask].forEach((work) => work());
      const of = `of ${grants} grants`;
      const goal = { atMost: 10 };
      bench.figure(`1,000 can-i ${of}`, cpuOf(measure(check)), 'ms CPU', goal);
      const each = cpuOf(measure(ask)) / questions.length;
      bench.figure(`who-can ${of}`, each, 'ms CPU', { atMost: 5 });
    }
    await askByRest(bench);
  },
};

const verbs = ['get', 'create', 'delete'];

const questionIn = (cluster: string, at: number): AccessQuestion => ({
  clusterUid: cluster,
  verb: verbs[at % verbs.length] ?? 'get',
  apiGroup: '',
  resource: 'pods',
  namespace: namespaceName((at * 31) % namespacesPerCluster),
  namespaced: true,
});

const questionsOf = (clusters: number): readonly AccessQuestion[] =>
  Array.from({ length: sampled }, (_, at) => questionIn(clusterUid(at % clusters), at));

/** Who can is exactly who is answered yes when everybody is asked in turn. */
function proveEqual(bench: Bench, policy: PolicyView, questions: readonly AccessQuestion[]): void {
  const everybody = [...policy.users()];
  let [different, holders] = [0, 0];
  for (const question of questions.slice(0, 40)) {
    const told = whoCan({ policy, facts, question, now }).holders.map(({ user }) => user);
    const asked = everybody
      .filter(({ name }) => canI({ policy, facts, question, now, user: name }).allowed)
      .map(({ name }) => name);
    holders += told.length;
    if (told.join() !== asked.sort().join()) different++;
  }
  bench.count('answers that differ from asking everybody', different, { exactly: 0 });
  bench.count('holders in them', holders, { atLeast: 1 });
}

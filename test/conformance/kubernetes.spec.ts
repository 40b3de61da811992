import { afterAll, describe } from '@jest/globals';
import { accessReviews } from './access-reviews.ts';
import { clientBehaviour } from './client-behaviour.ts';
import { discovery } from './discovery.ts';
import { finalizers } from './finalizers.ts';
import { kubectlBehaviour } from './kubectl-behaviour.ts';
import { listAndWatch } from './list-and-watch.ts';
import { namespaceLife } from './namespace-life.ts';
import { namesAndRules } from './names-and-rules.ts';
import { officialClient } from './official-client.ts';
import { preconditions } from './preconditions.ts';
import { rbacWrites } from './rbac-writes.ts';
import { reflectorBehaviour } from './reflector-behaviour.ts';
import { startTargets } from './target.ts';

/*
 * One suite for the simulated API server and the real one: what the first may claim is what passes on both. It is one
 * file so that the real control plane is started once.
 */
const { targets, missing } = await startTargets(process.env);

afterAll(async () => {
  await Promise.all(targets.map((target) => target.stop()));
});

describe.each(targets)('$kind API server', (target) => {
  describe('RBAC writes', () => rbacWrites(target));
  describe('names and rules', () => namesAndRules(target));
  describe('preconditions', () => preconditions(target));
  describe('finalizers', () => finalizers(target));
  describe('namespaces', () => namespaceLife(target));
  describe('list and watch', () => listAndWatch(target));
  describe('access reviews', () => accessReviews(target));
  describe('discovery', () => discovery(target));
  describe('client', () => clientBehaviour(target));
  describe('reflector', () => reflectorBehaviour(target));
  describe('official client', () => officialClient(target));
  // Where there is no real API server there is no kubectl either.
  if (missing === undefined) describe('kubectl', () => kubectlBehaviour(target, process.env));
});

if (missing !== undefined) {
  process.stderr.write(
    `conformance: the real half is skipped, there is no Kubernetes: ${missing}\n`,
  );
  describe.skip('real API server', () => undefined);
}

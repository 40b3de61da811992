import { may } from '../support/access-review.ts';
import type { Fleet } from '../support/fleet.ts';
import { quantile } from '../bench/harness/statistics.ts';

/** What people notice of central, in milliseconds. */
export interface Felt {
  readonly rest: readonly number[];
  /** From asking for a grant, or for its end, until the API server decides so. */
  readonly grant: readonly number[];
  readonly revocation: readonly number[];
}

const apiVersion = 'ambit.dev/v1' as const;
const namespace = 'polite';
let grants = 0;

/** Reads lists and revokes grants, one after the other, until `until`. Each revocation is judged by the API server. */
export async function callPolitely(fleet: Fleet, cluster: string, until: number): Promise<Felt> {
  const rest: number[] = [];
  const grant: number[] = [];
  const revocation: number[] = [];
  const { api } = fleet.client();
  const { kube } = fleet.member(cluster);
  const read = async (): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now();
      await api.listUsers({ query: { limit: 10 } });
      rest.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const revoke = async (): Promise<void> => {
    const decided = async (expected: boolean): Promise<void> => {
      const question = { user: 'ambit:polite', verb: 'list', resource: 'pods', namespace };
      const deadline = performance.now() + 30_000;
      while ((await may(kube, question)) !== expected) {
        if (performance.now() > deadline) throw new Error(`not ${String(expected)} in 30 s`);
      }
    };
    while (performance.now() < until) {
      const name = `polite-${grants++}`;
      const scope = { clusters: { names: [cluster] }, namespaces: { names: [namespace] } };
      const spec = { subjects: [{ user: 'polite' }], role: 'view', scope };
      const body = { apiVersion, kind: 'Grant', metadata: { name }, spec } as const;
      const began = performance.now();
      await api.putGrant({ params: { name }, body });
      await decided(true);
      const granted = performance.now();
      grant.push(granted - began);
      await api.deleteGrant({ params: { name } });
      await decided(false);
      revocation.push(performance.now() - granted);
    }
  };
  await Promise.all([read(), revoke()]);
  return { rest, grant, revocation };
}

export const p99 = (samples: readonly number[]): number => quantile(samples, 0.99);

import type { PolicyDocument } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { DemoStage } from '../stage/demo-stage.ts';
import { demoFiles } from '../stage/program-paths.ts';
import { readPolicy } from './read-policy.ts';

/** Applies the policy in one step and says when each cluster has it in force. */
export async function tellPolicy(stage: DemoStage): Promise<readonly string[]> {
  const { printer, client } = stage;
  printer.step('One policy for both clusters');
  const objects = await readPolicy(demoFiles.policy);
  printer.note(`${countKinds(objects)}: ambit apply -f apps/demo/policy`);
  const began = performance.now();
  const result = await client.api.apply({ body: { objects } });
  printer.done(`compiled as revision ${result.revision} in ${elapsed(began)}`);
  await Promise.all(
    result.clusters.map(async ({ name, bindingsAdded, gainTotal }) => {
      await whenInForce(stage, result.revision, name);
      printer.done(
        `${name}: ${bindingsAdded} bindings for ${gainTotal} people in force ${elapsed(began)} after the command`,
      );
    }),
  );
  return objects.filter(({ kind }) => kind === 'User').map(({ metadata }) => metadata.name);
}

/** Resolves when the agent of the cluster reported the revision as applied. Throws when it cannot. */
export async function whenInForce(stage: DemoStage, revision: number, name: string): Promise<void> {
  const status = await stage.client.api.getRevisionStatus({
    params: { revision },
    query: { wait: '30s', clusters: name },
    timeoutMs: 40_000,
    signal: stage.signal,
  });
  const [cluster] = status.clusters;
  if (cluster?.done === true && cluster.problems.length === 0) return;
  throw new AppError('timed_out', `${name} does not have revision ${revision} in force.`, {
    errors: cluster?.problems.map(({ message }) => ({ message })) ?? [],
    nextCommand: `ambit cluster status ${name}`,
  });
}

function countKinds(objects: readonly PolicyDocument[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words: Readonly<Record<string, string>> = {
    User: 'people',
    Group: 'groups',
    Role: 'roles',
    Grant: 'grants',
  };
  return [...counts].map(([kind, count]) => `${count} ${words[kind] ?? kind}`).join(', ');
}

function elapsed(began: number): string {
  return `${Math.round(performance.now() - began)} ms`;
}

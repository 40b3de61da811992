import type { DemoStage } from '../stage/demo-stage.ts';
import { eventuallyTrue } from '../stage/eventually-true.ts';
import { accessIn, askAccess, type AccessTable } from './access-table.ts';
import { printTable } from './who-can-do-what.ts';

const person = 'finn@example.com';

/** One person loses everything; the clusters are asked until they say no. */
export async function tellRevocation(stage: DemoStage, before: AccessTable): Promise<void> {
  const { printer, clusters, client, signal } = stage;
  printer.step(`${person} leaves: ambit revoke ${person}`);
  const began = performance.now();
  const revoked = client.api.revokeAccess({ body: { subject: { user: person } } });
  const answered = revoked.then(() => performance.now() - began);
  const gone = clusters.map(async (cluster) => {
    const namespace = cluster.plan.namespaces[0]?.name ?? '';
    const has = async (): Promise<boolean> =>
      (await accessIn({ cluster, namespace }, person)) === '---';
    await eventuallyTrue(has, {
      what: `${person} lost access in ${cluster.plan.name}`,
      withinMs: 20_000,
      everyMs: 1,
      signal,
    });
    return `${cluster.plan.name}: access gone ${Math.round(performance.now() - began)} ms after the command`;
  });
  const [ms, ...lines] = await Promise.all([answered, ...gone]);
  printer.done(`central answered after ${Math.round(ms)} ms`);
  for (const line of lines) printer.done(line);
  printTable(stage, await askAccess(before.people, clusters), before);
  printer.note('* changed');
}

import { setTimeout as wait } from 'node:timers/promises';
import { isConnected } from '../stage/agent-program.ts';
import { clusterOf, type DemoStage } from '../stage/demo-stage.ts';
import { eventuallyTrue } from '../stage/eventually-true.ts';
import { accessIn } from './access-table.ts';
import { whenInForce } from './policy.ts';

const person = 'dan@example.com';
const seconds = 30;

/** A grant of 30 seconds ends on time although central is stopped; then central comes back. */
export async function tellShortGrant(stage: DemoStage): Promise<void> {
  const { printer, central, signal } = stage;
  printer.step(`A grant of ${seconds} s, and central stops before it ends`);
  const cluster = clusterOf(stage, 'prod-eu');
  const place = { cluster, namespace: 'shop' };
  const end = Date.now() + seconds * 1000;
  await makeGrant(stage, end);
  const during = await accessIn(place, person);
  printer.done(`${person} in prod-eu/shop: ${during}, until ${new Date(end).toISOString()}`);
  await central.stop();
  printer.done(`central is stopped, ${Math.round((end - Date.now()) / 1000)} s before the end`);
  await countDown(stage, end);
  const isOver = async (): Promise<boolean> => !(await accessIn(place, person)).includes('w');
  await eventuallyTrue(isOver, {
    what: 'the grant had ended',
    withinMs: 20_000,
    everyMs: 2,
    signal,
  });
  const late = Date.now() - end;
  printer.done(
    `${person} in prod-eu/shop: ${await accessIn(place, person)}, ended by the agent ${late} ms after its end`,
  );
  const ms = await central.start(signal);
  await Promise.all(stage.clusters.map(({ plan }) => whenConnected(stage, plan.name)));
  printer.done(`central is back in ${(ms / 1000).toFixed(1)} s, and both agents with it`);
}

async function makeGrant(stage: DemoStage, end: number): Promise<void> {
  const result = await stage.client.api.apply({
    body: {
      objects: [
        {
          apiVersion: 'ambit.dev/v1',
          kind: 'Grant',
          metadata: { name: 'dan-incident' },
          spec: {
            subjects: [{ user: person }],
            role: 'developer',
            scope: { clusters: { names: ['prod-eu'] }, namespaces: { names: ['shop'] } },
            until: new Date(end).toISOString(),
            reason: 'checkout is stuck',
          },
        },
      ],
    },
  });
  await whenInForce(stage, result.revision, 'prod-eu');
}

async function countDown(stage: DemoStage, end: number): Promise<void> {
  // Up to just before the end: from then on the API server is asked without a pause.
  for (let left = end - Date.now(); left > 200; left = end - Date.now()) {
    stage.printer.progress(
      'count-down',
      `${Math.ceil(left / 1000)} s to go, with nobody in charge`,
    );
    await wait(Math.min(1_000, left - 150), undefined, { signal: stage.signal });
  }
}

function whenConnected(stage: DemoStage, name: string): Promise<number> {
  return eventuallyTrue(() => isConnected(stage.client, name), {
    what: `the agent of ${name} was connected again`,
    withinMs: 30_000,
    everyMs: 50,
    signal: stage.signal,
  });
}

import type { Environment } from '@ambit/config';
import type { DevClusters, ProcessFolder } from '@ambit/dev-cluster';
import type { DemoSettings } from './demo-settings.ts';
import { CentralProgram } from './stage/central-program.ts';
import { makeCentralTls } from './stage/central-tls.ts';
import { claimPorts } from './stage/claim-ports.ts';
import { startCompanyProvider, type CompanyProvider } from './stage/company-provider.ts';
import { clusterPlans, prepareCluster } from './stage/demo-cluster.ts';
import type { DemoStage } from './stage/demo-stage.ts';
import { openDataFolder } from './stage/open-data-folder.ts';
import { programEnvironment } from './stage/program-environment.ts';
import { tellAudit } from './story/audit-trail.ts';
import { tellDrift } from './story/drift.ts';
import { tellEnrolment } from './story/enrol.ts';
import { tellGettingIn } from './story/get-in.ts';
import { tellPolicy } from './story/policy.ts';
import { tellRevocation } from './story/revoke.ts';
import { tellShortGrant } from './story/short-grant.ts';
import { announce, describeKubernetes, startClusters } from './story/start.ts';
import { stayUp } from './story/stay-up.ts';
import { tellAccess } from './story/who-can-do-what.ts';
import type { StoryPrinter } from './terminal/story-printer.ts';

export interface Demo {
  readonly settings: DemoSettings;
  readonly environment: Environment;
  readonly printer: StoryPrinter;
  /** Aborted by Ctrl-C: the story ends where it is, and everything is cleaned up. */
  readonly signal: AbortSignal;
}

const stopWithinMs = 15_000;

/** Starts everything, tells the story, and leaves no process and, unless a data folder was named, no file behind. */
export async function tellStory(demo: Demo): Promise<void> {
  const { settings, printer, signal } = demo;
  const began = performance.now();
  const ports = await claimPorts(settings);
  const folder = await openDataFolder(settings.dataDir);
  const start = { ...demo, ports, folder: folder.path };
  let clusters: DevClusters | undefined;
  let provider: CompanyProvider | undefined;
  try {
    await announce(start);
    printer.step('Two clusters, central and an identity provider start');
    const environment = programEnvironment(demo.environment);
    const tls = await makeCentralTls(folder.path);
    const central = new CentralProgram({ folder, ports, environment, tls });
    const [started, centralMs] = await bothOrNeither(
      signal,
      (or) => startClusters({ ...start, signal: or }).then((up) => (clusters = up)),
      (or) => central.start(or),
    );
    printer.done(`central: ready in ${(centralMs / 1000).toFixed(1)} s at ${central.url}`);
    provider = await startCompanyProvider(central.url);
    printer.done(`identity provider: ready at ${provider.issuer}`);
    const stage: DemoStage = {
      settings,
      printer,
      signal,
      environment,
      folder,
      ports,
      tls,
      central,
      clusters: await Promise.all(
        clusterPlans.map((plan) => prepareCluster(plan, started.cluster(plan.name), folder.path)),
      ),
      client: central.client(),
      provider,
      kubectl: started.kubectl ?? 'kubectl',
    };
    await tellSteps(stage);
    printer.line('');
    printer.line(`The story took ${Math.round((performance.now() - began) / 1000)} s.`);
    if (!settings.once) await stayUp(stage);
  } finally {
    await cleanUp(printer, folder, { clusters, provider });
  }
}

async function tellSteps(stage: DemoStage): Promise<void> {
  await tellEnrolment(stage);
  const people = await tellPolicy(stage);
  const table = await tellAccess(stage, people);
  await tellRevocation(stage, table);
  await tellGettingIn(stage);
  await tellShortGrant(stage);
  await tellDrift(stage);
  await tellAudit(stage);
}

interface Started {
  readonly clusters: DevClusters | undefined;
  readonly provider: CompanyProvider | undefined;
}

async function cleanUp(
  printer: StoryPrinter,
  folder: ProcessFolder,
  { clusters, provider }: Started,
): Promise<void> {
  printer.progress('end', 'stopping everything');
  await provider?.stop();
  await clusters?.stop();
  await folder.clean(stopWithinMs);
  if (clusters !== undefined) printer.line(`Kubernetes was: ${describeKubernetes(clusters)}.`);
  printer.line('Everything is stopped; nothing is left running.');
}

/** When one fails the other is called off and waited for: whatever it started has to be known to be ended. */
async function bothOrNeither<A, B>(
  signal: AbortSignal,
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let cause: unknown;
  const callOff = (error: unknown): never => {
    cause ??= error;
    failed.abort();
    throw error;
  };
  const [a, b] = await Promise.allSettled([
    first(either).catch(callOff),
    second(either).catch(callOff),
  ]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  throw cause;
}

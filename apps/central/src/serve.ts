import type { Logger } from '@ambit/kernel';
import { addressText, reachableText } from '@ambit/config';
import { createAgentServer } from '@ambit/transport';
import { openAgentSide } from './agent-side.ts';
import type { AgentSide } from './agent-side.ts';
import type { CentralSettings } from './config.ts';
import { AuditTail } from './features/audit/public.ts';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { endFormerSessions, openFoundation } from './foundation.ts';
import type { Foundation } from './foundation.ts';
import { openApp } from './open-app.ts';
import type { GrpcSurroundings } from './grpc-side.ts';
import { openIssuerSide } from './issuer-side.ts';
import { startJobs } from './platform/jobs/job-runner.ts';
import { watchJobs } from './platform/jobs/watch-jobs.ts';
import { listenRest } from './platform/rest-listener.ts';
import { ServerCertificates } from './platform/server-certificates.ts';
import { Teardown } from './platform/teardown.ts';
import { recurringJobs } from './recurring-jobs.ts';
import { openTrust } from './trust.ts';
import type { Trust } from './trust.ts';
import { centralUseCases } from './use-cases.ts';
import type { UseCases } from './use-cases.ts';

export interface RunningCentral {
  /** Undefined where this process serves no REST API. */
  readonly restUrl: string | undefined;
  /** HOST:PORT of the gRPC API; undefined where this process serves none. */
  readonly grpcAddress: string | undefined;
  /** HOST:PORT that agents are told; undefined where this process serves no agents. */
  readonly agentAddress: string | undefined;
  readonly healthUrl: string;
  /** Set at the very first start: the admin token, to be shown once. */
  readonly firstToken: string | undefined;
  readonly database: 'given' | 'embedded';
  /** Resolves with the reason when this process has to stop by itself. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Starts central in order; when a step fails, what was started before is stopped and the error says what to do. */
export async function serve(settings: CentralSettings, logger: Logger): Promise<RunningCentral> {
  const teardown = new Teardown(logger);
  try {
    return await start(settings, logger, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  settings: CentralSettings,
  logger: Logger,
  teardown: Teardown,
): Promise<RunningCentral> {
  const foundation = await openFoundation(settings, logger, teardown);
  const { runtime } = foundation;
  const trust = await openTrust(foundation);
  const { world, feed } = await loadPolicyWorld(runtime, foundation.fail);
  teardown.add('policy feed', () => feed.close());
  runtime.readiness.ready('policy');
  await endFormerSessions(foundation);
  const replica = foundation.replica.name;
  const tail = new AuditTail(runtime.database, logger);
  world.subscribe(() => tail.wake());
  const agentSide = openAgentSide({ runtime, world, replica, tail, ...trust });
  const serves = settings.roles.includes('api');
  const agentAddress = serves
    ? await listenForAgents(foundation, trust, agentSide, teardown)
    : undefined;
  const joinFacts = { caPin: trust.keys.ca.pin, agentAddress: agentAddress ?? '' };
  const issuerSide = await openIssuerSide(runtime, trust, { world, teardown });
  const { publicUrl } = issuerSide;
  const useCases = centralUseCases({
    runtime,
    world,
    gateway: agentSide.parts,
    joinFacts,
    teardown,
    ...issuerSide,
  });
  const surroundings = { foundation, trust, world, tail, joinFacts, issuerSide, teardown };
  const { app, edge } = await openApp(surroundings, useCases);
  const restUrl = serves ? await listenRest(app, settings) : undefined;
  if (restUrl !== undefined) publicUrl.listensAt(restUrl);
  if (restUrl !== undefined) edge.signIn?.open(publicUrl.get());
  const grpcAddress = serves
    ? await openGrpc({ runtime, world, useCases, edge, teardown })
    : undefined;
  if (serves) runtime.readiness.ready('rest');
  if (settings.roles.includes('worker')) await doJobs(foundation, trust, useCases, teardown);
  return {
    restUrl,
    grpcAddress,
    agentAddress,
    healthUrl: foundation.healthUrl,
    firstToken: trust.firstToken,
    database: foundation.databaseKind,
    failed: foundation.failed,
    stop: () => {
      for (const { name } of runtime.readiness.checks())
        runtime.readiness.missing(name, 'stopping');
      return teardown.run();
    },
  };
}

/** What it is made of is loaded by those alone who want it. */
async function openGrpc(surroundings: GrpcSurroundings): Promise<string | undefined> {
  if (surroundings.runtime.settings.grpcListen === undefined) return undefined;
  const { openGrpcSide } = await import('./grpc-side.ts');
  return openGrpcSide(surroundings);
}

async function doJobs(
  { store, runtime }: Foundation,
  trust: Trust,
  { policy: { commit } }: UseCases,
  teardown: Teardown,
): Promise<void> {
  const { logger, meters, readiness } = runtime;
  const jobs = await startJobs(store, recurringJobs(commit, runtime, trust), logger);
  teardown.add('jobs', () => jobs.close());
  teardown.add('job metrics', watchJobs(jobs, meters, logger));
  readiness.ready('jobs');
}

/** Opens the port of the agents and gives the address at which they reach it. */
async function listenForAgents(
  { runtime }: Foundation,
  { keys }: Trust,
  agentSide: AgentSide,
  teardown: Teardown,
): Promise<string> {
  const { settings, clock, logger, meters } = runtime;
  const certificates = new ServerCertificates(
    { ca: keys.ca, acceptedCas: keys.acceptedCas, clock, logger, meters },
    settings.agentNames,
  );
  const server = await createAgentServer({
    address: addressText(settings.agentListen),
    certificates: await certificates.current(),
    handlers: agentSide.handlers,
    logger,
  });
  teardown.add('agent listener', async () => {
    agentSide.drain();
    await server.close(1_000);
    await agentSide.stop();
  });
  const renewal = certificates.keepFresh((fresh) => server.replaceCertificates(fresh));
  teardown.add('certificate renewal', renewal);
  await agentSide.start();
  runtime.readiness.ready('agents');
  const { agentAddress, agentListen } = settings;
  return agentAddress === undefined
    ? reachableText({ host: agentListen.host, port: server.port })
    : addressText(agentAddress);
}

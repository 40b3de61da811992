import { Seldom } from '@ambit/kernel';
import { readAuditCursors } from '@ambit/persistence';
import type { InstallationRecord } from '@ambit/persistence';
import { createEnvelopeOpeners, nodeDigests } from '@ambit/transport';
import type { AgentServerHandlers } from '@ambit/transport';
import {
  AdmitAgent,
  AgentGateway,
  AgentStatus,
  AskAgents,
  AskHere,
  AuditIngest,
  ConnectedClusters,
  CredentialRelay,
  Departures,
  finishRemoval,
  RefuseAhead,
  StreamRecords,
  withStorableText,
} from './features/agent-gateway/public.ts';
import type { GatewayParts, GatewayPorts } from './features/agent-gateway/public.ts';
import type { AuditTail } from './features/audit/public.ts';
import { EnrolAgent, SupersededCertificates } from './features/clusters/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { withCallBudgets } from './platform/call-budgets.ts';
import { withGrpcMetrics } from './platform/grpc-metrics.ts';
import type { Keys } from './platform/keys/key-folder.ts';
import type { Seal } from './platform/keys/sealing.ts';
import { RevocationWatch } from './platform/revocation-watch.ts';
import type { TrustBundles } from './platform/keys/trust-bundles.ts';
import type { Runtime } from './platform/runtime.ts';

export interface AgentSideParts {
  readonly runtime: Runtime;
  readonly world: PolicyWorld;
  readonly keys: Keys;
  readonly installation: InstallationRecord;
  readonly bundles: TrustBundles;
  readonly relaySeal: Seal;
  /** Name of this process in `cluster_sync`. */
  readonly replica: string;
  /** Woken by the events that agents store here. */
  readonly tail: Pick<AuditTail, 'wake'>;
}

export interface AgentSide {
  readonly handlers: AgentServerHandlers;
  readonly parts: GatewayParts;
  /** Listens for what other replicas ask of agents here. */
  start(): Promise<void>;
  drain(): void;
  /** Once the listener is closed: writes what is still to be written. */
  stop(): Promise<void>;
}

/** How long agents may take to come back elsewhere when this replica stops. */
const drainWindowMs = 5_000;
/** A superseded certificate that comes again and again makes one event in this time. */
const sayAgainMs = 600_000;

/** Everything behind the agent port: enrolment, streams, audit events. */
export function openAgentSide(parts: AgentSideParts): AgentSide {
  const { database, unitOfWork, clock, logger, meters } = parts.runtime;
  const { world, keys, replica, tail } = parts;
  const ahead = new RefuseAhead({ ...parts.runtime, world, ...openers(keys) });
  const superseded = new SupersededCertificates(unitOfWork, new Seldom(clock, sayAgainMs));
  const admit = new AdmitAgent({ ...parts.runtime, world, ahead, superseded }, replica);
  const departures = new Departures(unitOfWork);
  const revocations = new RevocationWatch(world, 'Agent');
  const status = new AgentStatus(database, clock, { logger, meters });
  const spoolsRead = (clusterUid: string) => readAuditCursors(database, clusterUid);
  const emptied = (stream: EmptiedStream, revision: number): Promise<void> =>
    finishRemoval({ unitOfWork, world, clock, spoolsRead }, stream, revision);
  const records = new StreamRecords({
    database,
    unitOfWork,
    status,
    departures,
    world,
    clock,
    logger,
    meters,
    emptied,
  });
  const here = new AskHere((clusterUid) => gateway.streamOf(clusterUid));
  const events = eventsFor(records, here);
  const gateway = new AgentGateway(
    { world, admit, departures, revocations, events, status, clock, logger, ...signing(keys) },
    parts.installation.uid,
  );
  const relay = new CredentialRelay({
    ...parts.runtime,
    here,
    clusters: () => gateway.clusters(),
    seal: parts.relaySeal,
  });
  const connections = new ConnectedClusters(gateway, status, database, clock);
  const agents = new AskAgents({ here, elsewhere: relay, connections, sql: database, clock });
  const trail = parts.runtime.auditDatabase;
  const ingest = new AuditIngest({ ...parts.runtime, trail, admit, revocations, tail });
  const enrol = enrolment(parts, superseded);
  status.start();
  return {
    handlers: withGrpcMetrics(
      withCallBudgets(withStorableText(handlersOf(enrol, gateway, ingest))),
      meters,
    ),
    parts: { connections, applied: status, agents },
    start: () => relay.start(),
    drain: () => gateway.drain(drainWindowMs),
    stop: async () => {
      await relay.stop();
      await ingest.settled();
      await status.stop();
      await records.settled();
    },
  };
}

/** What is asked on a stream ends with it. */
const eventsFor = ({ events }: StreamRecords, here: AskHere): GatewayPorts['events'] => ({
  ...events,
  answered: (stream, answer) => here.answered(stream, answer),
  disconnected: (stream) => {
    here.left(stream);
    events.disconnected(stream);
  },
});

const handlersOf = (
  enrol: EnrolAgent,
  gateway: AgentGateway,
  ingest: AuditIngest,
): AgentServerHandlers => ({
  enroll: (request) => enrol.enrol(request),
  renew: (request, call) => enrol.renew(request, call),
  renewChallenge: (request) => enrol.challenge(request),
  renewExpired: (request) => enrol.renewExpired(request),
  connect: (stream, call) => gateway.connect(stream, call),
  push: (stream, call) => ingest.push(stream, call),
});

/** What agents report is stored by the role that can do nothing else. */
type EmptiedStream = Parameters<typeof finishRemoval>[1];

const signing = ({ stateSigner }: Keys): Pick<GatewayPorts, 'signer' | 'digests'> => ({
  signer: stateSigner,
  digests: nodeDigests,
});

const openers = ({
  named,
  epochKey,
}: Keys): Pick<ReturnType<typeof createEnvelopeOpeners>, 'openManifest'> =>
  createEnvelopeOpeners({ stateKeys: named.stateKeys, epochKeys: [epochKey] });

function enrolment(
  { runtime, world, keys, installation, bundles }: AgentSideParts,
  superseded: SupersededCertificates,
): EnrolAgent {
  const { unitOfWork, clock, ids } = runtime;
  return new EnrolAgent(
    { unitOfWork, ca: keys.ca, superseded, clock, ids },
    { installationUid: installation.uid, stateEpoch: () => world.facts.stateEpoch, ...bundles },
  );
}

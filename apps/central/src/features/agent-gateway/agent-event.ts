import { createHash } from 'node:crypto';
import { ReportedAuditEvent } from '@ambit/contracts';
import { agentEventTypes, centralEventTypes, unknownAgentEventType } from '@ambit/domain';
import type { AgentEventType, AuditEvent, Suspicion } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { decodeAuditEvent } from '@ambit/protocol';
import { storableJson } from './from-agents.ts';

/** Where an event of an agent comes from, by central's own records, and what it can be held against. */
export interface EventOrigin {
  readonly clusterUid: string;
  readonly clusterName: string;
  readonly spoolEpoch: string;
  readonly headRevision: number;
  readonly clusterCreatedAt: Millis;
  readonly receivedAt: Millis;
  /** The batch that it came in follows the one before it. */
  readonly chained: boolean;
}

/** What was refused or doubted of an event; `type`: it was not stored as what it claimed to be. */
export type Doubt = Suspicion | 'type';

export interface JudgedEvent {
  readonly event: AuditEvent;
  readonly doubts: readonly Doubt[];
}

type Details = NonNullable<AuditEvent['details']>;

/** How far clocks may be apart. */
const toleranceMs = 5 * 60_000;
/** No spool is older: an agent that was away for longer is enrolled again. */
const oldestMs = 30 * 86_400_000;
const mostNames = 32;
const mostDetails = 32;

/** Types that agents of an earlier version used for what central tells too. */
const formerTypes: ReadonlyMap<string, AgentEventType> = new Map([
  ['cluster.state_refused', 'agent.state_refused'],
  ['cluster.removals_released', 'agent.removals_released'],
]);

/**
 * One event of an agent as it may be stored; undefined when it cannot be read. An agent speaks for its own cluster, as
 * itself, and only about what agents tell; all it claims beyond that is kept as data and marked.
 */
export function judgeEvent(
  bytes: Uint8Array,
  sequence: number,
  origin: EventOrigin,
): JudgedEvent | undefined {
  const decoded = decodeAuditEvent(bytes);
  if (decoded === undefined) return undefined;
  const parsed = ReportedAuditEvent.safeParse(storableJson(JSON.stringify(decoded)));
  if (!parsed.success) return undefined;
  const claimed = parsed.data;
  const type = typeOf(claimed.type);
  if (type === undefined) return refused(claimed, sequence, origin);
  const { suspect, observed } = doubtsOf(claimed, origin);
  const unknown = type === unknownAgentEventType ? { observedType: claimed.type } : {};
  const details = { ...bounded(claimed.details), ...unknown, ...observed };
  const event: AuditEvent = {
    ...speaker(sequence, origin),
    reportedBy: `agent/${origin.clusterName}`,
    time: suspect.includes('time') ? timestamp(origin.receivedAt) : claimed.time,
    type,
    message: claimed.message,
    ...whatItIsAbout(claimed),
    ...(claimed.revision === undefined || suspect.includes('revision')
      ? {}
      : { revision: claimed.revision }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
    ...(suspect.length === 0 ? {} : { suspect }),
  };
  return { event, doubts: suspect };
}

/** What of the objects and people that an event names may be kept as it is. */
function whatItIsAbout({
  object,
  subjects,
  grants,
  result,
}: ReportedAuditEvent): Pick<AuditEvent, 'object' | 'subjects' | 'grants' | 'result'> {
  return {
    ...(object === undefined ? {} : { object: object as NonNullable<AuditEvent['object']> }),
    ...(subjects === undefined ? {} : { subjects: subjects.slice(0, mostNames) }),
    ...(grants === undefined ? {} : { grants: grants.slice(0, mostNames) }),
    ...(result === undefined ? {} : { result: result as NonNullable<AuditEvent['result']> }),
  };
}

function typeOf(claimed: string): AuditEvent['type'] | undefined {
  const known = formerTypes.get(claimed) ?? agentEventTypes.find((type) => type === claimed);
  if (known !== undefined) return known;
  const ofCentral = centralEventTypes.some((type) => type === claimed);
  return ofCentral ? undefined : unknownAgentEventType;
}

/** Only central tells of this: what was claimed is not repeated, so that no search takes it for what happened. */
function refused(
  { type, message }: ReportedAuditEvent,
  sequence: number,
  origin: EventOrigin,
): JudgedEvent {
  const { clusterName, spoolEpoch, receivedAt } = origin;
  const event: AuditEvent = {
    ...speaker(sequence, origin),
    time: timestamp(receivedAt),
    type: 'audit.event_refused',
    message: `The agent of cluster ${clusterName} told of a ${type}, which only central can tell; it is not believed`,
    details: { observedType: type, observedMessage: message, spoolEpoch, sequence },
  };
  return { event, doubts: ['type'] };
}

interface Doubts {
  readonly suspect: readonly Suspicion[];
  readonly observed: Details;
}

function doubtsOf(claimed: ReportedAuditEvent, origin: EventOrigin): Doubts {
  const { actor, cluster, time, revision } = claimed;
  const self = actor.kind === 'agent' && actor.name === `agent/${origin.clusterName}`;
  const found: (readonly [Suspicion, boolean, Details])[] = [
    // Whom Kubernetes named is what the agent observed; anybody else can not have acted there.
    ['actor', !self && actor.kind !== 'kubernetes', {}],
    [
      'cluster',
      cluster !== undefined && cluster !== origin.clusterName,
      { observedCluster: cluster ?? '' },
    ],
    ['time', !plausibleTime(Date.parse(time), origin), { observedTime: time }],
    [
      'revision',
      revision !== undefined && !plausibleRevision(revision, origin.headRevision),
      { observedRevision: revision ?? 0 },
    ],
    ['chain', !origin.chained, {}],
  ];
  const doubted = found.filter(([, isDoubted]) => isDoubted);
  const acted = self ? {} : { observedActor: actor.name };
  return {
    suspect: doubted.map(([what]) => what),
    observed: Object.assign(acted, ...doubted.map(([, , observed]) => observed)) as Details,
  };
}

function plausibleTime(time: Millis, { receivedAt, clusterCreatedAt }: EventOrigin): boolean {
  const earliest = Math.max(clusterCreatedAt, receivedAt - oldestMs) - toleranceMs;
  return time >= earliest && time <= receivedAt + toleranceMs;
}

const plausibleRevision = (revision: number, head: number): boolean =>
  Number.isSafeInteger(revision) && revision >= 0 && revision <= head;

/** The agent's own facts; what central says of an event stands beside them and wins. */
const bounded = (details: Details = {}): Details =>
  Object.fromEntries(Object.entries(details).slice(0, mostDetails));

const timestamp = (at: Millis): string => new Date(at).toISOString();

function speaker(
  sequence: number,
  origin: EventOrigin,
): Pick<AuditEvent, 'id' | 'actor' | 'cluster'> {
  const { clusterName } = origin;
  return {
    id: agentEventId(origin, sequence),
    actor: { kind: 'agent', name: `agent/${clusterName}` },
    cluster: clusterName,
  };
}

/** UUIDv8 of the one place that an event has in the one spool of one cluster: whatever the agent calls it, no other has it. */
export function agentEventId(
  { clusterUid, spoolEpoch }: Pick<EventOrigin, 'clusterUid' | 'spoolEpoch'>,
  sequence: number,
): string {
  const place = JSON.stringify([clusterUid, spoolEpoch, sequence]);
  const bytes = createHash('sha256').update(place).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

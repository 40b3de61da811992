import { hash } from 'node:crypto';
import { ReportedAuditEvent } from '@ambit/contracts';
import { agentEventTypes, centralEventTypes, unknownAgentEventType } from '@ambit/domain';
import type { AgentEventType, AuditEvent, Suspicion } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { decodeAuditEvent } from '@ambit/protocol';
import { writtenEvent } from '@ambit/persistence';
import type { WrittenEvent } from '@ambit/persistence';
import { fromAgent } from './from-agents.ts';
import { plainEvent, plainRow } from './plain-event.ts';
import type { PlainEvent } from './plain-event.ts';

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
  readonly event: WrittenEvent;
  readonly doubts: readonly Doubt[];
}

const noDoubts: readonly Doubt[] = [];

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

const ofAgents: ReadonlyMap<string, AgentEventType> = new Map(
  agentEventTypes.map((type) => [type, type]),
);
const ofCentral: ReadonlySet<string> = new Set(centralEventTypes);

/**
 * One event of an agent as it may be stored; undefined when it cannot be read. What is plain and claims nothing that an
 * agent cannot know, as nearly all is, stays in the bytes it came in; the rest is read and judged whole.
 */
export function judgeEvent(
  bytes: Uint8Array,
  sequence: number,
  origin: EventOrigin,
): JudgedEvent | undefined {
  const plain = plainEvent(bytes);
  if (plain !== undefined && isBelieved(plain, origin)) {
    const id = agentEventId(origin, sequence);
    return { event: plainRow(plain, id, `agent/${origin.clusterName}`), doubts: noDoubts };
  }
  const judged = judgeWhole(bytes, sequence, origin);
  return judged && { ...judged, event: writtenEvent(judged.event) };
}

/** False: it has to be looked at closer. */
function isBelieved(event: PlainEvent, origin: EventOrigin): boolean {
  const { actor, cluster, type, time, revision = 0 } = event;
  return (
    origin.chained &&
    cluster === origin.clusterName &&
    actor === `agent/${cluster}` &&
    ofAgents.has(type) &&
    plausibleTime(Date.parse(time), origin) &&
    plausibleRevision(revision, origin.headRevision)
  );
}

/**
 * An event of any form, made into one that may be stored. An agent speaks for its own cluster, as itself, and only about
 * what agents tell; all it claims beyond that is kept as data and marked.
 */
export function judgeWhole(
  bytes: Uint8Array,
  sequence: number,
  origin: EventOrigin,
): { readonly event: AuditEvent; readonly doubts: readonly Doubt[] } | undefined {
  const claimed = claimedIn(bytes);
  if (claimed === undefined) return undefined;
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

function claimedIn(bytes: Uint8Array): ReportedAuditEvent | undefined {
  const decoded = decodeAuditEvent(bytes);
  if (decoded === undefined || hasEndlessNumber(decoded)) return undefined;
  try {
    return ReportedAuditEvent.safeParse(fromAgent<unknown>(decoded)).data;
  } catch {
    return undefined;
  }
}

/** JSON can write numbers that it cannot hold; where an event has numbers it would be stored as another one. */
function hasEndlessNumber({ revision, details }: AuditEvent): boolean {
  return [revision, ...Object.values(details ?? {})].some(
    (value) => typeof value === 'number' && !Number.isFinite(value),
  );
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
  const known = formerTypes.get(claimed) ?? ofAgents.get(claimed);
  if (known !== undefined) return known;
  return ofCentral.has(claimed) ? undefined : unknownAgentEventType;
}

/** Only central tells of this: what was claimed is not repeated, so that no search takes it for what happened. */
function refused(
  { type, message }: ReportedAuditEvent,
  sequence: number,
  origin: EventOrigin,
): { readonly event: AuditEvent; readonly doubts: readonly Doubt[] } {
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
  const digest = hash('sha256', JSON.stringify([clusterUid, spoolEpoch, sequence]), 'hex');
  const variant = '89ab'[Number.parseInt(digest.charAt(16), 16) & 3];
  const [first, second, third] = [digest.slice(0, 8), digest.slice(8, 12), digest.slice(13, 16)];
  return `${first}-${second}-8${third}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

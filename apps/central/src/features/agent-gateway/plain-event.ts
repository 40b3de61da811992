import type { WrittenEvent } from '@ambit/persistence';
import { fromAgent } from './from-agents.ts';

/** Texts that stand for themselves in JSON, in a row of COPY and on a terminal: ASCII without quotes and backslashes. */
const plain = '[ !#-[\\]-~]';
const text = (least: number, most: number): string => `"${plain}{${least},${most}}"`;
const names = `\\[(?:${text(0, 1_024)}(?:,${text(0, 1_024)}){0,31})?\\]`;
const optional = (field: string, value: string): string => `(?:,"${field}":${value})?`;

/**
 * As `encodeAuditEvent` writes them, in this order, each at most once; lengths are those that `fromAgent` keeps. Its groups
 * have no names: an object of them for each event would cost more than finding them.
 */
const plainEventPattern = new RegExp(
  [
    `^\\{"id":${text(1, 1_024)}`,
    `,"time":"(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)"`,
    `,"type":"([a-z_.]{1,64})"`,
    `,"actor":\\{"kind":"agent","name":"(${plain}{1,256})"\\}`,
    `,"message":${text(1, 1_024)}`,
    `,"cluster":"(${plain}{1,256})"`,
    optional(
      'object',
      `\\{"kind":"(${plain}{0,64})","name":"(${plain}{0,256})"` +
        `${optional('uid', text(0, 1_024))}${optional('namespace', text(0, 256))}\\}`,
    ),
    optional('subjects', names),
    optional('grants', names),
    optional('revision', '(0|[1-9]\\d{0,14})'),
    optional('result', `\\{"code":${text(0, 64)}${optional('message', text(0, 1_024))}\\}`),
    optional('details', '(\\{[ -[\\]-~]+\\})'),
    '\\}$',
  ].join(''),
);

/** What of an event has to be looked at beyond its form. */
export interface PlainEvent {
  readonly time: string;
  readonly type: string;
  readonly actor: string;
  readonly cluster: string;
  readonly revision: number | undefined;
  readonly objectKind: string | undefined;
  readonly objectName: string | undefined;
  /** The event as it came. */
  readonly json: string;
}

const mostDetails = 32;
const startOfEvent = '{"id":"';

/**
 * What nearly all events are: of a form that needs no mending, so that they can be stored in the bytes they came in.
 * Undefined says nothing of an event, only that it has to be read and judged whole.
 */
export function plainEvent(bytes: Uint8Array): PlainEvent | undefined {
  const json = Buffer.prototype.latin1Slice.call(bytes);
  const found = plainEventPattern.exec(json);
  if (found === null) return undefined;
  const [, time = '', type = '', actor = '', cluster = '', objectKind, objectName] = found;
  const [revision, details] = [found[7], found[8]];
  if (details !== undefined && !arePlain(details)) return undefined;
  return {
    time,
    type,
    actor,
    cluster,
    objectKind,
    objectName,
    json,
    revision: revision === undefined ? undefined : Number(revision),
  };
}

/** The row of such an event with another id, as it came otherwise. */
export function plainRow(event: PlainEvent, id: string, reportedBy: string): WrittenEvent {
  const { time, type, actor, cluster, objectKind = null, objectName = null, json } = event;
  return {
    time,
    type,
    actor,
    cluster,
    object_kind: objectKind,
    object_name: objectName,
    reported_by: reportedBy,
    json: startOfEvent + id + json.slice(json.indexOf('"', startOfEvent.length)),
    isAscii: true,
  };
}

/** Keys may be any, so that this part is parsed: it has to be what its value is written as, and nothing of it mended. */
function arePlain(json: string): boolean {
  try {
    const details = JSON.parse(json) as Readonly<Record<string, unknown>>;
    const values = Object.values(details);
    return (
      values.length > 0 &&
      values.length <= mostDetails &&
      values.every(isFact) &&
      JSON.stringify(details) === json &&
      !json.includes('"__proto__"') &&
      fromAgent(details) === details
    );
  } catch {
    return false;
  }
}

function isFact(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return ['string', 'number', 'boolean'].includes(typeof value);
}

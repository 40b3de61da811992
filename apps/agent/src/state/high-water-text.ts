import type { Millis } from '@ambit/kernel';
import type { AcceptedPoint, StatePoint } from '@ambit/protocol';

/** The marks below which nothing is believed again. They belong to one installation and one cluster. */
export interface HighWater {
  readonly installationUid: string;
  readonly clusterUid: string;
  /** Highest state epoch that enrolment or the epoch key allowed. */
  readonly stateEpoch: number;
  /** Largest signed time of central that was believed. */
  readonly centralTime?: Millis | undefined;
  /** Newest state that was accepted; it outlives a state that got lost. */
  readonly accepted?: AcceptedPoint | undefined;
  /** Highest epoch whose gains are in force: what a higher one gives waits for the owner of the cluster. */
  readonly gainsGiven: number;
  /** Where the first step led whose removals wait for the owner of the cluster. */
  readonly removalsHeld?: StatePoint | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The marks as they stand in the file. */
export function writeMarks({ accepted, ...marks }: HighWater): string {
  const point = accepted && {
    stateEpoch: accepted.stateEpoch,
    revision: accepted.revision,
    ...(accepted.root && { root: Buffer.from(accepted.root).toString('hex') }),
    lineage: Buffer.from(accepted.lineage).toString('hex'),
  };
  return `${JSON.stringify({ ...marks, accepted: point })}\n`;
}

/** Reads the marks of this version and of older ones, which lacked some. Throws when the text holds no marks. */
export function readMarks(text: string): HighWater {
  const fields = fieldsOf(JSON.parse(text));
  const stateEpoch = whole(fields, 'stateEpoch');
  const { accepted, removalsHeld } = fields;
  const point = accepted === undefined ? undefined : acceptedOf(fieldsOf(accepted));
  return {
    installationUid: textOf(fields, 'installationUid'),
    clusterUid: textOf(fields, 'clusterUid'),
    stateEpoch,
    centralTime: fields['centralTime'] === undefined ? undefined : whole(fields, 'centralTime'),
    accepted: point,
    // Older versions held nothing back: what they accepted is in force.
    gainsGiven:
      fields['gainsGiven'] === undefined
        ? (point?.stateEpoch ?? stateEpoch)
        : whole(fields, 'gainsGiven'),
    removalsHeld: removalsHeld === undefined ? undefined : pointOf(fieldsOf(removalsHeld)),
  };
}

function acceptedOf(fields: Fields): AcceptedPoint {
  const root = bytesOf(fields, 'root');
  return { ...pointOf(fields), root, lineage: bytesOf(fields, 'lineage') ?? new Uint8Array() };
}

function pointOf(fields: Fields): StatePoint {
  return { stateEpoch: whole(fields, 'stateEpoch'), revision: whole(fields, 'revision') };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new TypeError('an object was expected');
}

function whole(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`${name} is no whole number`);
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${name} is no text`);
}

function bytesOf(fields: Fields, name: string): Uint8Array | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^(?:[0-9a-f]{2})*$/.test(value))
    return Buffer.from(value, 'hex');
  throw new TypeError(`${name} is not hexadecimal`);
}

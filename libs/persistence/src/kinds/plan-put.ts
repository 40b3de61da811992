import { isDeepStrictEqual } from 'node:util';
import { AppError } from '@ambit/kernel';
import type { Labels, RecordMeta } from '../records.ts';
import type { Precondition } from '../transaction.ts';

interface Wanted {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
  readonly precondition?: Precondition;
}

/** Throws already_exists or stale_resource when `current` is not what the caller believes it is. */
export function checkPrecondition(
  current: RecordMeta | null,
  precondition: Precondition | undefined,
  what: string,
): void {
  if (precondition === undefined) return;
  if (precondition === 'absent') {
    if (current === null) return;
    throw new AppError('already_exists', `${what} exists already.`);
  }
  if (current?.resourceVersion === precondition.revision) return;
  throw new AppError(
    'stale_resource',
    current === null
      ? `${what} does not exist any more.`
      : `${what} was changed since you read it.`,
    {
      why: `You expected version ${precondition.revision}, it is at ${current?.resourceVersion ?? 'none'}.`,
      hint: 'Read it again, repeat your change on what you find, and send it with the new version.',
    },
  );
}

export type PutPlan<T> =
  | { readonly step: 'create' }
  | { readonly step: 'keep'; readonly current: T }
  | {
      readonly step: 'change';
      readonly current: T;
      readonly annotations: Labels;
      /** 1 when the spec differs, 0 when only labels or annotations do. */
      readonly generations: 0 | 1;
    };

/** Compares what is with what is wanted, so that a put that changes nothing writes nothing and makes no revision. */
export function planPut<T extends RecordMeta>(
  kind: T['kind'],
  input: Wanted,
  current: T | null,
  spec: {
    readonly of: (current: T) => unknown;
    readonly wanted: unknown;
    /** What is kept beside spec, labels and annotations differs. */
    readonly moved?: boolean;
  },
): PutPlan<T> {
  checkPrecondition(current, input.precondition, `${kind} "${input.name}"`);
  if (current === null) return { step: 'create' };
  const annotations = input.annotations ?? current.annotations;
  const generations = sameJson(spec.of(current), spec.wanted) ? 0 : 1;
  const sameMeta =
    sameJson(input.labels, current.labels) && sameJson(annotations, current.annotations);
  if (generations === 0 && sameMeta && spec.moved !== true) return { step: 'keep', current };
  return { step: 'change', current, annotations, generations };
}

/** Equal as JSON: the order of keys makes no difference, nor an absent field against an undefined one. */
export function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

import type {
  CentralMessage,
  SignedEnvelope,
  StateBegin,
  StateEntry,
} from './generated/messages.ts';

export interface StateTransfer {
  readonly nonce: number;
  readonly manifest: SignedEnvelope;
  /** Absent: a FULL. */
  readonly base?: { readonly revision: number; readonly root: Uint8Array };
  readonly removed: readonly string[];
  readonly entries: readonly StateEntry[];
}

interface Part {
  readonly removed: readonly string[];
  readonly entries: readonly StateEntry[];
}

// Tags, lengths and the UTF-8 of characters beyond ASCII.
const overheadBytes = 32;
const costOfKey = (key: string): number => key.length * 3 + overheadBytes;
const costOfEntry = (entry: StateEntry): number => costOfKey(entry.key) + entry.body.length;

function groups<T>(items: readonly T[], cost: (item: T) => number, maxBytes: number): T[][] {
  const all: T[][] = [];
  let left = 0;
  for (const item of items) {
    const bytes = cost(item);
    if (all.length === 0 || bytes > left) {
      all.push([]);
      left = maxBytes;
    }
    all.at(-1)?.push(item);
    left -= bytes;
  }
  return all;
}

/**
 * The messages of one state: Begin, chunks of at most `maxChunkBytes`, End. Removals travel first. The chunks are
 * made one at a time as they are taken, so that a slow reader costs no second copy. To a `compact` peer a delta that is no
 * larger than a chunk is one message.
 */
export function stateMessages(
  transfer: StateTransfer,
  { maxChunkBytes, compact }: { readonly maxChunkBytes: number; readonly compact: boolean },
): { readonly begin: StateBegin; readonly messages: Iterable<CentralMessage> } {
  const { removed, entries, base } = transfer;
  if (compact && base !== undefined && costOf(transfer) <= maxChunkBytes) {
    const begin = beginOf(transfer, 1);
    return {
      begin,
      messages: [{ message: 'stateDelta', stateDelta: { begin, removed, entries } }],
    };
  }
  const parts: Part[] = [
    ...groups(removed, costOfKey, maxChunkBytes).map((some) => ({ removed: some, entries: [] })),
    ...groups(entries, costOfEntry, maxChunkBytes).map((some) => ({ removed: [], entries: some })),
  ];
  const begin = beginOf(transfer, parts.length);
  return { begin, messages: sequence(begin, parts) };
}

function costOf({ removed, entries }: StateTransfer): number {
  const keys = removed.reduce((sum, key) => sum + costOfKey(key), 0);
  return entries.reduce((sum, entry) => sum + costOfEntry(entry), keys);
}

function beginOf({ nonce, manifest, base, entries }: StateTransfer, chunks: number): StateBegin {
  return {
    nonce,
    manifest,
    mode: base === undefined ? 'MODE_FULL' : 'MODE_DELTA',
    baseRevision: base?.revision ?? 0,
    baseRoot: base?.root ?? new Uint8Array(),
    chunks,
    bytes: entries.reduce((sum, entry) => sum + entry.body.length, 0),
  };
}

function* sequence(begin: StateBegin, parts: readonly Part[]): Generator<CentralMessage> {
  const nonce = begin.nonce;
  yield { message: 'stateBegin', stateBegin: begin };
  for (const [index, part] of parts.entries()) {
    yield { message: 'stateChunk', stateChunk: { nonce, index, ...part } };
  }
  yield { message: 'stateEnd', stateEnd: { nonce } };
}

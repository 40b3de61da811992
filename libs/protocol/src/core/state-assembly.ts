import { isAppError } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import type {
  Manifest,
  SignedEnvelope,
  StateBegin,
  StateChunk,
  StateEntry,
} from './generated/messages.ts';
import { sectionOf } from './hash-rules.ts';
import type { HashTree } from './hash-tree.ts';
import { wireLimits } from './limits.ts';
import { refusalOfContent, type StateRefusal } from './manifest-rules.ts';

/** A state on its way in: everything so far, none of it applied. */
export interface Assembly {
  readonly nonce: number;
  readonly mode: 'full' | 'delta';
  readonly manifest: Manifest;
  readonly envelope: SignedEnvelope;
  readonly chunksExpected: number;
  readonly chunks: readonly StateChunk[];
  readonly bytes: number;
}

/** What changes when a state is accepted. Of a FULL: `removed` is empty and `entries` is everything. */
export interface StateChange {
  readonly mode: 'full' | 'delta';
  readonly manifest: Manifest;
  readonly envelope: SignedEnvelope;
  readonly removed: readonly string[];
  readonly entries: readonly StateEntry[];
  /** `entries`, read, without those that this version does not understand. */
  readonly intents: readonly Intent[];
  /** Entries of a newer central: kept and hashed as they are, and nothing is given by them. */
  readonly skipped: readonly SkippedEntry[];
  /** All entries after the change. */
  readonly tree: HashTree;
}

/** An entry that this version does not understand, and what of it. */
export interface SkippedEntry {
  readonly key: string;
  readonly why: string;
}

/** What entries say. */
export type ReadEntries = Pick<StateChange, 'intents' | 'skipped'>;

/** Reads the body of an entry; throws `unsupported_field` for one of a newer version, and otherwise when it is none. */
export type DecodeIntent = (key: string, body: Uint8Array) => Intent;

const malformed = (message: string): StateRefusal => ({ code: 'malformed', message });

export function isRefusal(value: object): value is StateRefusal {
  return 'code' in value;
}

export function beginAssembly(
  begin: StateBegin,
  manifest: Manifest,
  envelope: SignedEnvelope,
): Assembly | StateRefusal {
  if (begin.bytes > wireLimits.stateBytes) {
    return { code: 'too_large', message: `a state of ${begin.bytes} bytes is over the limit` };
  }
  if (begin.mode === 'MODE_UNSPECIFIED') return malformed('the state is neither full nor a delta');
  return {
    nonce: begin.nonce,
    mode: begin.mode === 'MODE_FULL' ? 'full' : 'delta',
    manifest,
    envelope,
    chunksExpected: begin.chunks,
    chunks: [],
    bytes: 0,
  };
}

/** Chunks have to arrive once each and in order: anything else means that something was lost or repeated on the way. */
export function addChunk(assembly: Assembly, chunk: StateChunk): Assembly | StateRefusal {
  if (chunk.index !== assembly.chunks.length || chunk.index >= assembly.chunksExpected) {
    return malformed(`chunk ${chunk.index} came where ${assembly.chunks.length} was due`);
  }
  const large = chunk.entries.find((entry) => entry.body.length > wireLimits.entryBytes);
  if (large !== undefined) {
    return { code: 'too_large', message: 'an entry is over the limit', items: [large.key] };
  }
  const bytes = chunk.entries.reduce((sum, entry) => sum + entry.body.length, assembly.bytes);
  if (bytes > wireLimits.stateBytes) {
    return { code: 'too_large', message: 'the state is over the limit' };
  }
  return { ...assembly, bytes, chunks: [...assembly.chunks, chunk] };
}

/** Verifies the whole against the signed manifest, on a copy of `base`. Nothing is applied when it does not hold. */
export function finishAssembly(
  assembly: Assembly,
  base: HashTree,
  decode: DecodeIntent,
): StateChange | StateRefusal {
  if (assembly.chunks.length !== assembly.chunksExpected) {
    return malformed(`${assembly.chunks.length} of ${assembly.chunksExpected} chunks came`);
  }
  const removed = assembly.chunks.flatMap((chunk) => chunk.removed);
  const entries = assembly.chunks.flatMap((chunk) => chunk.entries);
  const repeated = repeatedKey([...removed, ...entries.map((entry) => entry.key)]);
  if (repeated !== undefined) {
    return { code: 'duplicate_key', message: 'a key occurs twice', items: [repeated] };
  }
  if (assembly.mode === 'full' && removed.length > 0) return malformed('a full state removes keys');
  const tree = base.with({
    remove: removed,
    put: entries.map((entry) => [entry.key, entry.body] as const),
  });
  const refusal = refusalOfContent(assembly.manifest, tree);
  if (refusal !== undefined) return refusal;
  const read = readEntries(entries, decode);
  if (isRefusal(read)) return read;
  const { mode, manifest, envelope } = assembly;
  return { mode, manifest, envelope, removed, entries, ...read, tree };
}

function repeatedKey(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}

/**
 * Reads entries. What a newer version put there is set aside: it never grants, and takes nothing of what another entry
 * gives. What no version would write refuses the whole.
 */
export function readEntries(
  entries: readonly StateEntry[],
  decode: DecodeIntent,
): ReadEntries | StateRefusal {
  const intents: Intent[] = [];
  const skipped: SkippedEntry[] = [];
  const unreadable: string[] = [];
  for (const { key, body } of entries) {
    try {
      const intent = decode(key, body);
      if (intent.section === sectionOf(key)) intents.push(intent);
      else unreadable.push(key);
    } catch (error) {
      if (isAppError(error) && error.code === 'unsupported_field') {
        skipped.push({ key, why: error.message });
      } else unreadable.push(key);
    }
  }
  if (unreadable.length === 0) return { intents, skipped };
  const items = unreadable.slice(0, wireLimits.reportItems);
  return { code: 'malformed', message: 'entries cannot be read', items };
}

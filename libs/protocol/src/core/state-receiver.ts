import { bytesEqual } from '@ambit/kernel';
import type { AgentEffect, AgentMemory, AgentSessionPorts } from './agent-session-types.ts';
import type {
  ApplyReport,
  Manifest,
  SignedEnvelope,
  StateBegin,
  StateChunk,
  StateDelta,
  UpToDate,
} from './generated/messages.ts';
import { HashTree } from './hash-tree.ts';
import { wireLimits } from './limits.ts';
import {
  refusalOfContent,
  refusalOfManifest,
  refusalOfPoint,
  type AcceptedPoint,
  type StateRefusal,
} from './manifest-rules.ts';
import {
  addChunk,
  beginAssembly,
  finishAssembly,
  isRefusal,
  type Assembly,
  type StateChange,
} from './state-assembly.ts';
import { comparePoints, contains, refusalOfNumbers } from './state-point.ts';

interface Saving {
  readonly id: number;
  readonly nonce: number;
  readonly stream: number;
  readonly change: StateChange;
}

/** Where the parts of an agent session keep what outlives a stream. */
export interface MemoryCell {
  current: AgentMemory;
  /** Counts writes to disk, so that an answer finds its question. */
  saves: number;
}

/** Takes states in: assembles, verifies, waits for the disk, and only then hands over and acknowledges. */
export class StateReceiver {
  readonly #ports: AgentSessionPorts;
  readonly #cell: MemoryCell;
  #stream = 0;
  #open = false;
  /** Nonces only grow within a stream: what is not above this is a repetition. */
  #nonce = 0;
  #acceptedNonce: number | undefined;
  #incoming: Assembly | undefined;
  #saving: Saving | undefined;

  constructor(ports: AgentSessionPorts, cell: MemoryCell) {
    this.#ports = ports;
    this.#cell = cell;
  }

  /** Forgets what belonged to the last stream. A write to disk that still runs is finished all the same. */
  streamOpened(): void {
    this.#stream++;
    this.#open = true;
    this.#nonce = 0;
    this.#acceptedNonce = undefined;
    this.#incoming = undefined;
  }

  streamClosed(): void {
    this.#open = false;
    this.#incoming = undefined;
  }

  /** True while a state of this stream is being written: central may not send another before it is acknowledged. */
  get busy(): boolean {
    return this.#saving?.stream === this.#stream;
  }

  begin(begin: StateBegin): AgentEffect[] {
    if (begin.nonce <= this.#nonce) return [];
    this.#incoming = undefined;
    const believed = this.#believe(begin.nonce, begin.manifest);
    if (isRefusal(believed)) return this.#nack(begin.nonce, 0, believed);
    const { manifest, envelope } = believed;
    const refusal = begin.mode === 'MODE_DELTA' ? this.#refusalOfBase(begin) : undefined;
    const next = refusal ?? beginAssembly(begin, manifest, envelope);
    if (isRefusal(next)) return this.#nack(begin.nonce, manifest.revision, next);
    this.#incoming = next;
    return [];
  }

  chunk(chunk: StateChunk): AgentEffect[] {
    const assembly = this.#incoming;
    if (assembly?.nonce !== chunk.nonce) return [];
    const next = addChunk(assembly, chunk);
    if (isRefusal(next)) return this.#refuse(assembly, next);
    this.#incoming = next;
    return [];
  }

  end(nonce: number): AgentEffect[] {
    const assembly = this.#incoming;
    if (assembly?.nonce !== nonce) return [];
    // Something else may have been accepted since it began.
    const refusal = this.#accepted && refusalOfPoint(assembly.manifest, this.#accepted);
    if (refusal !== undefined) return this.#refuse(assembly, refusal);
    const empty = HashTree.empty(this.#ports.digests);
    const base = assembly.mode === 'full' ? empty : (this.#held?.tree ?? empty);
    const change = finishAssembly(assembly, base, this.#ports.decodeIntent);
    if (isRefusal(change)) return this.#refuse(assembly, change);
    this.#incoming = undefined;
    return this.#save(nonce, change);
  }

  /** A state that came in one message: it is taken as the three that it stands for. */
  delta({ begin, removed, entries }: StateDelta): AgentEffect[] {
    if (begin === null) return [];
    const { nonce } = begin;
    const effects = this.begin(begin);
    return [...effects, ...this.chunk({ nonce, index: 0, removed, entries }), ...this.end(nonce)];
  }

  upToDate({ nonce, manifest: signed }: UpToDate): AgentEffect[] {
    if (nonce <= this.#nonce) return [];
    if (signed === null) return this.#unchanged(nonce);
    const believed = this.#believe(nonce, signed);
    if (isRefusal(believed)) return this.#nack(nonce, 0, believed);
    const { manifest, envelope } = believed;
    const held = this.#held;
    if (held === undefined || held.stale) return this.#nack(nonce, manifest.revision, nothingWhole);
    const refusal = refusalOfContent(manifest, held.tree);
    if (refusal !== undefined) return this.#nack(nonce, manifest.revision, refusal);
    // The same state with a lineage that was not known yet is kept, so that it is known after a restart too.
    const told = manifest.lineage.length > 0 && held.lineage.length === 0;
    if (comparePoints(manifest, held) === 0 && !told) return [this.#acknowledge(nonce)];
    const nothing = { removed: [], entries: [], intents: [], skipped: [] };
    return this.#save(nonce, { mode: 'delta', manifest, envelope, ...nothing, tree: held.tree });
  }

  /** Central says that it has what is held. Nothing is taken from that word: what stands was verified when it came. */
  #unchanged(nonce: number): AgentEffect[] {
    const beyond = refusalOfNumbers({ nonce });
    if (beyond !== undefined) return this.#nack(nonce, 0, beyond);
    this.#nonce = nonce;
    const held = this.#held;
    const whole = held !== undefined && !held.stale && this.#saving === undefined;
    return whole ? [this.#acknowledge(nonce)] : this.#nack(nonce, 0, nothingWhole);
  }

  saved(saveId: number): AgentEffect[] {
    const saving = this.#taken(saveId);
    if (saving === undefined) return [];
    const { manifest, tree, envelope } = saving.change;
    const memory = this.#cell.current;
    const masks = memory.masks.filter((mask) => !contains(manifest, mask));
    const held = { ...acceptedPoint(manifest), tree, stale: false, envelope };
    this.#cell.current = { ...memory, held, masks };
    const effects: AgentEffect[] = [{ do: 'accept', change: saving.change }];
    if (masks.length < memory.masks.length) effects.push({ do: 'mask', masks });
    if (this.#open && saving.stream === this.#stream) {
      effects.push(this.#acknowledge(saving.nonce));
    }
    return effects;
  }

  saveFailed(saveId: number, message: string): AgentEffect[] {
    const saving = this.#taken(saveId);
    if (saving === undefined) return [];
    const memory = this.#cell.current;
    if (memory.held !== undefined) {
      this.#cell.current = { ...memory, held: { ...memory.held, stale: true } };
    }
    const effects: AgentEffect[] = [{ do: 'acceptRemovals', change: saving.change }];
    if (!this.#open || saving.stream !== this.#stream) return effects;
    const refusal: StateRefusal = { code: 'storage_full', message };
    return [...effects, ...this.#nack(saving.nonce, saving.change.manifest.revision, refusal)];
  }

  applied(revision: number, report: ApplyReport): AgentEffect[] {
    const nonce = this.#acceptedNonce;
    if (!this.#open || nonce === undefined || revision !== this.#held?.revision) return [];
    return [this.#ack(nonce, 'PHASE_APPLIED', report)];
  }

  get #held(): AgentMemory['held'] {
    return this.#cell.current.held;
  }

  /** What stands or is being written, whichever is newer: neither is gone back behind. */
  get #accepted(): AcceptedPoint | undefined {
    const saving = this.#saving && acceptedPoint(this.#saving.change.manifest);
    return saving ?? this.#held;
  }

  #believe(
    nonce: number,
    envelope: SignedEnvelope | null,
  ): Pick<StateChange, 'manifest' | 'envelope'> | StateRefusal {
    const beyond = refusalOfNumbers({ nonce });
    if (beyond !== undefined) return beyond;
    this.#nonce = nonce;
    if (envelope === null) return { code: 'malformed', message: 'the state has no manifest' };
    const opened = this.#ports.openManifest(envelope);
    if (!opened.ok) return { code: opened.code, message: opened.message };
    const context = { ...this.#cell.current, held: this.#accepted };
    const refusal = refusalOfManifest(opened.value, context);
    return refusal ?? { manifest: opened.value, envelope };
  }

  #refusalOfBase(begin: StateBegin): StateRefusal | undefined {
    const held = this.#held;
    const same = held !== undefined && !held.stale && bytesEqual(held.tree.root, begin.baseRoot);
    if (same) return undefined;
    return { code: 'base_mismatch', message: 'the delta is made against a state that is not held' };
  }

  #save(nonce: number, change: StateChange): AgentEffect[] {
    this.#saving = { id: ++this.#cell.saves, nonce, stream: this.#stream, change };
    return [{ do: 'saveState', saveId: this.#saving.id, change }];
  }

  #taken(saveId: number): Saving | undefined {
    const saving = this.#saving;
    if (saving?.id !== saveId) return undefined;
    this.#saving = undefined;
    return saving;
  }

  #refuse(assembly: Assembly, refusal: StateRefusal): AgentEffect[] {
    this.#incoming = undefined;
    return this.#nack(assembly.nonce, assembly.manifest.revision, refusal);
  }

  #acknowledge(nonce: number): AgentEffect {
    this.#acceptedNonce = nonce;
    return this.#ack(nonce, 'PHASE_ACCEPTED', null);
  }

  #ack(
    nonce: number,
    phase: 'PHASE_ACCEPTED' | 'PHASE_APPLIED',
    report: ApplyReport | null,
  ): AgentEffect {
    const revision = this.#held?.revision ?? 0;
    const root = this.#held?.tree.root ?? new Uint8Array();
    const stateAck = { nonce, revision, root, phase, report };
    return { do: 'send', message: { message: 'stateAck', stateAck } };
  }

  #nack(nonce: number, offeredRevision: number, refusal: StateRefusal): AgentEffect[] {
    const { code, message } = refusal;
    const stateNack = {
      nonce,
      offeredRevision,
      heldRevision: this.#held?.revision ?? 0,
      heldRoot: this.#held?.tree.root ?? new Uint8Array(),
      code,
      message,
      items: (refusal.items ?? []).slice(0, wireLimits.reportItems),
    };
    return [
      { do: 'refused', what: 'state', code, message },
      { do: 'send', message: { message: 'stateNack', stateNack } },
    ];
  }
}

const nothingWhole: StateRefusal = {
  code: 'base_mismatch',
  message: 'this agent holds no whole state',
};

function acceptedPoint({ stateEpoch, revision, root, lineage }: Manifest): AcceptedPoint {
  return { stateEpoch, revision, root, lineage };
}

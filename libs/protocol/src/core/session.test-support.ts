import { hash } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import type { Digests } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import type {
  AgentEffect,
  AgentMemory,
  AgentSessionPorts,
  HeldTree,
  HelloFacts,
  Opened,
} from './agent-session-types.ts';
import type { OfferedState } from './central-session-types.ts';
import type {
  CentralTime,
  CommandOrder,
  CredentialOrder,
  EpochRaise,
  Manifest,
  Revocation,
  SignedEnvelope,
} from './generated/messages.ts';
import { sectionOf } from './hash-rules.ts';
import { HashTree } from './hash-tree.ts';
import { StateHistory } from './state-history.ts';

export const nodeDigests: Digests = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  utf8: (text) => new TextEncoder().encode(text),
};

export const installationUid = 'installation-1';
export const clusterUid = 'cluster-1';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const payloads = new WeakMap<Uint8Array, unknown>();
let serial = 0;

/** An envelope whose payload stands for a value; the ports below give the value back. */
export function envelopeOf(payloadType: string, value: unknown, keyId = 'good'): SignedEnvelope {
  const payload = bytesOf(`payload-${++serial}`);
  payloads.set(payload, value);
  return {
    payloadType,
    payload,
    signatures: [{ keyId, signature: bytesOf('signature'), path: new Uint8Array() }],
  };
}

function open<T>(type: string, envelope: SignedEnvelope): Opened<T> {
  const [signature] = envelope.signatures;
  if (envelope.payloadType !== type || signature === undefined) {
    return { ok: false, code: 'malformed', message: 'not this payload' };
  }
  if (signature.keyId === 'unknown') return { ok: false, code: 'unknown_key', message: 'unknown' };
  const value = payloads.get(envelope.payload);
  if (signature.keyId !== 'good' || value === undefined) {
    return { ok: false, code: 'bad_signature', message: 'bad' };
  }
  return { ok: true, value: value as T };
}

/** The least intent of each section: what it says does not matter to a session. */
function decodeIntent(key: string, body: Uint8Array): Intent {
  if (body.length === 0) throw new Error('an empty body');
  const section = sectionOf(key);
  if (section === 'LATER')
    throw new AppError('unsupported_field', 'the section LATER is not known');
  if (section !== 'BINDING' && section !== 'CONFIG') throw new Error('an unknown section');
  return { section, key } as Intent;
}

export const agentPorts: AgentSessionPorts = {
  digests: nodeDigests,
  openManifest: (envelope) => open<Manifest>('manifest', envelope),
  openRevocation: (envelope) => open<Revocation>('revoke', envelope),
  openCentralTime: (envelope) => open<CentralTime>('central-time', envelope),
  openEpochRaise: (envelope) => open<EpochRaise>('epoch', envelope),
  openCommand: (envelope) => open<CommandOrder>('command', envelope),
  openCredentialOrder: (envelope) => open<CredentialOrder>('credential', envelope),
  decodeIntent,
};

export const helloFacts: HelloFacts = {
  agentVersion: '0.1.0',
  instanceId: 'instance-1',
  attempt: 1,
  capabilities: [],
  kubernetesVersion: 'v1.36.2',
  ceilingDigest: '',
  ceilingJson: '{}',
  appliedRevision: 0,
  spoolEpoch: 'spool-1',
  wallClock: 0,
  monotonic: 0,
  kubeSystemUid: 'kube-system-1',
};

export function emptyMemory(more: Partial<AgentMemory> = {}): AgentMemory {
  return { installationUid, clusterUid, stateEpoch: 1, masks: [], ...more };
}

/** A state that is held whole. */
export function heldTree(tree: HashTree, revision: number, more: Partial<HeldTree> = {}): HeldTree {
  const lineage = new Uint8Array();
  return { stateEpoch: 1, revision, root: tree.root, lineage, tree, stale: false, ...more };
}

export function treeOf(entries: Readonly<Record<string, string>>): HashTree {
  const put = Object.entries(entries).map(([key, body]) => [key, bytesOf(body)] as const);
  return HashTree.empty(nodeDigests).with({ put });
}

export function manifestOf(
  tree: HashTree,
  revision: number,
  more: Partial<Manifest> = {},
): Manifest {
  return {
    installationUid,
    clusterUid,
    stateEpoch: 1,
    revision,
    root: tree.root,
    sections: [...tree.sections].map(([section, entries]) => ({ section, entries })),
    issuedAt: 0,
    explainedFrom: 0,
    intentionallyEmpty: !tree.sections.has('BINDING'),
    compilerVersion: 1,
    lineage: new Uint8Array(),
    ...more,
  };
}

/** A cluster's desired state that tests change: each change is one commit. */
export class Desired {
  revision = 1;
  stateEpoch = 1;
  lineage: Uint8Array = new Uint8Array();
  readonly entries = new Map<string, string>();
  readonly history = new StateHistory();
  tree = HashTree.empty(nodeDigests);

  commit(put: Readonly<Record<string, string>>, remove: readonly string[] = []): string[] {
    const keys = [...Object.keys(put), ...remove];
    this.history.record(this.tree.root, keys);
    for (const key of remove) this.entries.delete(key);
    for (const [key, body] of Object.entries(put)) this.entries.set(key, body);
    this.tree = treeOf(Object.fromEntries(this.entries));
    this.revision++;
    return keys;
  }

  state(): OfferedState {
    const { tree, revision, history, stateEpoch } = this;
    const entries = [...this.entries].map(([key, body]) => ({ key, body: bytesOf(body) }));
    return {
      revision,
      root: tree.root,
      lineage: this.lineage,
      sections: tree.sections.keys(),
      manifest: envelopeOf(
        'manifest',
        manifestOf(tree, revision, { stateEpoch, lineage: this.lineage }),
      ),
      entries: () => entries,
      entriesOf: (keys) => {
        const wanted = new Set(keys);
        return entries.filter((entry) => wanted.has(entry.key));
      },
      changedSince: (root) => history.changedSince(root),
    };
  }
}

/** The effects of one kind. */
export function only<E extends { readonly do: string }, K extends E['do']>(
  effects: readonly E[],
  kind: K,
): Extract<E, { do: K }>[] {
  return effects.filter((effect): effect is Extract<E, { do: K }> => effect.do === kind);
}

/** The messages that an agent sends. */
export function sentBy(effects: readonly AgentEffect[]) {
  return only(effects, 'send').map((effect) => effect.message);
}

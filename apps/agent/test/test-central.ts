import { AppError, toAppError } from '@ambit/kernel';
import {
  CentralSession,
  centralTimeCodec,
  closeCodes,
  commandOrderCodec,
  credentialOrderCodec,
  encodeIntent,
  epochRaiseCodec,
  HashTree,
  manifestCodec,
  revocationCodec,
  StateHistory,
} from '@ambit/protocol';
import type { CentralEffect, CentralEvent, OfferedState, wire } from '@ambit/protocol';
import type { Intent } from '@ambit/rbac';
import { silentLogger } from '@ambit/testing';
import {
  createAgentServer,
  createCa,
  createEnvelopeSigner,
  generateSigningKey,
  loadCa,
  nodeDigests,
  signedByAll,
  signTrust,
} from '@ambit/transport';
import type {
  AgentCall,
  AgentServer,
  CertificateAuthority,
  EnvelopeSigner,
  SyncStream,
} from '@ambit/transport';

import { TestAuditIngest } from './test-audit-ingest.ts';
import { clusterUid, installationUid, TestRegistrar } from './test-registrar.ts';

export { clusterUid, installationUid };

interface Served {
  readonly session: CentralSession;
  readonly stream: SyncStream;
  readonly hello: wire.Hello;
  readonly fingerprint: string;
}

/** What an agent told. */
export interface Told {
  readonly hellos: wire.Hello[];
  readonly accepted: number[];
  readonly applied: { readonly revision: number; readonly report: wire.ApplyReport }[];
  readonly refused: { readonly code: string; readonly message: string }[];
  readonly statuses: wire.Status[];
  readonly inventories: wire.Inventory[];
  readonly goodbyes: string[];
  readonly states: string[];
}

/**
 * Central as an agent sees it: the real server, certificates, signatures and session, over a state that tests change.
 * It is strict where central is: a token is good once, a revoked certificate is refused, audit follows its cursor. Both pass
 * one suite, `test/conformance/central-session.ts`.
 */
export class TestCentral {
  readonly told: Told = {
    hellos: [],
    accepted: [],
    applied: [],
    refused: [],
    statuses: [],
    inventories: [],
    goodbyes: [],
    states: [],
  };
  readonly audit = new TestAuditIngest();
  explainedFrom = 0;
  revision = 1;
  stateEpoch = 1;
  lineage: Uint8Array = new Uint8Array();
  /** What it thinks the time is, beside the true one. */
  clockAheadMs = 0;
  readonly registrar: TestRegistrar;
  #signer = createEnvelopeSigner(generateSigningKey());
  readonly #epochSigner = createEnvelopeSigner(generateSigningKey());
  #history = new StateHistory();
  readonly #intents = new Map<string, Intent>();
  /** Entries that only a newer central would write. */
  readonly #newer = new Map<string, Uint8Array>();
  #tree = HashTree.empty(nodeDigests);
  #served: Served | undefined;
  #sessions = 0;
  #server: AgentServer | undefined;
  #port = 0;
  #stopping = false;

  private constructor(ca: CertificateAuthority, uid: string) {
    const keys = { state: this.#signer.publicKey, epoch: this.#epochSigner.publicKey };
    this.registrar = new TestRegistrar(ca, keys, uid);
    this.registrar.trust = [
      signTrust(this.#signer, {
        installationUid,
        version: 1,
        ca: [ca.certificate],
        stateKeys: [keys.state],
        epochKeys: [keys.epoch],
      }),
    ];
  }

  /** For the cluster of this uid. */
  static async start(uid: string = clusterUid): Promise<TestCentral> {
    const files = await createCa({ name: 'test CA', now: Date.now() });
    const central = new TestCentral(await loadCa(files), uid);
    central.#put(configOf(uid));
    await central.listen();
    return central;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get connected(): boolean {
    return this.#served !== undefined;
  }

  /** Signs with this key as well from now on, and offers the bundle that names it beside the old one. */
  offerKeys(next: EnvelopeSigner, ca: CertificateAuthority, version: number): void {
    const old = this.#signer;
    const { registrar } = this;
    this.#signer = signedByAll(old, [next]);
    const stateKeys = [old.publicKey, next.publicKey];
    const epochKeys = [this.#epochSigner.publicKey];
    const cas = [registrar.ca.certificate, ca.certificate];
    const bundle = { installationUid, version, ca: cas, stateKeys, epochKeys };
    registrar.trust = [...registrar.trust, signTrust(this.#signer, bundle)];
  }

  /** The old keys are gone: the new CA vouches for the listener, and the new key alone signs. */
  async useKeys(next: EnvelopeSigner, ca: CertificateAuthority): Promise<void> {
    this.#signer = next;
    this.registrar.useCa(ca);
    await this.stop();
    await this.listen();
  }

  /** Listens, again on the same port after `stop`. */
  async listen(): Promise<void> {
    const identity = await this.registrar.ca.issueServer(['127.0.0.1'], Date.now());
    this.#server = await createAgentServer({
      address: `127.0.0.1:${this.#port}`,
      certificates: {
        certificateChain: identity.certificateChainPem,
        privateKey: identity.privateKeyPem,
        clientCa: this.registrar.acceptedCas,
      },
      handlers: {
        enroll: (request) => this.registrar.enrol(request),
        renew: (request, call) => this.registrar.renew(request.csr, call.peer.fingerprint),
        renewChallenge: async () => ({ nonce: Buffer.alloc(32) }),
        renewExpired: (request) => this.registrar.renewExpired(request),
        connect: (stream, call) => this.#connect(stream, call),
        push: (stream) => this.audit.push(stream),
      },
      logger: silentLogger,
    });
    this.#port = this.#server.port;
    this.#stopping = false;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#served = undefined;
    await this.#server?.close(0);
    this.#server = undefined;
  }

  /** One commit; those who lose by it are told at once when `revoked` names them. */
  commit(
    put: readonly Intent[],
    remove: readonly string[] = [],
    revoked: readonly wire.RevokedSubject[] = [],
  ): number {
    const keys = [...put.map(({ key }) => key), ...remove];
    this.#history.record(this.#tree.root, keys);
    for (const key of keys) this.#newer.delete(key);
    for (const key of remove) this.#intents.delete(key);
    for (const intent of put) this.#put(intent);
    this.#tree = this.#tree.with({ remove });
    this.revision++;
    const at = performance.now();
    this.#handle(
      revoked.length > 0 ? { on: 'revoked', at, keys, revoked } : { on: 'changed', at, keys },
    );
    return this.revision;
  }

  /** A commit with entries that only a newer central would write. */
  commitNewer(entries: Readonly<Record<string, Uint8Array>>): number {
    this.#history.record(this.#tree.root, Object.keys(entries));
    for (const [key, body] of Object.entries(entries)) this.#newer.set(key, body);
    this.#tree = this.#tree.with({ put: Object.entries(entries) });
    this.revision++;
    this.#handle({ on: 'changed', at: performance.now(), keys: Object.keys(entries) });
    return this.revision;
  }

  command(order: wire.Order): void {
    this.#handle({ on: 'command', order });
  }

  drain(minWaitMs: number, maxWaitMs: number): void {
    this.#handle({ on: 'drain', minWaitMs, maxWaitMs, reason: 'test' });
  }

  supersede(): void {
    this.#handle({ on: 'superseded', newerSessionEpoch: 99 });
  }

  /** Sends this as it stands, past the session. */
  send(message: wire.CentralMessage): void {
    this.#served?.stream.outbox.control(message);
  }

  sign(
    type: 'manifest' | 'revoke' | 'central-time' | 'command' | 'credential',
    payload: Uint8Array,
  ): wire.SignedEnvelope {
    return this.#signer.sign(type, payload);
  }

  /** Central forgets what it had: another database. */
  goBackTo(revision: number): void {
    this.revision = revision;
  }

  /** Another database: only these intents, at this revision, and as the next epoch when `raise` says so. */
  async restore(intents: readonly Intent[], revision: number, raise: boolean): Promise<void> {
    await this.stop();
    this.#intents.clear();
    this.#tree = HashTree.empty(nodeDigests);
    for (const intent of [configOf(this.registrar.clusterUid), ...intents]) this.#put(intent);
    this.revision = revision;
    if (raise) {
      this.stateEpoch++;
      this.explainedFrom = revision;
    }
    await this.listen();
  }

  /** From now on no certificate issued so far is accepted, and the stream ends. */
  revokeAgent(): void {
    this.registrar.revokeAll();
    const error = new AppError(
      'certificate_revoked',
      'The certificate of this agent was revoked.',
      {
        nextCommand: 'ambit cluster join-token prod-eu',
      },
    );
    this.#served?.stream.fail(error);
    this.#served = undefined;
  }

  #put(intent: Intent): void {
    this.#intents.set(intent.key, intent);
    this.#tree = this.#tree.with({ put: [[intent.key, encodeIntent(intent)]] });
  }

  #connect(stream: SyncStream, { peer }: AgentCall): void {
    if (this.#stopping) return stream.fail(new AppError('not_ready', 'This replica is stopping.'));
    let served: Served | undefined;
    stream.listen({
      message: (message) => {
        if (served !== undefined) {
          if (message.message === 'goodbye') this.told.goodbyes.push(message.goodbye.reason);
          return this.#run(served, { on: 'message', ...now(), message });
        }
        if (message.message !== 'hello') return stream.fail(new AppError('invalid_request', 'no'));
        try {
          this.registrar.admit(peer.fingerprint, message.hello.kubeSystemUid);
        } catch (error) {
          return stream.fail(toAppError(error));
        }
        served = this.#admit(stream, message.hello, peer.fingerprint);
      },
      closed: () => {
        if (this.#served === served) this.#served = undefined;
      },
    });
  }

  #admit(stream: SyncStream, hello: wire.Hello, fingerprint: string): Served {
    this.told.hellos.push(hello);
    const session = new CentralSession(
      {
        desired: () => this.#desired(),
        signRevocation: (revision, revoked) =>
          this.sign(
            'revoke',
            revocationCodec.encode({
              installationUid,
              clusterUid: this.registrar.clusterUid,
              stateEpoch: this.stateEpoch,
              revision,
              revoked: [...revoked],
            }),
          ),
        signTime: (time) => this.signTime(time + this.clockAheadMs),
        signOrder: (order) =>
          this.sign(
            'command',
            commandOrderCodec.encode({
              installationUid,
              clusterUid: this.registrar.clusterUid,
              stateEpoch: this.stateEpoch,
              ...order,
            }),
          ),
        signCredentialOrder: (order) =>
          this.sign(
            'credential',
            credentialOrderCodec.encode({
              installationUid,
              clusterUid: this.registrar.clusterUid,
              stateEpoch: this.stateEpoch,
              ...order,
            }),
          ),
      },
      {
        clusterUid: this.registrar.clusterUid,
        stateEpoch: this.stateEpoch,
        heartbeatIntervalMs: 1_000,
        inventoryIntervalMs: 200,
        backoffBaseMs: 20,
        backoffCapMs: 100,
        maxChunkBytes: 64 * 1024,
        timeIntervalMs: 60_000,
        epochRaise: this.#epochRaise(),
      },
      performance.now(),
    );
    this.#takeOver(hello.instanceId);
    // What changed is remembered for as long as a stream stands: whoever comes back with an older state gets all of the newest.
    this.#history = new StateHistory();
    const served = { session, stream, hello, fingerprint };
    this.#served = served;
    this.#run(served, { on: 'admitted', ...now(), hello, sessionEpoch: ++this.#sessions });
    return served;
  }

  /** A newer stream of the same process just replaces the older one; another process is told to stay away. */
  #takeOver(instanceId: string): void {
    const older = this.#served;
    if (older === undefined) return;
    if (older.hello.instanceId === instanceId) {
      older.stream.fail(new AppError('already_exists', 'A newer stream took over.'));
    } else {
      this.#run(older, { on: 'superseded', newerSessionEpoch: this.#sessions + 1 });
    }
  }

  signTime(time: number): wire.SignedEnvelope {
    return this.sign(
      'central-time',
      centralTimeCodec.encode({ installationUid, stateEpoch: this.stateEpoch, now: time }),
    );
  }

  #epochRaise(): wire.SignedEnvelope | null {
    if (this.stateEpoch === 1) return null;
    const raise = { installationUid, stateEpoch: this.stateEpoch };
    return this.#epochSigner.sign('epoch', epochRaiseCodec.encode(raise));
  }

  #handle(event: CentralEvent): void {
    if (this.#served !== undefined) this.#run(this.#served, event);
  }

  #run(served: Served, event: CentralEvent): void {
    for (const effect of served.session.handle(event)) this.#perform(served, effect);
  }

  #perform({ stream }: Served, effect: CentralEffect): void {
    const { told } = this;
    switch (effect.do) {
      case 'send':
        return stream.outbox.control(effect.message);
      case 'sendState':
        told.states.push(effect.mode);
        return stream.outbox.sequence(effect.messages);
      case 'accepted':
        return void told.accepted.push(effect.revision);
      case 'applied':
        return void told.applied.push(effect);
      case 'refused':
        return void told.refused.push(effect);
      case 'status':
        return void told.statuses.push(effect.status);
      case 'inventory':
        return void told.inventories.push(effect.inventory);
      case 'close':
        return this.#close(stream, effect);
      case 'credentialAnswered':
      case 'revokeAcknowledged':
      case 'ignored':
        return undefined;
    }
  }

  /** The last words leave first, so that the agent knows why. */
  #close(stream: SyncStream, { reason, message }: CentralEffect & { do: 'close' }): void {
    const error = new AppError(closeCodes[reason], message);
    void stream.outbox.flushed().then(() => stream.fail(error));
  }

  #desired(): OfferedState {
    const known = Array.from(this.#intents.values(), (intent) => ({
      key: intent.key,
      body: encodeIntent(intent),
    })).filter(({ key }) => !this.#newer.has(key));
    const entries = [...known, ...Array.from(this.#newer, ([key, body]) => ({ key, body }))];
    return {
      revision: this.revision,
      root: this.#tree.root,
      lineage: this.lineage,
      sections: this.#tree.sections.keys(),
      manifest: this.sign('manifest', manifestCodec.encode(this.manifest())),
      entries: () => entries,
      entriesOf: (keys) => {
        const wanted = new Set(keys);
        return entries.filter(({ key }) => wanted.has(key));
      },
      changedSince: (root) => this.#history.changedSince(root),
    };
  }

  /** The manifest of now. */
  manifest(): wire.Manifest {
    const { sections, root } = this.#tree;
    return {
      installationUid,
      clusterUid: this.registrar.clusterUid,
      stateEpoch: this.stateEpoch,
      revision: this.revision,
      root,
      sections: Array.from(sections, ([section, entries]) => ({ section, entries })),
      issuedAt: Date.now(),
      explainedFrom: this.explainedFrom,
      intentionallyEmpty: !sections.has('BINDING'),
      compilerVersion: 1,
      lineage: this.lineage,
    };
  }
}

function now(): { at: number; wallClock: number } {
  return { at: performance.now(), wallClock: Date.now() };
}

function configOf(uid: string): Intent {
  return {
    section: 'CONFIG',
    key: 'CONFIG/cluster',
    clusterName: 'prod-eu',
    clusterUid: uid,
    userPrefix: 'ambit:',
    subjectMode: 'Users',
  };
}

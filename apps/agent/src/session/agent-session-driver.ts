import { Seldom, toAppError } from '@ambit/kernel';
import type { AppError, Clock, Logger } from '@ambit/kernel';
import type {
  AgentEffect,
  AgentSession,
  HelloFacts,
  SessionSettings,
  StateChange,
  StatePoint,
  wire,
} from '@ambit/protocol';
import type { Mask } from '@ambit/rbac';
import type { AuditRecorder } from '../audit/audit-log.ts';
import type { HeardTime } from '../clock/heard-time.ts';
import type { CredentialDesk } from '../credentials/credential-desk.ts';
import type { Reconciler, UnexplainedStep } from '../reconcile/ports.ts';
import type { SessionLoop, SessionLoopListener } from './session-loop.ts';
import { epochTaken } from './epoch-taken.ts';
import type { StateKeeper } from './state-keeper.ts';

/** The same refusal is told again after this time. */
const sayAgainMs = 60_000;

/** Who wants to know of the stream. */
export interface SessionObserver {
  /** Central accepted the stream. */
  live(settings: SessionSettings): void;
  /** The stream is over. */
  ended(reason: string, error: AppError | undefined): void;
  /** What may stand in Status has changed. */
  changed(): void;
  /** A state was accepted. */
  accepted(revision: number): void;
}

export interface AgentSessionDriverOptions {
  readonly session: AgentSession;
  readonly keeper: StateKeeper;
  readonly reconciler: Pick<
    Reconciler,
    | 'accept'
    | 'acceptRemovals'
    | 'mask'
    | 'onApplied'
    | 'releaseGains'
    | 'releaseRemovals'
    | 'resync'
  >;
  readonly hello: (attempt: number) => HelloFacts;
  readonly rotateCertificate: () => void;
  readonly credentials: Pick<CredentialDesk, 'answer'>;
  readonly observer: SessionObserver;
  readonly clock: Clock;
  readonly heardTime: HeardTime;
  /** Something from central was refused, for this reason. */
  readonly stateRefused: (code: string) => void;
  readonly audit: AuditRecorder;
  readonly logger: Logger;
}

/** Carries out what the session decides: on the stream, on the disk, at the reconciler, in that order. */
export class AgentSessionDriver implements SessionLoopListener {
  readonly #options: AgentSessionDriverOptions;
  #loop: SessionLoop | undefined;
  /** Steps that no commit explains, of changes that were saved. */
  readonly #unexplained = new WeakMap<StateChange, UnexplainedStep>();
  /** What was held before such a change. */
  readonly #from = new WeakMap<UnexplainedStep, StatePoint>();

  #applied: { readonly revision: number; readonly report: wire.ApplyReport } | undefined;
  readonly #refusals: Seldom;
  /** The revision that this stream was told to be applied. */
  #told: number | undefined;
  /** How many were opened so far. */
  #streams = 0;

  constructor(options: AgentSessionDriverOptions) {
    this.#options = options;
    this.#refusals = new Seldom(options.clock, sayAgainMs);
    options.reconciler.onApplied((revision, report) => {
      this.#applied = { revision, report };
      this.#tellAppliedSoon();
      options.observer.changed();
    });
  }

  /** Where it sends; to be called once, before the loop starts. */
  use(loop: SessionLoop): void {
    this.#loop = loop;
  }

  opened(attempt: number): void {
    const { session, clock, hello } = this.#options;
    this.#told = undefined;
    this.#streams++;
    this.#run(session.handle({ on: 'opened', at: clock.monotonic(), hello: hello(attempt) }));
  }

  message(message: wire.CentralMessage): void {
    const { session, clock } = this.#options;
    this.#run(session.handle({ on: 'message', at: clock.monotonic(), message }));
  }

  tick(): void {
    const { session, clock } = this.#options;
    this.#run(session.handle({ on: 'tick', at: clock.monotonic(), wallClock: clock.now() }));
  }

  closed(reason: string, error: AppError | undefined): void {
    this.#run(this.#options.session.handle({ on: 'closed', code: error?.code }));
    this.#options.observer.ended(reason, error);
  }

  #run(effects: readonly AgentEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: AgentEffect): void {
    const { reconciler, keeper, observer } = this.#options;
    switch (effect.do) {
      case 'send':
        return this.#send(effect.message);
      case 'close':
        return this.#loop?.close(effect.reason, effect.message, effect.retry);
      case 'settings':
        return this.#live(effect.settings);
      case 'saveState':
        return void this.#saveState(effect.saveId, effect.change);
      case 'accept':
        return this.#accept(effect.change);
      case 'acceptRemovals':
        return reconciler.acceptRemovals(effect.change);
      case 'mask':
        reconciler.mask(effect.masks.flatMap(({ revoked }): Mask[] => [...revoked]));
        return undefined;
      case 'saveRevocation':
        return void this.#saveRevocation(effect);
      case 'saveEpoch':
        return keeper.saveEpoch(effect.stateEpoch);
      case 'heardTime':
        return this.#options.heardTime.take(effect.now);
      case 'command':
        return this.#command(effect.order);
      case 'makeCredential':
        return void this.#makeCredential(effect.order);
      case 'ignored':
        return this.#ignored(effect.what);
      case 'refused':
        this.#refused(effect);
        return observer.changed();
    }
  }

  #send(message: wire.AgentMessage): void {
    if (message.message === 'heartbeat') return this.#loop?.sendLatest(message);
    this.#loop?.send(message);
    // What was applied while there was no stream is told once this one has taken the state for accepted.
    if (message.message === 'stateAck') this.#tellAppliedSoon();
  }

  /** In a later turn: what is applied within the turn that accepts it has to be told after it was acknowledged. */
  #tellAppliedSoon(): void {
    queueMicrotask(() => {
      const applied = this.#applied;
      if (applied === undefined || applied.revision === this.#told) return;
      const effects = this.#options.session.handle({ on: 'applied', ...applied });
      if (effects.length > 0) this.#told = applied.revision;
      this.#run(effects);
    });
  }

  #live(settings: SessionSettings): void {
    const { backoffBaseMs: baseMs, backoffCapMs: capMs } = settings;
    this.#loop?.live({ baseMs, capMs });
    this.#options.logger.info('connected to central', { sessionEpoch: settings.sessionEpoch });
    this.#options.observer.live(settings);
  }

  async #saveState(saveId: number, change: StateChange): Promise<void> {
    const { session, keeper, observer, logger } = this.#options;
    const { held } = session.memory;
    try {
      const step = await keeper.save(change, held);
      if (step !== undefined) this.#unexplained.set(change, step);
      if (step !== undefined && held !== undefined) this.#from.set(step, held);
    } catch (error) {
      logger.error('a state could not be stored: what it takes away is applied, the rest waits', {
        error,
      });
      await keeper.markStale();
      this.#run(session.handle({ on: 'saveFailed', saveId, message: toAppError(error).message }));
      observer.changed();
      return;
    }
    this.#run(session.handle({ on: 'stateSaved', saveId }));
    keeper.handedOver();
    observer.accepted(change.manifest.revision);
  }

  #accept(change: StateChange): void {
    const step = this.#unexplained.get(change);
    this.#options.reconciler.accept(change, step && [step]);
    const from = step && this.#from.get(step);
    if (step?.raised === true && from !== undefined) {
      this.#options.audit.record(epochTaken(step, from, change.manifest));
    }
    this.#unexplained.delete(change);
    const { revision, stateEpoch } = change.manifest;
    this.#options.logger.debug('a state was accepted', {
      revision,
      stateEpoch,
      mode: change.mode,
      changed: change.entries.length,
      removed: change.removed.length,
    });
  }

  async #saveRevocation(effect: AgentEffect & { do: 'saveRevocation' }): Promise<void> {
    const { session, keeper, logger, observer } = this.#options;
    try {
      await keeper.saveRevocation(effect.revocation, effect.envelope);
      this.#run(session.handle({ on: 'revocationSaved', saveId: effect.saveId }));
    } catch (error) {
      // It is in force already; central has the state that contains it acknowledged instead.
      logger.error('a revocation is in force and could not be stored', { error });
      observer.changed();
    }
  }

  #command(order: wire.Order): void {
    const { reconciler, logger, rotateCertificate } = this.#options;
    logger.info('central asks', { order });
    if (order === 'ORDER_RESYNC') reconciler.resync();
    else if (order === 'ORDER_RELEASE_REMOVALS') reconciler.releaseRemovals();
    else if (order === 'ORDER_RELEASE_GAINS') reconciler.releaseGains();
    else if (order === 'ORDER_ROTATE_CERTIFICATE') rotateCertificate();
    this.#options.observer.changed();
  }

  /** On another stream nobody waits for the answer, and whoever is there now never asked. */
  async #makeCredential(order: wire.CredentialOrder): Promise<void> {
    const stream = this.#streams;
    const credentialAnswer = await this.#options.credentials.answer(order);
    if (stream !== this.#streams || !this.#options.session.live) return;
    this.#loop?.send({ message: 'credentialAnswer', credentialAnswer });
  }

  #ignored(what: string): void {
    if (this.#refusals.passes(`ignored ${what}`) === undefined) return;
    const text = 'central said something that this version does not know; update the agent';
    this.#options.logger.warn(text, { what });
  }

  #refused({ what, code, message }: AgentEffect & { do: 'refused' }): void {
    const { audit, logger, stateRefused } = this.#options;
    // Anybody in the place of central can send as many as it likes.
    if (what !== 'state' && this.#refusals.passes(`${what} ${code}`) === undefined) return;
    logger.error('something from central was refused', { what, code, message });
    stateRefused(code);
    audit.record({
      type: code === 'equivocation' ? 'state.equivocation' : 'agent.state_refused',
      message: `What central sent was refused (${what.replaceAll('_', ' ')}): ${message}`,
      result: { code, message },
    });
  }
}

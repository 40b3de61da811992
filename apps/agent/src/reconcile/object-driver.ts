import type { LifeEffect, LifeEvent, ObjectKey, RbacObject, WaitReason, Write } from '@ambit/rbac';
import type { CondemnedRoles } from './condemned-roles.ts';
import type { KnownObjects } from './known-objects.ts';
import { lastManager } from './object-audit.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectLives } from './object-lives.ts';
import type { ObjectReports } from './object-reports.ts';
import type { ObjectWrites } from './object-writes.ts';
import { keyOf, splitKey } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';
import type { Turn, WriteLanes } from './write-lanes.ts';

export interface ObjectDriverOptions {
  readonly judge: ObjectJudge;
  readonly known: KnownObjects;
  readonly reports: ObjectReports;
  readonly writes: ObjectWrites;
  readonly condemned: CondemnedRoles;
  readonly lives: ObjectLives;
  /** Made with what it runs in a turn and what follows when a turn is over. */
  readonly lanes: (turn: Turn) => WriteLanes;
}

/** What a turn in a lane is for. */
type Request = Extract<LifeEffect, { type: 'send' | 'lookFor' }>;

/** Leads the life of every object: hands it events together with the verdict of the moment, and does what it asks for. */
export class ObjectDriver {
  readonly #options: ObjectDriverOptions;
  readonly #lanes: WriteLanes;
  #stopped = false;

  constructor(options: ObjectDriverOptions) {
    this.#options = options;
    this.#lanes = options.lanes({
      run: (key) => this.#turn(key),
      landed: (key) => this.#look(key),
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.lives.stop();
    await this.#lanes.stop();
  }

  /** Keys of objects that something has to be remembered of. */
  keys(): Iterable<ObjectKey> {
    return this.#options.lives.all().map(([key]) => key);
  }

  /** How many objects wait for one of these reasons. */
  waiting(why: readonly WaitReason[]): number {
    return this.#options.lives.waiting(why).length;
  }

  /** What is wanted of these objects changed: earlier failures say nothing about them any more. */
  changed(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.#happens(key, { type: 'wanted', verdict: this.#verdict(key) });
  }

  lookAll(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.#look(key);
  }

  /** Tries everything that waits. */
  hurry(): void {
    for (const [key] of this.#options.lives.all()) {
      this.#happens(key, { type: 'hurry', verdict: this.#verdict(key) });
    }
  }

  /** Something outside changed that may be why writes are refused; only those in a namespace when it is of one. */
  causeChanged(why: readonly WaitReason[], namespace?: string): void {
    for (const key of this.#options.lives.waiting(why)) {
      if (namespace !== undefined && splitKey(key).namespace !== namespace) continue;
      this.#happens(key, { type: 'cause', why, verdict: this.#verdict(key) });
    }
  }

  /** A watch tells of an object that is ours or says so. Our own writes come back here too and change nothing. */
  seen(object: LiveObject): void {
    const { known } = this.#options;
    const key = keyOf(object);
    const stood = this.#isSettled(key) && known.has(key);
    if (!known.seen(object) || this.#isBusy(key)) return;
    const verdict = this.#verdict(key);
    if (!stood) return this.#happens(key, { type: 'look', verdict }, object);
    this.#happens(key, { type: 'changed', verdict, by: lastManager(object) }, object);
  }

  /** A watch tells of a version that the answer to a write told: nothing happens. */
  isKnown(key: ObjectKey, uid: string, resourceVersion: string): boolean {
    return this.#options.known.isKnown(key, uid, resourceVersion);
  }

  /** A watch tells that it is gone, or that its label was taken off. */
  gone(key: ObjectKey, uid: string, resourceVersion: string): void {
    const stood = this.#isSettled(key);
    const fate = this.#options.known.gone(key, uid, resourceVersion);
    if (fate === 'missing') this.#missed(key, stood);
    if (fate === 'gone') this.#look(key);
  }

  /** The lists are complete: what we wrote and they do not show has to be looked for. */
  relisted(): void {
    for (const key of this.#options.known.unseen()) this.#missed(key, false);
  }

  /** No list says yet how these stand: they are looked at one by one. */
  lookFor(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.#missed(key, false);
  }

  #missed(key: ObjectKey, suspect: boolean): void {
    this.#happens(key, { type: 'missed', suspect, verdict: this.#verdict(key) });
  }

  /** What is in flight is looked at when it lands. */
  #look(key: ObjectKey): void {
    if (!this.#isBusy(key)) this.#happens(key, { type: 'look', verdict: this.#verdict(key) });
  }

  #verdict(key: ObjectKey): Extract<LifeEvent, { type: 'look' }>['verdict'] {
    return this.#options.judge.verdict(key);
  }

  #isBusy(key: ObjectKey): boolean {
    return this.#options.lives.get(key).state === 'busy';
  }

  #isSettled(key: ObjectKey): boolean {
    const { judge, lives } = this.#options;
    const { state, missing } = lives.get(key);
    return judge.open && state === 'agreeing' && missing === 'no';
  }

  #happens(key: ObjectKey, event: LifeEvent, live?: LiveObject): void {
    for (const effect of this.#step(key, event)) this.#do(key, effect, live);
  }

  #step(key: ObjectKey, event: LifeEvent): readonly LifeEffect[] {
    return this.#stopped ? [] : this.#options.lives.step(key, event);
  }

  #do(key: ObjectKey, effect: LifeEffect, live?: LiveObject): void {
    const { lives, known, reports, judge } = this.#options;
    switch (effect.type) {
      case 'enqueue':
        return this.#lanes.enqueue(key, effect.lane);
      case 'leaveLane':
        return this.#lanes.forget(key);
      case 'wait':
        return lives.arm(key, effect.ms, () =>
          this.#happens(key, { type: 'timer', verdict: this.#verdict(key) }),
        );
      case 'wake':
        return lives.disarm(key);
      case 'noteOurs':
        return known.adopt(key, effect.uid);
      case 'settled':
        return this.#settled(key);
      case 'forgetStranger':
        return known.forgetStranger(key);
      case 'report':
        return reports.problem(key, effect.problem, judge.gap(key));
      case 'tell':
        return reports.tell(key, effect.telling, { gap: judge.gap(key), ...(live && { live }) });
      case 'send':
      case 'lookFor':
        // Only a turn asks for these, and does them itself.
        return undefined;
    }
  }

  #settled(key: ObjectKey): void {
    const { reports, known } = this.#options;
    reports.settled(key);
    if (!known.has(key)) this.#isGone(key);
  }

  /** Never rejects. */
  async #turn(key: ObjectKey): Promise<void> {
    const effects = this.#step(key, { type: 'turn', verdict: this.#verdict(key) });
    for (const effect of effects) this.#do(key, effect);
    const request = effects.find((effect): effect is Request =>
      ['send', 'lookFor'].includes(effect.type),
    );
    if (request?.type === 'lookFor') await this.#find(key, request.removal);
    if (request?.type === 'send') await this.#write(request.operation);
  }

  /** Looks how an object stands that no watch shows. */
  async #find(key: ObjectKey, removal: boolean): Promise<void> {
    const { writes, known } = this.#options;
    try {
      const object = await writes.look(key);
      const ofInterest = object !== undefined && this.#concernsUs(key, object);
      known.found(key, object, ofInterest);
      const what = ofInterest ? 'changed' : 'deleted';
      const by = object && lastManager(object);
      this.#happens(key, { type: 'found', what, by, verdict: this.#verdict(key) }, object);
      if (object === undefined) this.#isGone(key);
    } catch (error) {
      this.#happens(key, { type: 'notFoundOut', message: String(error), removal });
    }
  }

  /** Somebody else's object concerns us where it stands in the way. */
  #concernsUs(key: ObjectKey, object: RbacObject): boolean {
    const { judge } = this.#options;
    return judge.ownerOf(key, object) !== 'foreign' || judge.isWanted(key);
  }

  async #write(operation: Write): Promise<void> {
    const { key } = operation;
    const write = await this.#options.writes.carryOut(operation, () => this.#wasGone(operation));
    const { outcome } = write;
    if (outcome.type === 'done') this.#lanes.went();
    if (outcome.type === 'retry' && outcome.slowDown) this.#lanes.tooFast();
    this.#happens(key, { type: 'answered', write });
    if (outcome.type === 'condemned') return this.#condemn(key, outcome.object.metadata.name);
    if (outcome.type !== 'done' && outcome.type !== 'lookAgain') return;
    if (outcome.object === undefined) this.#isGone(key);
    else if (outcome.object.kind === 'ClusterRole') this.#roleIsThere();
  }

  /** What we made in its place says as well as a look that it was gone. A watch may have shown what we made by now. */
  #wasGone(operation: Write): void {
    const { key } = operation;
    if (this.#options.lives.get(key).missing === 'no') return;
    const verdict = { type: 'write', operation, taking: undefined } as const;
    this.#happens(key, { type: 'found', what: 'deleted', by: undefined, verdict });
  }

  /** The role gives nothing any more. Its bindings go before it: one to a missing role waits for whoever makes it. */
  #condemn(key: ObjectKey, role: string): void {
    const { known, judge, condemned } = this.#options;
    const bindings = known.bindingsTo(role).filter((binding) => {
      const object = known.get(binding);
      return object && ['ours', 'adoptable'].includes(judge.ownerOf(binding, object));
    });
    condemned.condemn(key, new Set(bindings));
    this.changed(bindings);
  }

  #isGone(key: ObjectKey): void {
    const { condemned } = this.#options;
    if (condemned.size > 0) this.changed(condemned.isGone(key));
  }

  /** Bindings that wait for their role may be made now. */
  #roleIsThere(): void {
    for (const key of this.#options.lives.waiting(['role'])) {
      this.#happens(key, { type: 'hurry', verdict: this.#verdict(key) });
    }
  }
}

import type { AppError } from '@ambit/kernel';
import type { DirectoryUser, GivenGroup, Transaction } from '@ambit/persistence';
import { applyGroup, createGroup, dropGroup } from '../apply-group.ts';
import { changeUser, createUser } from '../change-user.ts';
import type { CommitDirectory, HeldDirectory } from '../commit-directory.ts';
import type { DirectoryCaller } from '../directory-caller.ts';
import { dropUser } from '../drop-user.ts';
import type { NamedUser } from '../said-user.ts';
import { makeTogether } from './make-together.ts';
import { isNoChange } from './plan-groups.ts';
import { refusalOf } from './plan-people.ts';
import { requireRefusal } from './require-refusal.ts';
import type { GroupChange, SyncPlan } from './sync-plan.ts';
import type { SyncRefused } from './said-directory.ts';

/** So many are written in one transaction: a few statements for all who are made, some for each who is changed. */
const madeAtOnce = 1_000;
const changedAtOnce = 100;
const groupsAtOnce = 50;

/** What a sync did. */
export interface SyncDone {
  created: number;
  changed: number;
  removed: number;
}

type Work = (tx: Transaction, directory: HeldDirectory) => Promise<unknown>;

/** One step of a plan: how it is done, and whose it is when it is refused. */
interface Step {
  readonly kind: SyncRefused['kind'];
  readonly externalId: string;
  readonly work: Work;
  readonly done: () => void;
}

/**
 * Carries out a plan in transactions of a bounded size: who loses access first, then people, then groups. What cannot be
 * done alone is refused alone. Each transaction looks at what is there then, so a plan that was overtaken does no harm.
 */
export class ApplySync {
  readonly users: SyncDone = { created: 0, changed: 0, removed: 0 };
  readonly #groups = { created: 0, removed: 0 };
  membersJoined = 0;
  membersLeft = 0;
  readonly refused: SyncRefused[] = [];
  /** By external id: one that somebody left and another joined is one. */
  readonly #changedGroups = new Set<string>();
  readonly #commit: Pick<CommitDirectory, 'run'>;
  readonly #caller: DirectoryCaller;
  readonly #ended: AbortSignal;
  /** By external id, of those who are there. */
  readonly #uids: Map<string, string>;

  constructor(
    commit: Pick<CommitDirectory, 'run'>,
    caller: DirectoryCaller,
    { ended, uids }: { readonly ended: AbortSignal; readonly uids: Map<string, string> },
  ) {
    this.#commit = commit;
    this.#caller = caller;
    this.#ended = ended;
    this.#uids = uids;
  }

  get groups(): SyncDone {
    return { ...this.#groups, changed: this.#changedGroups.size };
  }

  /** Throws what stops the whole: a directory that is stopped, a credential that ended, a database that is away. */
  async run(plan: SyncPlan): Promise<void> {
    await this.#inSteps(
      plan.removedUsers.map((user) => this.#dropUserStep(user)),
      changedAtOnce,
    );
    await this.#takeMembers(plan.groups);
    await this.#changeUsers(plan);
    await this.#createUsers(plan.createdUsers);
    await this.#inSteps(
      plan.groups.flatMap((change) => this.#groupSteps(change)),
      groupsAtOnce,
    );
    await this.#inSteps(
      plan.removedGroups.map((given) => this.#dropGroupStep(given)),
      groupsAtOnce,
    );
  }

  /** Whoever is another one than planned stays until the next sync: the name may be somebody else's by now. */
  #dropUserStep(user: DirectoryUser): Step {
    let removed = false;
    return {
      kind: 'User',
      externalId: user.externalId ?? user.userName,
      work: async (tx, directory) => {
        const now = await tx.directories.findUser(directory.uid, user.uid);
        removed = now?.version === user.version;
        if (now !== undefined && removed) await dropUser(tx, directory, now);
      },
      done: () => void (this.users.removed += Number(removed)),
    };
  }

  #dropGroupStep({ group, memberUids }: GivenGroup): Step {
    let removed = false;
    return {
      kind: 'Group',
      externalId: group.externalId ?? group.displayName,
      work: async (tx, directory) => {
        const now = await tx.directories.findGroup(directory.uid, group.uid);
        removed = now?.version === group.version;
        if (now !== undefined && removed) await dropGroup(tx, directory, now);
      },
      done: () => {
        if (!removed) return;
        this.#groups.removed++;
        this.membersLeft += memberUids.size;
      },
    };
  }

  /** Leaving is apart: whom a group cannot take keeps nobody in it, nor does the last administrator. */
  async #takeMembers(groups: readonly GroupChange[]): Promise<void> {
    const leaving = groups.filter(({ leavingUids }) => leavingUids.size > 0);
    const steps = leaving.map((change) => this.#leaveStep(change, change.leavingUids));
    const kept = await this.#inSteps(steps, groupsAtOnce, 'last_admin');
    const ids = new Set(kept.map(({ externalId }) => externalId));
    const oneByOne = leaving
      .filter(({ externalId }) => ids.has(externalId))
      .flatMap((change) =>
        Array.from(change.leavingUids, (uid) => this.#leaveStep(change, new Set([uid]))),
      );
    await this.#inSteps(oneByOne, groupsAtOnce);
  }

  /** Who is locked goes first. A name that another one gives free in the same sync is there at the second try. */
  async #changeUsers({ changedUsers }: SyncPlan): Promise<void> {
    const steps = changedUsers
      .toSorted((a, b) => Number(a.person.active ?? true) - Number(b.person.active ?? true))
      .map(({ before, person }): Step => ({
        kind: 'User',
        externalId: person.externalId,
        work: async (tx, directory) => {
          const now = await tx.directories.findUser(directory.uid, before.uid);
          if (now !== undefined) await changeUser(tx, directory, { before: now, person });
        },
        done: () => {
          this.users.changed++;
          this.#uids.set(person.externalId, before.uid);
        },
      }));
    const taken = await this.#inSteps(steps, changedAtOnce, 'already_exists');
    await this.#inSteps(taken, changedAtOnce);
  }

  /** Whose name nobody has is made with all the others; the rest one by one. */
  async #createUsers(users: readonly NamedUser[]): Promise<void> {
    for (const chunk of chunksOf(users, madeAtOnce)) {
      this.#ended.throwIfAborted();
      const made = await this.#madeTogether(chunk);
      for (const { externalId, uid } of made) this.#created(externalId, uid);
      const there = new Set(made.map(({ externalId }) => externalId));
      const others = chunk.filter(({ externalId = '' }) => !there.has(externalId));
      await this.#inSteps(
        others.map((person) => this.#createStep(person)),
        changedAtOnce,
      );
    }
  }

  #createStep(person: NamedUser): Step {
    const { externalId = '' } = person;
    let uid = '';
    return {
      kind: 'User',
      externalId,
      work: async (tx, directory) => {
        ({ uid } = await createUser(tx, directory, person));
      },
      done: () => this.#created(externalId, uid),
    };
  }

  #created(externalId: string, uid: string): void {
    this.users.created++;
    this.#uids.set(externalId, uid);
  }

  /** Empty when one of them is refused: then nobody was made. */
  async #madeTogether(
    people: readonly NamedUser[],
  ): Promise<readonly { readonly externalId: string; readonly uid: string }[]> {
    try {
      return await this.#commit.run(this.#caller, (tx, directory) =>
        makeTogether(tx, directory, people),
      );
    } catch (error) {
      requireRefusal(error);
      return [];
    }
  }

  #leaveStep({ externalId, before }: GroupChange, leaving: ReadonlySet<string>): Step {
    return {
      kind: 'Group',
      externalId,
      work: async (tx, directory) => {
        const now = before && (await tx.directories.findGroup(directory.uid, before.group.uid));
        const edit = { joining: new Set<string>(), leaving };
        if (now !== undefined) await applyGroup(tx, { directory, before: now, edit });
      },
      done: () => {
        this.#changedGroups.add(externalId);
        this.membersLeft += leaving.size;
      },
    };
  }

  /** What is left to do of a group whose members have left. */
  #groupSteps(change: GroupChange): readonly Step[] {
    if (isNoChange({ ...change, leavingUids: new Set() })) return [];
    const { externalId, before, displayName } = change;
    const joining = new Set([...change.joining].flatMap((id) => this.#uids.get(id) ?? []));
    // Who went since they were planned does not keep the others out.
    const edit = { displayName, externalId, joining, leaving: new Set<string>(), onlyKnown: true };
    const step: Step = {
      kind: 'Group',
      externalId,
      work: async (tx, directory) => {
        if (before === undefined) return createGroup(tx, directory, edit);
        const now = await tx.directories.findGroup(directory.uid, before.group.uid);
        return now && applyGroup(tx, { directory, before: now, edit });
      },
      done: () => {
        if (before === undefined) this.#groups.created++;
        else this.#changedGroups.add(externalId);
        this.membersJoined += joining.size;
      },
    };
    return [step];
  }

  /** `again`: what is refused with this code is given back and not told. */
  async #inSteps(
    steps: readonly Step[],
    atOnce: number,
    again?: AppError['code'],
  ): Promise<readonly Step[]> {
    const later: Step[] = [];
    for (const chunk of chunksOf(steps, atOnce)) {
      this.#ended.throwIfAborted();
      if (await this.#attempt(chunk)) continue;
      for (const step of chunk) {
        const refusal = await this.#attemptOne(step);
        if (refusal === undefined) continue;
        if (refusal.code === again) later.push(step);
        else this.refused.push(refusalOf(step.kind, step.externalId, refusal));
      }
    }
    return later;
  }

  /** False when one of the steps is refused: then none was done. */
  async #attempt(steps: readonly Step[]): Promise<boolean> {
    try {
      await this.#commit.run(this.#caller, async (tx, directory) => {
        for (const { work } of steps) await work(tx, directory);
      });
    } catch (error) {
      requireRefusal(error);
      return false;
    }
    for (const { done } of steps) done();
    return true;
  }

  async #attemptOne(step: Step): Promise<AppError | undefined> {
    try {
      await this.#commit.run(this.#caller, step.work);
    } catch (error) {
      return requireRefusal(error);
    }
    step.done();
    return undefined;
  }
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

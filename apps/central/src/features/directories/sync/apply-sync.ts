import { AppError, defined } from '@ambit/kernel';
import type { Transaction } from '@ambit/persistence';
import { auditUser } from '../../people/public.ts';
import { applyGroup, createGroup, dropGroup } from '../apply-group.ts';
import { changeUser, createUser } from '../change-user.ts';
import type { CommitDirectory, HeldDirectory } from '../commit-directory.ts';
import type { DirectoryCaller } from '../directory-caller.ts';
import { displayNameOf } from '../directory-names.ts';
import { dropUser } from '../drop-user.ts';
import type { NamedUser } from '../said-user.ts';
import { refusalOf } from './plan-people.ts';
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
  readonly groups: SyncDone = { created: 0, changed: 0, removed: 0 };
  membersJoined = 0;
  membersLeft = 0;
  readonly refused: SyncRefused[] = [];
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

  /** Throws what stops the whole: a directory that is stopped, a credential that ended, a database that is away. */
  async run(plan: SyncPlan): Promise<void> {
    await this.#inSteps(
      plan.removedUsers.map((user) => ({
        kind: 'User',
        externalId: user.externalId ?? user.userName,
        work: (tx, directory) => dropUser(tx, directory, user),
        done: () => this.users.removed++,
      })),
      changedAtOnce,
    );
    await this.#changeUsers(plan);
    await this.#createUsers(plan.createdUsers);
    await this.#inSteps(
      plan.groups.map((change) => this.#groupStep(change)),
      groupsAtOnce,
    );
    await this.#inSteps(
      plan.removedGroups.map(({ group, memberUids }) => ({
        kind: 'Group',
        externalId: group.externalId ?? group.displayName,
        work: (tx, directory) => dropGroup(tx, directory, group),
        done: () => {
          this.groups.removed++;
          this.membersLeft += memberUids.size;
        },
      })),
      groupsAtOnce,
    );
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

  #groupStep(change: GroupChange): Step {
    const { externalId, before, displayName, leavingUids } = change;
    const joining = new Set([...change.joining].flatMap((id) => this.#uids.get(id) ?? []));
    const edit = { displayName, externalId, joining, leaving: leavingUids };
    return {
      kind: 'Group',
      externalId,
      work: (tx, directory) =>
        before === undefined
          ? createGroup(tx, directory, edit)
          : applyGroup(tx, { directory, before: before.group, edit }),
      done: () => {
        if (before === undefined) this.groups.created++;
        else this.groups.changed++;
        this.membersJoined += joining.size;
        this.membersLeft += leavingUids.size;
      },
    };
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

/** People of whose names and ids there is nobody, in a few statements. Throws `already_exists` for an id that is known. */
async function makeTogether(
  tx: Transaction,
  directory: HeldDirectory,
  people: readonly NamedUser[],
): Promise<{ readonly externalId: string; readonly uid: string }[]> {
  const byName = new Map(people.map((person) => [person.name, person]));
  const records = await tx.users.createAll(
    Array.from(byName.values(), ({ name, active, attributes }) => ({
      name,
      labels: {},
      active,
      ...defined({ displayName: displayNameOf(attributes) }),
    })),
  );
  const made = records.flatMap(({ uid, name }) => {
    const person = byName.get(name);
    return person === undefined ? [] : [{ uid, person }];
  });
  await tx.directories.saveNewUsers(
    directory.uid,
    made.map(({ uid, person: { userName, externalId, attributes, active } }) => ({
      uid,
      userName,
      ...defined({ externalId }),
      attributes: { ...attributes, active },
    })),
  );
  for (const record of records) auditUser(tx, { outcome: 'created', record });
  return made.map(({ uid, person }) => ({ uid, externalId: person.externalId ?? '' }));
}

/** What concerns one entry alone, whatever is tried around it. Throws everything else. */
function requireRefusal(error: unknown): AppError {
  const ofOne = ['already_exists', 'group_closed', 'invalid_request', 'not_found', 'invalid_name'];
  if (error instanceof AppError && ofOne.includes(error.code)) return error;
  throw error;
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

import type { ApplyResult, GroupMembersChange, ObjectResult } from '@ambit/contracts';
import type { PolicyView } from '@ambit/domain';
import { compareText, notFound } from '@ambit/kernel';
import { membershipSources } from '@ambit/persistence';
import type { GroupRecord, Sql, Transaction } from '@ambit/persistence';
import { listResponse } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { applyResult, withWarnings } from '../policy/public.ts';
import type { CommitPolicy, CommitRequest, Connections } from '../policy/public.ts';
import { auditMembers } from './group-audit.ts';

interface Group {
  readonly uid: string;
  readonly name: string;
}

interface PageOfNames {
  readonly limit: number;
  /** The last name of the page before. */
  readonly continue?: string;
}

function pageByName<T>(
  all: readonly T[],
  query: PageOfNames,
  nameOf: (item: T) => string,
): { items: readonly T[]; continue?: string } {
  const rest = all
    .filter((item) => query.continue === undefined || nameOf(item) > query.continue)
    .sort((a, b) => compareText(nameOf(a), nameOf(b)));
  const items = rest.slice(0, query.limit);
  const last = items.length < rest.length ? items.at(-1) : undefined;
  return { items, ...(last === undefined ? {} : { continue: nameOf(last) }) };
}

/** Who is a member of a group: read from the policy in memory, changed like all policy. */
export class GroupMembership {
  readonly #world: PolicyWorld;
  readonly #commit: CommitPolicy;
  readonly #connections: Connections;
  readonly #sql: Sql;

  constructor(
    world: PolicyWorld,
    { commit, connections, sql }: { commit: CommitPolicy; connections: Connections; sql: Sql },
  ) {
    this.#world = world;
    this.#sql = sql;
    this.#commit = commit;
    this.#connections = connections;
  }

  /** Members by name, a page of them. The cursor is the last name of the page before. Throws `not_found`. */
  list(groupName: string, query: PageOfNames): object {
    const { policy, revision } = this.#world;
    const group = groupOf(policy, groupName);
    const members = Array.from(policy.membersOf(group.uid), (uid) => ({
      uid,
      user: policy.user(uid)?.name ?? uid,
    }));
    const page = pageByName(members, query, ({ user }) => user);
    return listResponse('GroupMember', page, { revision, item: (member) => member });
  }

  /** Groups of a person by name, a page of them, each with the sources of the membership. Throws `not_found`. */
  async groupsOf(userName: string, query: PageOfNames): Promise<object> {
    const { policy, revision } = this.#world;
    const user = policy.byName('User', userName);
    if (user === undefined) throw notFound('User', userName);
    const groups = Array.from(policy.groupsOf(user.uid), (uid) => ({
      uid,
      group: policy.group(uid)?.name ?? uid,
    }));
    const page = pageByName(groups, query, ({ group }) => group);
    const keys = page.items.map(({ uid }) => ({ groupUid: uid, userUid: user.uid }));
    const sources = await membershipSources(this.#sql, keys);
    return listResponse('UserGroup', page, {
      revision,
      item: (group) => ({ ...group, sources: sources[page.items.indexOf(group)] ?? [] }),
    });
  }

  /** Makes exactly these the members. */
  replace(name: string, members: readonly string[], request: CommitRequest): Promise<ApplyResult> {
    return this.#change(name, request, async (tx, group) => {
      const wanted = new Set(members);
      const record = await tx.groups.find(group.name);
      const now = new Set(record?.members);
      await this.#add(
        tx,
        group,
        [...wanted].filter((name) => !now.has(name)),
      );
      const going = [...now].filter((name) => !wanted.has(name));
      await this.#remove(tx, group, going);
      return going;
    });
  }

  /** Adds some and removes some; who is or is not a member already is no error. */
  change(
    name: string,
    { add, remove }: GroupMembersChange,
    request: CommitRequest,
  ): Promise<ApplyResult> {
    return this.#change(name, request, async (tx, group) => {
      await this.#add(tx, group, add);
      await this.#remove(tx, group, remove);
      return remove;
    });
  }

  /** `work` gives the names of those who are to leave. */
  async #change(
    name: string,
    request: CommitRequest,
    work: (tx: Transaction, group: Group) => Promise<readonly string[]>,
  ): Promise<ApplyResult> {
    const result = await this.#commit.run(request, async (tx) => {
      const record = await tx.groups.find(name);
      if (record === null) throw notFound('Group', name);
      const going = await work(tx, record);
      return { uid: record.uid, warnings: stayWarnings(await tx.groups.find(name), going) };
    });
    const outcome: ObjectResult = {
      kind: 'Group',
      name,
      uid: result.value.uid,
      action: result.changed ? 'configured' : 'unchanged',
    };
    const dryRun = request.dryRun === true;
    const answer = await applyResult(result, [outcome], { dryRun, connections: this.#connections });
    return withWarnings(answer, result.value.warnings);
  }

  async #add(tx: Transaction, group: Group, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const uids = await userUids(tx, names);
    const added = new Set(await tx.members.add(group.uid, [...uids.values()]));
    auditMembers(tx, group, { added: namesOf(uids, added), removed: [] });
  }

  async #remove(tx: Transaction, group: Group, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const uids = await userUids(tx, names);
    const removed = new Set(await tx.members.remove(group.uid, [...uids.values()]));
    auditMembers(tx, group, { added: [], removed: namesOf(uids, removed) });
  }
}

const mostWarnings = 20;

/** Who is to leave and does not, because another source puts them into the group. */
function stayWarnings(group: GroupRecord | null, going: readonly string[]): readonly string[] {
  const wanted = new Set(going);
  const warnings = (group?.given ?? []).flatMap(({ source, members }) =>
    members
      .filter((name) => wanted.has(name))
      .map((name) => `${name} stays in group ${group?.name ?? ''}: ${source} gives it`),
  );
  return warnings.slice(0, mostWarnings);
}

function groupOf(policy: PolicyView, name: string): Group {
  const group = policy.byName('Group', name);
  if (group === undefined) throw notFound('Group', name);
  return group;
}

const namesOf = (uids: ReadonlyMap<string, string>, changed: ReadonlySet<string>): string[] =>
  Array.from(uids)
    .filter(([, uid]) => changed.has(uid))
    .map(([name]) => name);

async function userUids(
  tx: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = await tx.names.find({ User: names });
  const missing = names.filter((name) => known.uid('User', name) === undefined);
  if (missing.length > 0) {
    throw notFound('User', missing.slice(0, 5).join(', '), {
      errors: missing.slice(0, 100).map((name) => ({ message: `there is no User ${name}` })),
    });
  }
  return new Map(names.map((name) => [name, known.uid('User', name) ?? '']));
}

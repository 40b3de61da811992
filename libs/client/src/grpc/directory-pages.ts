import type { api } from '@ambit/contracts/grpc';

/** A person as a source has them; `externalId` is what the source knows them by for ever. */
export interface SourceUser {
  readonly externalId: string;
  readonly userName: string;
  readonly displayName?: string;
  readonly emails?: readonly string[];
  readonly inactive?: boolean;
  /** What rules of teams can read, such as `{department: 'payments', oncall: true}`: all that there are. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** A group; its members are named by their external ids. */
export interface SourceGroup {
  readonly externalId: string;
  readonly displayName: string;
  readonly members: Iterable<string>;
}

/** All people and groups there are. Only arrays and Sets are sent a second time when central is busy: all else may be read up. */
export interface DirectorySource {
  readonly users: Iterable<SourceUser> | AsyncIterable<SourceUser>;
  readonly groups?: Iterable<SourceGroup> | AsyncIterable<SourceGroup>;
}

export interface SyncOptions {
  /** Everything is worked out and answered, nothing is stored. */
  readonly dryRun?: boolean;
  /** A source without any person, or without any group while some are known, is meant so. */
  readonly intentionallyEmpty?: boolean;
  readonly signal?: AbortSignal;
}

/** What is sent of a message: fields that are left out have their defaults. */
type Sent<T> = { readonly [Field in keyof T]?: T[Field] };
export type SyncStep =
  | { readonly begin: Sent<api.SyncBegin> }
  | { readonly page: SentPage }
  | { readonly commit: Sent<api.SyncCommit> };
interface SentPage {
  readonly users?: readonly Sent<api.SyncedUser>[];
  readonly groups?: readonly Sent<api.SyncedGroup>[];
  readonly joining?: readonly api.SyncedMembers[];
}

/** Characters of a page: in the longest encoding, and with what stands around them, below the 4 MiB of a message. */
const mostCharacters = 1024 * 1024;
const mostEntries = 1_000;

/** A full sync as messages: begin, pages that fit, and a commit that says how much there was. */
export async function* fullSync(
  { users, groups = [] }: DirectorySource,
  { dryRun = false, intentionallyEmpty = false }: SyncOptions,
): AsyncGenerator<SyncStep> {
  yield { begin: { mode: 'SYNC_MODE_FULL', dryRun } };
  const sent = { users: 0, groups: 0 };
  for await (const page of pagesOf(users, userWeight)) {
    sent.users += page.length;
    yield { page: { users: page.map(sentUser) } };
  }
  const named: Sent<api.SyncedGroup>[] = [];
  const parts = membersOf(groups, (group) => named.push(group));
  for await (const joining of pagesOf(parts, membersWeight)) {
    sent.groups += named.length;
    yield { page: { groups: named.splice(0), joining } };
  }
  yield { commit: { sent, intentionallyEmpty } };
}

const userWeight = (user: SourceUser): number => {
  const { externalId, userName, displayName = '', emails = [], attributes = {} } = user;
  const texts = [externalId, userName, displayName, ...emails];
  return texts.join('').length + JSON.stringify(attributes).length;
};

const sentUser = ({ attributes, ...user }: SourceUser): Sent<api.SyncedUser> => ({
  ...user,
  ...(attributes === undefined
    ? {}
    : {
        attributes: Object.entries(attributes).map(([name, value]) => sentAttribute(name, value)),
      }),
});

function sentAttribute(
  name: string,
  value: string | number | boolean | readonly string[],
): api.SyncedAttribute {
  if (typeof value === 'string') return { name, value: 'text', text: value };
  if (typeof value === 'number') return { name, value: 'number', number: value };
  if (typeof value === 'boolean') return { name, value: 'truth', truth: value };
  return { name, value: 'texts', texts: { values: value } };
}

const membersWeight = ({ group, users }: api.SyncedMembers): number =>
  group.length + users.reduce((sum, user) => sum + user.length + 4, 0);

const membersAtOnce = 1_000;

/** The members of each group in parts, so that a group of any size fits into pages; at least one part for each. */
async function* membersOf(
  groups: Iterable<SourceGroup> | AsyncIterable<SourceGroup>,
  named: (group: Sent<api.SyncedGroup>) => void,
): AsyncGenerator<api.SyncedMembers> {
  for await (const { externalId, displayName, members } of groups) {
    named({ externalId, displayName });
    let users: string[] = [];
    for (const member of members) {
      if (users.length === membersAtOnce) {
        yield { group: externalId, users };
        users = [];
      }
      users.push(member);
    }
    yield { group: externalId, users };
  }
}

async function* pagesOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  weightOf: (item: T) => number,
): AsyncGenerator<readonly T[]> {
  let page: T[] = [];
  let weight = 0;
  for await (const item of items) {
    const more = weightOf(item);
    if (page.length === mostEntries || (page.length > 0 && weight + more > mostCharacters)) {
      yield page;
      page = [];
      weight = 0;
    }
    page.push(item);
    weight += more;
  }
  if (page.length > 0) yield page;
}

/**
 * True for a source that gives the same when it is read a second time. Only what is held in memory surely does: an iterable may
 * be a stream that is read already, and an emptier second sync would take people away.
 */
export const isRepeatable = ({ users, groups = [] }: DirectorySource): boolean =>
  isHeld(users) && isHeld(groups) && [...groups].every(({ members }) => isHeld(members));

const isHeld = <T>(items: Iterable<T> | AsyncIterable<T>): items is readonly T[] | ReadonlySet<T> =>
  Array.isArray(items) || items instanceof Set;

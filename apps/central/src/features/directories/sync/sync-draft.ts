import { attributeLimits, UserAttributes } from '@ambit/contracts';
import type { AttributeValue, PersonAttributes } from '@ambit/domain';
import type { api } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import { textProblem } from '../directory-names.ts';
import { ownAttributes } from '../person-attributes.ts';
import type { SaidDirectory, SyncedPerson } from './said-directory.ts';

/** Most that one sync says: twice of what it is made for, and no more than fits beside everything else. */
export const syncLimits = {
  users: 100_000,
  groups: 20_000,
  memberships: 2_000_000,
  emails: 20,
  /** More than one page for each person and group. */
  pages: 150_000,
  /** Of all names, addresses and ids that are kept. */
  characters: 128 * 1024 * 1024,
};

const mostProblems = 100;

/** What a page says of a person, a group, or its members. */
export interface PageUser {
  readonly externalId: string;
  readonly userName: string;
  readonly displayName: string;
  readonly emails: readonly string[];
  readonly inactive: boolean;
  readonly attributes: readonly api.SyncedAttribute[];
}
export interface PageGroup {
  readonly externalId: string;
  readonly displayName: string;
  readonly members: readonly string[];
}
export interface PageMembers {
  readonly group: string;
  readonly users: readonly string[];
}
export interface DirectoryPageSaid {
  readonly users: readonly PageUser[];
  readonly groups: readonly PageGroup[];
  readonly joining: readonly PageMembers[];
  readonly leaving: readonly PageMembers[];
  readonly removedUsers: readonly string[];
  readonly removedGroups: readonly string[];
}

/** Gathers the pages of one sync. Nothing is done by them: whoever breaks off before `finish` has said nothing. */
export class SyncDraft {
  readonly #whole: boolean;
  readonly #users = new Map<string, SyncedPerson>();
  readonly #groups = new Map<string, string>();
  readonly #joining = new Map<string, Set<string>>();
  readonly #leaving = new Map<string, Set<string>>();
  readonly #removedUsers = new Set<string>();
  readonly #removedGroups = new Set<string>();
  /** One copy of each id, however often it is sent. */
  readonly #ids = new Map<string, string>();
  /** Groups that are sent, and those of which members are. */
  readonly #namedGroups = new Set<string>();
  #memberships = 0;
  #characters = 0;
  #pages = 0;

  constructor(whole: boolean) {
    this.#whole = whole;
  }

  /** Throws `invalid_request` that names each faulty field of the page. */
  add(page: DirectoryPageSaid): void {
    const problems = new PageProblems();
    if (this.#whole) refuseDeltas(page, problems);
    page.users.forEach((user, at) => this.#addUser(user, `/users/${at}`, problems));
    page.groups.forEach((group, at) => this.#addGroup(group, `/groups/${at}`, problems));
    for (const field of ['joining', 'leaving'] as const)
      page[field].forEach(({ group, users }, at) => {
        if (problems.text(`/${field}/${at}/group`, group, 'needed'))
          this.#addMembers(field, { group, users }, { at: `/${field}/${at}/users`, problems });
      });
    this.#addIds(this.#removedUsers, page.removedUsers, { at: '/removedUsers', problems });
    this.#addIds(this.#removedGroups, page.removedGroups, { at: '/removedGroups', problems });
    this.#pages++;
    this.#boundSize(problems);
    problems.refuse();
  }

  /** `sent`: how much the caller counted. Throws `invalid_request` when that is not what came, and for nobody at all. */
  finish({ sent, intentionallyEmpty }: SyncEnd): SaidDirectory {
    const came = { users: this.#users.size, groups: this.#groups.size };
    if (sent !== null && (sent.users !== came.users || sent.groups !== came.groups))
      throw lostPages(sent, came);
    if (this.#whole && came.users === 0 && !intentionallyEmpty)
      throw emptySync('person', 'everybody');
    return {
      whole: this.#whole,
      intentionallyEmpty,
      users: this.#users,
      groups: this.#groups,
      joining: this.#joining,
      leaving: this.#leaving,
      removedUsers: this.#removedUsers,
      removedGroups: this.#removedGroups,
    };
  }

  #addUser(user: PageUser, at: string, problems: PageProblems): void {
    const { externalId, userName, displayName, emails, inactive } = user;
    const own = ownOf(user, at, problems);
    const sound = [
      problems.text(`${at}/externalId`, externalId, 'needed'),
      problems.text(`${at}/userName`, userName, 'needed'),
      problems.text(`${at}/displayName`, displayName),
      ...emails.map((email, index) => problems.text(`${at}/emails/${index}`, email, 'needed')),
    ].every(Boolean);
    if (emails.length > syncLimits.emails)
      return problems.add(`${at}/emails`, `has more than ${syncLimits.emails} addresses.`);
    if (this.#users.has(externalId)) return problems.add(`${at}/externalId`, 'was sent before.');
    if (!sound || own === undefined) return;
    const id = this.#id(externalId);
    const attributes = {
      ...(displayName === '' ? {} : { displayName }),
      ...(emails.length === 0 ? {} : { emails: emails.map((value) => ({ value })) }),
      ...(Object.keys(own).length === 0 ? {} : { [ownAttributes]: own }),
    };
    this.#characters += JSON.stringify(own).length;
    for (const text of [userName, displayName, ...emails]) this.#characters += text.length;
    this.#users.set(id, { externalId: id, userName, active: !inactive, attributes });
  }

  #addGroup({ externalId, displayName, members }: PageGroup, at: string, to: PageProblems): void {
    const sound = [
      to.text(`${at}/externalId`, externalId, 'needed'),
      to.text(`${at}/displayName`, displayName, 'needed'),
    ].every(Boolean);
    if (this.#groups.has(externalId)) return to.add(`${at}/externalId`, 'was sent before.');
    if (!sound) return;
    this.#groups.set(this.#id(externalId), displayName);
    this.#characters += displayName.length;
    const sent = { group: externalId, users: members };
    this.#addMembers('joining', sent, { at: `${at}/members`, problems: to });
  }

  #addMembers(field: 'joining' | 'leaving', { group, users }: PageMembers, from: PageField): void {
    const to = field === 'joining' ? this.#joining : this.#leaving;
    const members = to.get(group) ?? new Set<string>();
    const id = this.#id(group);
    to.set(id, members);
    this.#namedGroups.add(id);
    const before = members.size;
    this.#addIds(members, users, from);
    this.#memberships += members.size - before;
  }

  /** An empty id is nobody's. */
  #addIds(to: Set<string>, ids: readonly string[], { at, problems }: PageField): void {
    for (const [index, id] of ids.entries())
      if (id !== '' && (this.#ids.has(id) || problems.text(`${at}/${index}`, id)))
        to.add(this.#id(id));
  }

  #boundSize(problems: PageProblems): void {
    const sizes = [
      ['users', this.#users.size + this.#removedUsers.size],
      ['groups', this.#namedGroups.size + this.#removedGroups.size],
      ['memberships', this.#memberships],
      ['characters', this.#characters],
      ['pages', this.#pages],
    ] as const;
    for (const [name, size] of sizes)
      if (size > syncLimits[name])
        problems.add(`/${name}`, `are more than ${syncLimits[name]} in one sync.`);
  }

  #id(text: string): string {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, text);
    this.#characters += text.length;
    return text;
  }
}

interface SyncEnd {
  readonly sent: { readonly users: number; readonly groups: number } | null;
  readonly intentionallyEmpty: boolean;
}

/** Where in a page ids are, and who is told what is wrong with them. */
interface PageField {
  readonly at: string;
  readonly problems: PageProblems;
}

/** What is wrong with a page, field by field. */
class PageProblems {
  readonly #items: ErrorItem[] = [];
  #all = 0;

  add(pointer: string, message: string): void {
    this.#all++;
    if (this.#items.length < mostProblems)
      this.#items.push({ pointer, message: `${pointer.split('/').at(-1) ?? ''} ${message}` });
  }

  /** False for a text that cannot be taken. */
  text(pointer: string, text: string, needed?: 'needed'): boolean {
    const problem = text === '' && needed ? 'is needed.' : textProblem(text);
    if (problem !== undefined) this.add(pointer, problem);
    return problem === undefined;
  }

  refuse(): void {
    if (this.#all === 0) return;
    throw new AppError(
      'invalid_request',
      `${this.#all} ${this.#all === 1 ? 'entry' : 'entries'} of the page cannot be taken; nothing was stored.`,
      { errors: this.#items },
    );
  }
}

/** What a directory says by names of its own; undefined when it cannot be taken. */
function ownOf(
  { attributes }: PageUser,
  at: string,
  problems: PageProblems,
): PersonAttributes | undefined {
  const { attributes: most } = attributeLimits;
  if (attributes.length > most) {
    problems.add(`${at}/attributes`, `has more than ${most} attributes.`);
    return undefined;
  }
  const found: Record<string, AttributeValue> = {};
  const sound = attributes.map((attribute, index) => {
    const pointer = `${at}/attributes/${index}`;
    const { name } = attribute;
    const parsed = UserAttributes.safeParse({ [name]: valueOf(attribute) });
    if (!parsed.success || Object.hasOwn(found, name)) {
      problems.add(
        pointer,
        parsed.success
          ? 'has a name that was sent before.'
          : (parsed.error.issues[0]?.message ?? ''),
      );
      return false;
    }
    Object.assign(found, parsed.data);
    return textsIn(parsed.data[name]).every((text) => problems.text(pointer, text));
  });
  return sound.every(Boolean) ? found : undefined;
}

function valueOf(attribute: api.SyncedAttribute): unknown {
  switch (attribute.value) {
    case 'text':
      return attribute.text;
    case 'number':
      return attribute.number;
    case 'truth':
      return attribute.truth;
    case 'texts':
      return attribute.texts.values;
    case undefined:
      return undefined;
  }
}

const textsIn = (value: unknown): string[] =>
  [value].flat().filter((text) => typeof text === 'string');

/** Who says all that there is has nothing to take away beside it. */
function refuseDeltas(page: DirectoryPageSaid, problems: PageProblems): void {
  for (const field of ['leaving', 'removedUsers', 'removedGroups'] as const)
    if (page[field].length > 0) problems.add(`/${field}`, 'is for a delta alone.');
}

function lostPages(sent: object, came: object): AppError {
  const counts = (of: object): string =>
    Object.entries(of)
      .map(([name, count]) => `${String(count)} ${name}`)
      .join(' and ');
  const message = `${counts(sent)} were sent, and ${counts(came)} came.`;
  return new AppError('invalid_request', message, {
    why: 'A page was lost on its way; nothing was stored.',
    errors: [{ pointer: '/commit/sent', message }],
  });
}

export const emptySync = (none: string, everything: string): AppError =>
  new AppError(
    'invalid_request',
    `A full sync without any ${none} would take ${everything} away.`,
    {
      hint: 'Look whether the source could be read. Set intentionally_empty when it is meant.',
      errors: [{ pointer: '/commit/intentionallyEmpty', message: 'is needed for that.' }],
    },
  );

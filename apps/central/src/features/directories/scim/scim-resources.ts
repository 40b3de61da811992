import { AppError } from '@ambit/kernel';
import type { DirectoryGroup, DirectoryUser } from '@ambit/persistence';
import type { DirectoryUseCases } from '../directory-use-cases.ts';
import { discovery, mostOfPage } from './scim-discovery.ts';
import { etagOf, groupAnswer, listAnswer, shownBy, userAnswer } from './scim-answer.ts';
import type { ScimAnswer, ScimCall } from './scim-call.ts';
import { badRequest } from './scim-error.ts';
import { directoryFilter } from './scim-filter.ts';
import { patchedGroup, wholeGroup } from './patch-group.ts';
import { patchedUser } from './patch-user.ts';
import { readResource } from './read-resource.ts';
import { groupShape, userShape } from './scim-schema.ts';
import type { SaidUser } from '../said-user.ts';
import { resourceOf, saidOf } from './user-resource.ts';
import type { ResourceShape } from './scim-schema.ts';

const shortestPage = 100;

/** Answers what SCIM asks for. */
export class ScimResources {
  readonly #directories: Pick<DirectoryUseCases, 'users' | 'groups'>;

  constructor(directories: Pick<DirectoryUseCases, 'users' | 'groups'>) {
    this.#directories = directories;
  }

  /** Throws what the use cases throw. */
  async answer(call: ScimCall): Promise<ScimAnswer> {
    const [type, id, ...more] = call.path;
    if (more.length > 0) throw nothingHere(call);
    if (type === 'Users') return id === undefined ? this.#users(call) : this.#user(call, id);
    if (type === 'Groups') return id === undefined ? this.#groups(call) : this.#group(call, id);
    const found = discovery(call.path, call.base);
    if (found === undefined) throw nothingHere(call);
    if (call.method !== 'GET') throw notAllowed(call, 'GET');
    return { status: 200, body: found };
  }

  async #users(call: ScimCall): Promise<ScimAnswer> {
    const { users } = this.#directories;
    if (call.method === 'POST')
      return this.#userAnswer(
        call,
        201,
        await users.create(call.caller, saidOf(readResource(await call.body(), userShape))),
      );
    if (call.method !== 'GET') throw notAllowed(call, 'GET, POST');
    const { startIndex, ...query } = pageOf(call, userShape);
    const where = { base: call.base, shown: shownBy(call.query, userShape) };
    const { total, items } = await users.list(call.caller.directory, query);
    const page = { total, items: items.map((user) => userAnswer(user, where)) };
    return { status: 200, body: listAnswer(page, startIndex) };
  }

  async #user(call: ScimCall, id: string): Promise<ScimAnswer> {
    const { users } = this.#directories;
    const { caller, ifMatch } = call;
    const edit = { id, ...(ifMatch === undefined ? {} : { ifMatch }) };
    if (call.method === 'GET')
      return unless304(call, this.#userAnswer(call, 200, await users.get(caller.directory, id)));
    if (call.method === 'DELETE') {
      await users.remove(caller, id, ifMatch);
      return { status: 204 };
    }
    if (call.method !== 'PUT' && call.method !== 'PATCH')
      throw notAllowed(call, 'GET, PUT, PATCH, DELETE');
    const body = await call.body();
    const whole = call.method === 'PUT' ? readResource(body, userShape) : undefined;
    const change = (before: SaidUser): SaidUser =>
      saidOf(whole ?? patchedUser(resourceOf(before), body));
    return this.#userAnswer(call, 200, await users.change(caller, { ...edit, change }));
  }

  async #groups(call: ScimCall): Promise<ScimAnswer> {
    const { groups } = this.#directories;
    if (call.method === 'POST') {
      const group = await groups.create(call.caller, wholeGroup(await call.body()));
      return this.#groupAnswer(call, 201, group);
    }
    if (call.method !== 'GET') throw notAllowed(call, 'GET, POST');
    const { startIndex, ...query } = pageOf(call, groupShape);
    const where = { base: call.base, shown: shownBy(call.query, groupShape) };
    const { total, items } = await groups.list(call.caller.directory, query);
    const members = where.shown.has('members')
      ? await groups.members(call.caller.directory, items)
      : undefined;
    const answers = items.map((group) =>
      groupAnswer(group, members && (members.get(group.uid) ?? []), where),
    );
    return { status: 200, body: listAnswer({ total, items: answers }, startIndex) };
  }

  async #group(call: ScimCall, id: string): Promise<ScimAnswer> {
    const { groups } = this.#directories;
    const { caller, ifMatch } = call;
    if (call.method === 'GET')
      return unless304(
        call,
        await this.#groupAnswer(call, 200, await groups.get(caller.directory, id)),
      );
    if (call.method === 'DELETE') {
      await groups.remove(caller, id, ifMatch);
      return { status: 204 };
    }
    if (call.method !== 'PUT' && call.method !== 'PATCH')
      throw notAllowed(call, 'GET, PUT, PATCH, DELETE');
    const body = await call.body();
    const edit = call.method === 'PUT' ? wholeGroup(body) : patchedGroup(body);
    const which = { id, ...(ifMatch === undefined ? {} : { ifMatch }) };
    const group = await groups.change(caller, which, edit);
    // Ten thousand members are not sent back for one that joined.
    if (call.method === 'PATCH') return { status: 204, headers: { etag: etagOf(group) } };
    return this.#groupAnswer(call, 200, group);
  }

  #userAnswer(call: ScimCall, status: number, user: DirectoryUser): ScimAnswer {
    const where = { base: call.base, shown: shownBy(call.query, userShape) };
    return answerOf(status, user, `${call.base}/Users/${user.uid}`, userAnswer(user, where));
  }

  async #groupAnswer(call: ScimCall, status: number, group: DirectoryGroup): Promise<ScimAnswer> {
    const where = { base: call.base, shown: shownBy(call.query, groupShape) };
    const members = where.shown.has('members')
      ? await this.#directories.groups.members(call.caller.directory, [group])
      : undefined;
    const body = groupAnswer(group, members && (members.get(group.uid) ?? []), where);
    return answerOf(status, group, `${call.base}/Groups/${group.uid}`, body);
  }
}

const answerOf = (
  status: number,
  object: { readonly version: number },
  location: string,
  body: object,
): ScimAnswer => ({ status, body, headers: { location, etag: etagOf(object) } });

/** Not again what the caller has. */
function unless304({ ifNoneMatch = '' }: ScimCall, answer: ScimAnswer): ScimAnswer {
  const { etag = '' } = answer.headers ?? {};
  const known = ifNoneMatch.split(',').map((tag) => tag.trim());
  return known.includes(etag) ? { status: 304, headers: { etag } } : answer;
}

function pageOf(
  { query }: ScimCall,
  shape: ResourceShape,
): {
  readonly startIndex: number;
  readonly skip: number;
  readonly limit: number;
  readonly filter?: ReturnType<typeof directoryFilter>;
} {
  const startIndex = Math.max(1, numberIn(query, 'startIndex') ?? 1);
  const limit = Math.min(mostOfPage, Math.max(0, numberIn(query, 'count') ?? shortestPage));
  const filter = query.get('filter') ?? '';
  return {
    startIndex,
    skip: startIndex - 1,
    limit,
    ...(filter === '' ? {} : { filter: directoryFilter(filter, shape) }),
  };
}

function numberIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw badRequest('invalidValue', `${name} has to be a whole number.`);
}

const nothingHere = ({ path }: ScimCall): AppError =>
  new AppError('route_not_found', `There is no /${path.join('/').slice(0, 100)} here.`, {
    hint: 'Users, Groups, ServiceProviderConfig, ResourceTypes and Schemas are what there is.',
  });

const notAllowed = ({ path, method }: ScimCall, allow: string): AppError =>
  new AppError('method_not_allowed', `/${path[0] ?? ''} does not take ${method}.`, {
    hint: `It takes ${allow}.`,
  });

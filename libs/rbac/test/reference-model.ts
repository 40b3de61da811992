import {
  covers,
  selectorMatches,
  shardSubjects,
  type BindingIntent,
  type DesiredObject,
  type RoleIntent,
} from '../src/index.ts';
import { parseIdentity } from '../src/naming/object-identity.ts';
import { digests } from './digests.ts';
import type { World } from './worlds.ts';

/**
 * What should stand in a cluster, said again in the plainest way: for every namespace and every intent, each rule of
 * the design by itself. No index, no sharing, no order of events.
 */
export function referenceModel(world: World): Map<string, unknown> {
  const intents = [...world.intents.values()];
  const roles = intents.filter((intent): intent is RoleIntent => intent.section === 'ROLE');
  const bindings = intents.filter(
    (intent): intent is BindingIntent => intent.section === 'BINDING',
  );
  const placed = bindings.flatMap((intent) => placesOf(intent, world, roles));
  const wanted = new Map<string, unknown>();
  for (const one of roles.filter((candidate) => roleAllowed(candidate, world))) {
    wanted.set(`role ${one.uid}`, JSON.stringify(one.rules.length));
  }
  for (const place of new Set(placed.map((one) => one.place))) {
    const here = placed.filter((one) => one.place === place);
    const ends = here.flatMap(({ end }) => end ?? []);
    wanted.set(place, {
      shards: shardSubjects(
        here.flatMap(({ subjects }) => subjects),
        digests,
      ),
      end: ends.length === 0 ? undefined : Math.min(...ends),
      held: here[0]?.held,
    });
  }
  return wanted;
}

interface Placed {
  readonly place: string;
  readonly subjects: readonly string[];
  readonly end: number | undefined;
  readonly held: boolean;
}

function placesOf(intent: BindingIntent, world: World, roles: readonly RoleIntent[]): Placed[] {
  const bound = boundRole(intent, world, roles);
  const subjects = intent.subjects.filter((subject) => subjectAllowed(subject, intent, world));
  if (bound === undefined || subjects.length === 0 || !inForce(intent, world)) return [];
  const timed = intent.grantUid !== undefined || intent.notAfter !== undefined;
  const uid = timed ? (intent.grantUid ?? intent.key) : '';
  const kinds = { Users: [], Groups: ['groups'], ServiceAccounts: ['accounts'] };
  const kind = [timed ? 'timed' : 'standing', ...kinds[intent.subjectKind]].join('-');
  return reached(intent, world).map((namespace) => ({
    place: [namespace, bound, kind, uid].join(' | '),
    subjects,
    end: intent.notAfter,
    held: world.namespaces.get(namespace)?.phase === 'Terminating',
  }));
}

/** The same facts read off objects. */
export function factsOf(objects: Iterable<DesiredObject>): Map<string, unknown> {
  const facts = new Map<string, unknown>();
  for (const { body, identity, notAfter, createHeld } of objects) {
    const known = parseIdentity(identity);
    if (known === undefined) throw new Error(`unreadable identity ${identity}`);
    if (!('roleRef' in body)) {
      facts.set(`role ${known.uid}`, JSON.stringify(body.rules?.length));
      continue;
    }
    const uid = /-([a-z2-7]{12})$/.exec(body.roleRef.name) === null ? body.roleRef.name : 'ours';
    const roleName = uid === 'ours' ? body.roleRef.name.slice('ambit-role-'.length, -13) : uid;
    const place = [known.namespace, roleName, known.class, known.uid].join(' | ');
    const shard = {
      shard: known.shard,
      subjects: body.subjects?.map(({ name }) => name),
    };
    const before = facts.get(place) as { shards: unknown[] } | undefined;
    const shards = [...(before?.shards ?? []), shard];
    facts.set(place, { shards, end: notAfter, held: createHeld });
  }
  return facts;
}

function inForce({ notBefore, notAfter }: BindingIntent, { clock }: World): boolean {
  const begun = notBefore === undefined || clock.low >= notBefore;
  return begun && (notAfter === undefined || clock.high < notAfter);
}

function roleAllowed(intent: RoleIntent, { ceiling }: World): boolean {
  if (ceiling.customRoles.rules.length === 0) return false;
  const verbs = intent.rules.flatMap((rule) => rule.verbs);
  return !verbs.includes('bind') && covers(ceiling.customRoles.rules, intent.rules).covered;
}

function boundRole(
  { role }: BindingIntent,
  world: World,
  roles: readonly RoleIntent[],
): string | undefined {
  if (role.type === 'ours') {
    const intent = roles.find(({ uid }) => uid === role.roleUid);
    return intent !== undefined && roleAllowed(intent, world) ? role.roleUid : undefined;
  }
  const there = world.existingRoles?.includes(role.clusterRole) ?? true;
  const allowed = world.ceiling.allowedClusterRoles.includes(role.clusterRole);
  return there && allowed ? role.clusterRole : undefined;
}

function subjectAllowed(
  subject: string,
  { key, subjectKind }: BindingIntent,
  world: World,
): boolean {
  const denied = [...world.intents.values()].some(
    (intent) => intent.section === 'DENY' && intent.subject === subject,
  );
  const masked = world.masks.some(
    (mask) =>
      (mask.key === '' || mask.key === key) && (mask.subject === '' || mask.subject === subject),
  );
  if (subjectKind === 'ServiceAccounts') {
    const wanted = world.ceiling.credentials.includes('ServiceAccountToken');
    return !denied && !masked && wanted && /-[a-z2-7]{16}$/.test(subject);
  }
  const prefixed = world.ceiling.subjectPrefixes.some((prefix) => subject.startsWith(prefix));
  return !denied && !masked && prefixed && !subject.startsWith('system:');
}

function reached({ scope }: BindingIntent, world: World): string[] {
  if (scope.type === 'clusterWide') return world.ceiling.clusterScope ? [''] : [];
  return [...world.namespaces.values()]
    .filter(({ name }) => !world.ceiling.protectedNamespaces.includes(name))
    .filter(({ name, labels }) =>
      scope.type === 'namespaces'
        ? scope.names.includes(name)
        : selectorMatches(scope.selector, labels),
    )
    .map(({ name }) => name);
}

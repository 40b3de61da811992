import {
  apiVersion,
  GrantName,
  GroupName,
  RoleName,
  RoleSpecWrite,
  UserName,
  type CeilingReport,
  type UnmanagedBindingItem,
  type UnmanagedBindingSubject,
} from '@ambit/contracts';
import { FreeNames } from './free-names.ts';
import { ceilingNotes } from './ceiling-notes.ts';
import { sameGrant, sameSpec } from './same-policy.ts';

/** A role or a grant that there is already. */
export interface ExistingObject {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** What a proposal is made from. */
export interface ImportSource {
  readonly cluster: string;
  readonly userPrefix: string;
  /** Absent while the agent never told it. */
  readonly ceiling?: CeilingReport;
  readonly bindings: readonly UnmanagedBindingItem[];
  readonly roles: readonly ExistingObject[];
  readonly grants: readonly ExistingObject[];
}

export interface ProposedObject {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'User' | 'Group' | 'Role' | 'Grant';
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown>;
}

/** Objects in the order in which they refer to each other, and what cannot be said by objects, one sentence each. */
export interface Proposal {
  readonly objects: readonly ProposedObject[];
  readonly notes: readonly string[];
  /** By `user/NAME` and `group/NAME`: how the bindings name those whom the cluster does not know under our prefix. */
  readonly foreignNames: ReadonlyMap<string, string>;
}

interface Subject {
  readonly kind: 'user' | 'group';
  readonly name: string;
}
interface Wanted {
  readonly binding: UnmanagedBindingItem;
  readonly role: string;
  readonly subjects: readonly Subject[];
  readonly namespaces: string[];
}

const mostNamespaces = 500;

/** Policy that gives by our grants what bindings of others give now, as far as the policy can say it. Changes nothing. */
export function proposePolicy(source: ImportSource): Proposal {
  return new Proposer(source).propose();
}

class Proposer {
  readonly #source: ImportSource;
  readonly #notes: string[] = [];
  readonly #objects: Record<ProposedObject['kind'], ProposedObject[]> = {
    User: [],
    Group: [],
    Role: [],
    Grant: [],
  };
  readonly #subjects = new Map<string, Subject>();
  readonly #roles = new Map<string, string | undefined>();
  readonly #names: {
    readonly user: FreeNames;
    readonly group: FreeNames;
    readonly role: FreeNames;
  };

  constructor(source: ImportSource) {
    this.#source = source;
    this.#names = {
      user: new FreeNames(UserName),
      group: new FreeNames(GroupName),
      role: new FreeNames(RoleName, source.roles.map(nameOf)),
    };
  }

  propose(): Proposal {
    const bindings = this.#source.bindings.filter(({ system }) => !system);
    const subjects = bindings.flatMap((binding) => binding.subjects);
    // Names under our prefix are ours: whoever has the same without it is somebody else until people say otherwise.
    for (const rank of [0, 1, 2])
      for (const subject of subjects) if (this.#rank(subject) === rank) this.#know(subject);
    const wanted = bindings.flatMap((binding) => this.#wanted(binding));
    this.#grant(merged(wanted));
    const { User, Group, Role, Grant } = this.#objects;
    const objects = [...User, ...Group, ...Role, ...Grant];
    const notes = [...this.#notes, ...ceilingNotes(this.#source.ceiling, objects)];
    return { objects, notes, foreignNames: this.#foreignNames() };
  }

  #foreignNames(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, { kind, name }] of this.#subjects) {
      const bound = key.slice(key.indexOf('/') + 1);
      if (!bound.startsWith(this.#source.userPrefix)) found.set(`${kind}/${name}`, bound);
    }
    return found;
  }

  /** A name that stays as it is goes before one that has to be changed to it. */
  #rank({ kind, name }: UnmanagedBindingSubject): number {
    if (name.startsWith(this.#source.userPrefix)) return 0;
    return (kind === 'User' ? UserName : GroupName).safeParse(name).success ? 1 : 2;
  }

  /** The user or group that a subject becomes, made when it is seen for the first time. */
  #know({ kind, name }: UnmanagedBindingSubject): void {
    const key = `${kind}/${name}`;
    if (this.#subjects.has(key) || kind === 'ServiceAccount' || name.startsWith('system:')) return;
    const { userPrefix } = this.#source;
    const plain = name.startsWith(userPrefix) ? name.slice(userPrefix.length) : name;
    if (kind === 'Group') this.#subjects.set(key, this.#group(name, plain.replace(/^group:/, '')));
    else if (!plain.startsWith('service:')) this.#subjects.set(key, this.#user(name, plain));
  }

  #user(subject: string, word: string): Subject {
    const name = this.#names.user.take(word);
    this.#tellChanged(`User "${subject}"`, word, `user/${name}`);
    this.#add('User', name, {});
    return { kind: 'user', name };
  }

  #group(subject: string, word: string): Subject {
    const name = this.#names.group.take(word);
    this.#tellChanged(`Group "${subject}"`, word, `group/${name}`);
    this.#add('Group', name, { members: [] });
    this.#notes.push(
      `Who is in group "${subject}" no cluster knows: name the members of group/${name}, or a directory that does.`,
    );
    return { kind: 'group', name };
  }

  #tellChanged(subject: string, word: string, ours: string): void {
    if (ours.endsWith(`/${word}`)) return;
    this.#notes.push(`${subject} becomes ${ours}: check that nobody else has that name.`);
  }

  #wanted(binding: UnmanagedBindingItem): Wanted[] {
    const object = textOf(binding);
    const { namespace, role, moreSubjects = 0 } = binding;
    const { ceiling } = this.#source;
    const left = (why: string): never[] => {
      this.#notes.push(`${object} is left out: ${why}.`);
      return [];
    };
    if (!role.exists) return left(`it gives nothing, there is no ${role.kind} ${role.name}`);
    if (namespace !== undefined && ceiling?.protectedNamespaces.includes(namespace) === true) {
      return left(`the ceiling of the cluster protects namespace ${namespace}`);
    }
    const subjects = this.#subjectsOf(binding, object);
    if (subjects.length === 0) return [];
    const name = this.#roleOf(binding, left);
    if (name === undefined) return [];
    if (moreSubjects > 0) {
      this.#notes.push(
        `${object} has ${moreSubjects} more subjects, which the agent did not tell.`,
      );
    }
    return [
      { binding, role: name, subjects, namespaces: namespace === undefined ? [] : [namespace] },
    ];
  }

  #subjectsOf(binding: UnmanagedBindingItem, object: string): Subject[] {
    const found: Subject[] = [];
    for (const subject of binding.subjects) {
      const ours = this.#subjects.get(`${subject.kind}/${subject.name}`);
      if (ours !== undefined) found.push(ours);
      else this.#notes.push(`${object}: ${whyNot(subject, binding)}.`);
    }
    const byText = new Map(found.map((each) => [`${each.kind}/${each.name}`, each]));
    return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }

  /** The name of the role that gives the same; undefined when there is none. */
  #roleOf(binding: UnmanagedBindingItem, left: (why: string) => never[]): string | undefined {
    const { role, namespace } = binding;
    const key = `${role.kind}/${role.kind === 'Role' ? `${namespace}/` : ''}${role.name}`;
    if (!this.#roles.has(key)) this.#roles.set(key, this.#makeRole(binding));
    const name = this.#roles.get(key);
    if (name === undefined) left(`the policy cannot say what ${key} gives`);
    return name;
  }

  #makeRole({ role, namespace }: UnmanagedBindingItem): string | undefined {
    const spec = role.kind === 'ClusterRole' ? { clusterRole: role.name } : { rules: role.rules };
    // Of Roles that say the same in several namespaces one is enough, now and when this is asked again.
    const known = [...this.#source.roles, ...this.#objects.Role];
    const same = known.find((each) => sameSpec(each.spec, spec));
    if (same !== undefined) return same.metadata.name;
    const checked = RoleSpecWrite.safeParse(spec);
    if (!checked.success) {
      const why = checked.error.issues[0]?.message ?? 'its rules were not told';
      const why_ =
        role.kind === 'Role' && role.rules === undefined ? 'its rules were not told' : why;
      this.#notes.push(`${role.kind} ${namespace ?? ''}/${role.name} cannot be a role: ${why_}.`);
      return undefined;
    }
    const wanted = role.kind === 'ClusterRole' ? role.name : `${namespace}-${role.name}`;
    const name = this.#names.role.take(wanted);
    this.#add('Role', name, checked.data);
    return name;
  }

  #grant(all: readonly Wanted[]): void {
    const { cluster, grants } = this.#source;
    const existing = new Map(grants.map((each) => [each.metadata.name, each.spec]));
    const names = new FreeNames(GrantName);
    for (const { binding, role, subjects, namespaces } of all) {
      const spec = {
        subjects: subjects.map(({ kind, name }) => ({ [kind]: name })),
        role,
        scope: {
          clusters: { names: [cluster] },
          ...(namespaces.length === 0
            ? { clusterWide: true }
            : { namespaces: { names: namespaces } }),
        },
      };
      let name = names.take(`${cluster}-${binding.name}`);
      while (existing.has(name) && !sameGrant(existing.get(name), spec)) name = names.take(name);
      if (existing.has(name))
        this.#notes.push(`grant/${name} is there already, and gives the same.`);
      else
        this.#add('Grant', name, {
          ...spec,
          reason: `imported from ${textOf(binding)}`.slice(0, 1_024),
        });
    }
  }

  #add(kind: ProposedObject['kind'], name: string, spec: Record<string, unknown>): void {
    this.#objects[kind].push({ apiVersion, kind, metadata: { name }, spec });
  }
}

const nameOf = ({ metadata }: ExistingObject): string => metadata.name;

const textOf = ({ kind, namespace, name }: UnmanagedBindingItem): string =>
  namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;

function whyNot(
  { kind, namespace, name }: UnmanagedBindingSubject,
  binding: UnmanagedBindingItem,
): string {
  if (kind === 'ServiceAccount') {
    return `serviceaccount ${namespace ?? binding.namespace ?? ''}/${name} belongs to the cluster and stays bound there`;
  }
  if (name.startsWith('system:')) return `${kind} ${name} belongs to Kubernetes`;
  return `${kind} ${name} is a service identity: grant it by hand`;
}

/** Bindings of one role to the same subjects in several namespaces as one, and no more namespaces in it than a grant takes. */
function merged(all: readonly Wanted[]): Wanted[] {
  const found: Wanted[] = [];
  const open = new Map<string, Wanted>();
  for (const each of all) {
    const whole = each.namespaces.length === 0;
    const key = JSON.stringify([whole, each.role, each.subjects]);
    const known = open.get(key);
    if (known === undefined || known.namespaces.length === mostNamespaces) {
      open.set(key, each);
      found.push(each);
      continue;
    }
    for (const namespace of each.namespaces)
      if (!known.namespaces.includes(namespace)) known.namespaces.push(namespace);
  }
  for (const { namespaces } of found) namespaces.sort();
  return found;
}

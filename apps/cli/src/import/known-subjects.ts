import type { Group, User } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import type { Proposal, ProposedObject } from './propose-policy.ts';

/** A user or a group that there is already, by `user/NAME` or `group/NAME`. */
export type KnownSubjects = ReadonlyMap<string, User | Group>;

type Grant = ProposedObject & {
  readonly spec: { readonly subjects: readonly Readonly<Record<string, string>>[] };
};

const isGrant = (object: ProposedObject): object is Grant => object.kind === 'Grant';
const keyOf = ({ kind, metadata }: ProposedObject): string =>
  `${kind.toLowerCase()}/${metadata.name}`;

/**
 * The proposal beside the users and groups that there are. They stay as they are, since applying a bare one would take away
 * what they say. Who is not active gets nothing. Of a name that may be somebody else's it is said whose it is here, and in
 * which grants it stands.
 */
export function besideKnown(proposal: Proposal, known: KnownSubjects): Proposal {
  const gone = new Set([...known].flatMap(([key, subject]) => (isInactive(subject) ? [key] : [])));
  const objects = proposal.objects
    .filter((object) => !known.has(keyOf(object)))
    .flatMap((object) => (isGrant(object) ? withoutSubjects(object, gone) : [object]));
  const grants = objects.filter(isGrant);
  const notes = [...known].flatMap(([key, subject]) =>
    notesOf(key, subject, { grants, boundAs: proposal.foreignNames.get(key) }),
  );
  const needed = objects.filter((object) => object.kind !== 'Role' || isNamed(object, grants));
  return { ...proposal, objects: needed, notes: [...notes, ...proposal.notes] };
}

const isInactive = (subject: User | Group): boolean =>
  subject.kind === 'User' && !subject.spec.active;

const isNamed = ({ metadata: { name } }: ProposedObject, grants: readonly Grant[]): boolean =>
  grants.some(({ spec }) => (spec as Record<string, unknown>)['role'] === name);

/** None when nobody is left. */
function withoutSubjects(grant: Grant, gone: ReadonlySet<string>): ProposedObject[] {
  const subjects = grant.spec.subjects.filter(
    (subject) => !Object.entries(subject).some(([kind, name]) => gone.has(`${kind}/${name}`)),
  );
  return subjects.length === 0 ? [] : [{ ...grant, spec: { ...grant.spec, subjects } }];
}

function notesOf(
  key: string,
  subject: User | Group,
  { grants, boundAs }: { readonly grants: readonly Grant[]; readonly boundAs: string | undefined },
): string[] {
  if (isInactive(subject)) return [`${key} is there already and is not active: it is left out.`];
  // Under our prefix nobody else can be meant.
  if (boundAs === undefined) return [];
  const named = grants
    .filter(({ spec }) =>
      spec.subjects.some((each) =>
        Object.entries(each).some(([kind, name]) => `${kind}/${name}` === key),
      ),
    )
    .map(({ metadata }) => `grant/${metadata.name}`);
  if (named.length === 0) return [];
  const kind = subject.kind === 'User' ? 'person' : 'group';
  return [
    `${key} is there already (${whoItIs(subject)}), and bound in the cluster as "${boundAs}": if that is not the same ${kind}, take it out of ${named.join(', ')}.`,
  ];
}

function whoItIs(subject: User | Group): string {
  const { displayName } = subject.spec;
  const said = displayName === undefined ? [] : [displayName];
  if (subject.kind === 'Group')
    return [...said, counted(subject.status.memberCount, 'member')].join(', ');
  const { groups } = subject.status;
  const isIn = groups.length === 0 ? 'in no group' : `in ${groups.slice(0, 3).join(', ')}`;
  return [...said, isIn].join(', ');
}

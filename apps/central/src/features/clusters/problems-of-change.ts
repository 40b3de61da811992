import type { IntentProblem } from '@ambit/contracts';
import type { PolicyView } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { Intent, IntentScope } from '@ambit/rbac';
import type { RevisionTouch, TakenAccess } from '../desired-state/public.ts';

type Policy = Pick<PolicyView, 'entry'>;

/** Where a change was made, and what is remembered of it. */
export interface Change {
  readonly clusterUid: string;
  readonly policy: Policy;
  /** Undefined when the change is not remembered: then every problem may be its own. */
  readonly touch: RevisionTouch | null | undefined;
  readonly now: Millis;
}

/** Those of the problems of a cluster that keep what a revision changed from being in force. */
export function problemsOfChange(
  problems: readonly IntentProblem[],
  change: Change,
): readonly IntentProblem[] {
  const { clusterUid, policy, touch, now } = change;
  if (touch === null) return [];
  const entry = (key: string): Intent | undefined => policy.entry(clusterUid, key);
  const roles = touch === undefined ? new Set<string>() : rolesBehind(touch, entry);
  return problems.filter((problem) => {
    const intent = entry(entryKeyOf(problem.key));
    if (isAhead(problem, intent, now)) return false;
    return touch === undefined || concerns(problem, { touch, roles, intent });
  });
}

/** A grant that has not begun is not in force and is not wrong. */
export function isAhead(
  { reason }: Pick<IntentProblem, 'reason'>,
  intent: Intent | undefined,
  now: Millis,
): boolean {
  if (reason !== 'not_yet_active' || intent?.section !== 'BINDING') return false;
  return (intent.notBefore ?? 0) > now;
}

/** The key of the entry a problem is about: a removal that is held stands under its key with marks behind it. */
export function entryKeyOf(key: string): string {
  return key.replace(/\++$/, '');
}

function concerns(
  problem: IntentProblem,
  {
    touch,
    roles,
    intent,
  }: { touch: RevisionTouch; roles: ReadonlySet<string>; intent: Intent | undefined },
): boolean {
  const key = entryKeyOf(problem.key);
  if (touch.keys.has(key) || roles.has(key)) return true;
  const role = roleKeyOf(intent);
  return (role !== undefined && touch.keys.has(role)) || concernsPeople(problem, touch);
}

/** The revision left the entry alone, or there is none; it is the people that tell. */
function concernsPeople(problem: IntentProblem, { people, taken }: RevisionTouch): boolean {
  const leftOver = isLeftOver(problem);
  if (people === undefined || taken === undefined) return leftOver;
  if (mayBeOfPerson(problem, people)) return true;
  return leftOver && taken.some((each) => isOf(problem, each));
}

/** Access that nobody wants any more and that stands, in an object that no entry asks for. */
function isLeftOver({ key, effect }: IntentProblem): boolean {
  return effect === 'excess' || (effect === undefined && key.startsWith('OBJECT/'));
}

/** A lock is no edit of the entries that it narrows, so what stands against it is known by the person alone. */
function mayBeOfPerson(problem: IntentProblem, people: readonly string[]): boolean {
  const untold = problem.subjects === undefined;
  if (untold && (problem.effect === 'lacks' || !ofWrites.has(problem.reason))) return false;
  return names(problem, people);
}

/** Reasons that come of writing an object, whoever stands in it. */
const ofWrites: ReadonlySet<IntentProblem['reason']> = new Set([
  'kubernetes_refused',
  'foreign_object',
  'retrying',
  'contended',
  'held',
]);

function isOf(problem: IntentProblem, { subjects, scope }: TakenAccess): boolean {
  return mayLieIn(scope, problem.namespace) && names(problem, subjects);
}

/** An agent that does not say whose access it is may mean any of them. */
function names(
  { subjects = [], moreSubjects = 0 }: IntentProblem,
  people: readonly string[],
): boolean {
  if (people.length === 0) return false;
  if (subjects.length === 0 || moreSubjects > 0) return true;
  const told = new Set(subjects);
  return people.some((person) => told.has(person));
}

function mayLieIn(scope: IntentScope | undefined, namespace: string | undefined): boolean {
  if (scope === undefined) return true;
  if (scope.type === 'clusterWide') return namespace === undefined;
  if (namespace === undefined) return true;
  return scope.type === 'selector' || scope.names.includes(namespace);
}

/** Roles of ours that the touched bindings refer to: what hinders the role hinders them. */
function rolesBehind(
  { keys, taken }: RevisionTouch,
  entry: (key: string) => Intent | undefined,
): ReadonlySet<string> {
  // A revision too large to be compared is too large to be looked through at each answer.
  if (taken === undefined) return new Set();
  return new Set(
    Array.from(keys, (key) => roleKeyOf(entry(key))).filter((key) => key !== undefined),
  );
}

function roleKeyOf(intent: Intent | undefined): string | undefined {
  if (intent?.section !== 'BINDING' || intent.role.type !== 'ours') return undefined;
  return `ROLE/${intent.role.roleUid}`;
}

import { nextStepOf } from '@ambit/contracts';
import type { Grant, IntentProblem } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import { matchEvaluated } from './condition-of-grant.ts';
import type { GrantStanding, Hindrance } from './grants-in-force.ts';

type Status = Grant['status'];
type Condition = Status['conditions'][number];

/** Most places that a condition names. */
const mostPlaces = 5;

/** The hours of a grant, in words, and until when they go on or when they are next: neither when they never are again. */
export interface HoursTold {
  readonly text: string;
  readonly until?: string;
  readonly next?: string;
}

/** Whether a grant is in force where it reaches, and each reason why not. */
export function grantConditions(
  state: Status['state'],
  standing: GrantStanding,
  hours?: HoursTold,
): Pick<Status, 'clusters' | 'conditions'> {
  const { reached, waiting, hindrances, condition } = standing;
  const hindered = new Set(hindrances.filter(isHindered).map(({ cluster }) => cluster));
  const late = waiting.filter((name) => !hindered.has(name));
  const clusters = {
    reached,
    inForce: Math.max(0, reached - hindered.size - late.length),
    waiting: late.length,
    hindered: hindered.size,
  };
  const conditions = [
    inForce(state, clusters, { hindrances, late }),
    ...(hours === undefined || state === 'Ended' ? [] : [withinHours(state, hours)]),
    ...reasonsOf(hindrances),
    ...(condition === undefined ? [] : [matchEvaluated(condition)]),
  ];
  return state === 'Active' ? { clusters, conditions } : { conditions };
}

/** Access that others have in excess takes nothing from those whom the grant names. */
function isHindered({ problem }: Hindrance): boolean {
  return problem.effect !== 'excess';
}

function withinHours(state: Status['state'], { text, until, next }: HoursTold): Condition {
  const type = 'WithinHours';
  if (state === 'Active') {
    const message = until === undefined ? text : `${text}; until ${until}`;
    return { type, status: 'True', reason: 'Open', message };
  }
  const again = next === undefined ? 'never again before its end' : `next from ${next}`;
  return { type, status: 'False', reason: 'OutsideHours', message: `${text}; ${again}` };
}

function inForce(
  state: Status['state'],
  { reached, inForce: good, waiting, hindered }: NonNullable<Status['clusters']>,
  {
    hindrances,
    late,
  }: { readonly hindrances: readonly Hindrance[]; readonly late: readonly string[] },
): Condition {
  const type = 'InForce';
  if (state !== 'Active') return { type, status: 'False', reason: state };
  if (reached === 0) {
    return { type, status: 'False', reason: 'NoCluster', message: 'it reaches no cluster' };
  }
  const clusters = counted(reached, 'cluster');
  if (hindered > 0) {
    const reasons = new Set(hindrances.filter(isHindered).map(({ problem }) => problem.reason));
    const [only] = reasons;
    const reason = reasons.size === 1 && only !== undefined ? conditionType(only) : 'Several';
    return { type, status: 'False', reason, message: `not in ${hindered} of ${clusters}` };
  }
  if (waiting > 0) {
    const message = `not known to be in ${listed(late)}: ${waiting} of ${clusters} did not apply it yet`;
    return { type, status: 'Unknown', reason: 'Waiting', message };
  }
  return { type, status: 'True', reason: 'Everywhere', message: `in ${good} of ${clusters}` };
}

/** One condition for each reason, with the places in which it holds. */
function reasonsOf(hindrances: readonly Hindrance[]): Condition[] {
  const byType = new Map<string, Hindrance[]>();
  for (const hindrance of hindrances) {
    const { reason, effect } = hindrance.problem;
    const type = effect === 'excess' ? 'Excess' : conditionType(reason);
    const held = byType.get(type);
    if (held === undefined) byType.set(type, [hindrance]);
    else held.push(hindrance);
  }
  return Array.from(byType, ([type, places]) => ({
    type,
    status: 'True' as const,
    reason: 'ReportedByAgent',
    message: messageOf(places),
  }));
}

function messageOf(places: readonly Hindrance[]): string {
  // Shards of a grant, and a role of ours with its bindings, say the same of the same place.
  const distinct = [...new Set(places.map(placeText))];
  const texts = distinct.slice(0, mostPlaces);
  const more = distinct.length - mostPlaces;
  if (more > 0) texts.push(`and in ${counted(more, 'more place')}`);
  const [first] = places;
  if (first !== undefined) texts.push(`next: ${nextStepOf(first.problem, first.cluster)}`);
  return texts.join('; ');
}

function placeText({ cluster, problem }: Hindrance): string {
  const { namespace, object, message, subjects = [], moreSubjects = 0 } = problem;
  const where = namespace === undefined ? cluster : `${cluster}/${namespace}`;
  const people = [...subjects, ...(moreSubjects > 0 ? [`${moreSubjects} more`] : [])];
  const what = object === undefined ? '' : ` (${object})`;
  const whose = people.length === 0 ? '' : ` [${people.join(', ')}]`;
  return `${where}${what}: ${message}${whose}`;
}

/** `CeilingRefused` of `ceiling_refused`. */
function conditionType(reason: IntentProblem['reason']): string {
  return reason.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

function listed(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

import type { AccessAnswer as CheckAnswer, AccessCheck } from '@ambit/contracts';
import {
  askedNamespace,
  canI,
  grantable,
  holderOfService,
  holderText,
  nameInCluster,
} from '@ambit/domain';
import type {
  AccessAnswer,
  AccessPath,
  AccessRefusal,
  PolicyCluster,
  PolicyView,
} from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { nodeDigests } from '@ambit/transport';
import { timestamp } from '../../platform/object-response.ts';
import { accessAdvice } from './access-advice.ts';
import type { Evidence } from './cluster-evidence.ts';
import type { AskedCondition, ConditionReads } from './condition-reads.ts';
import type { MembershipOrigins } from './membership-origins.ts';
import { unservedMessage } from './resolve-question.ts';
import type { Refused, ResolvedQuestion } from './resolve-question.ts';
import type { KnownUnmanaged } from './unmanaged-memory.ts';
import { unmanagedNotes, unmanagedWaysTo } from './unmanaged-ways.ts';
import { standingNotes, unwantedAccess } from './unwanted-access.ts';

export type AskedCheck = AccessCheck['checks'][number];
/** A cluster that is asked about, and what its agent told of it. */
export type Known = Evidence & {
  readonly uid: string;
  readonly cluster: PolicyCluster;
  /** What is not ours there; absent while its agent never told. */
  readonly others?: KnownUnmanaged;
};
/** Most ways, and most refusals, that an answer holds. */
export const mostShown = 16;

/** A question, by what its own cluster serves. */
export interface ResolvedCheck {
  readonly check: AskedCheck;
  readonly known: Known;
  readonly found: ResolvedQuestion | Refused;
}

/** What all questions of one request are answered by. */
export interface Answering {
  readonly policy: PolicyView;
  readonly now: Millis;
  /** False: no more than somebody needs who decides by it. */
  readonly details: boolean;
  readonly origins: MembershipOrigins;
  readonly reads: ConditionReads;
  /** Nobody is told what to do about what was. */
  readonly past: boolean;
}

type Resolved = ResolvedCheck & { readonly found: ResolvedQuestion };

/** Whether somebody may. The answer is the same alone and among others. */
export function answerCheck(asked: ResolvedCheck, answering: Answering): CheckAnswer {
  const { check, known, found } = asked;
  if ('ok' in found) return notServed(check, found);
  const resolved = { check, known, found };
  return answering.details ? detailedAnswer(resolved, answering) : briefAnswer(resolved, answering);
}

function detailedAnswer(
  { check, known, found }: Resolved,
  { policy, now, origins, reads, past }: Answering,
): CheckAnswer {
  const { question } = found;
  const { facts } = known;
  const user = holderOf(check);
  const answer = canI({ policy, facts, question, now, user });
  if (answer.allowed) {
    const uid = uidOf(policy, user);
    return allowedResponse(answer, found, (path) => origins.note(pathResponse(path), path, uid));
  }
  const noted = notedRefusals(answer, reads, {
    policy,
    userUid: uidOf(policy, user),
    cluster: known.cluster,
  });
  if (past) return refusedResponse(noted, found, {});
  const asked = { ...check, user: holderText(user), namespace: askedNamespace(question) };
  const advice = accessAdvice(answer.refusals, asked, grantable({ policy, facts, question }));
  const ways = unmanagedWaysTo(known.others, user, question, {
    policy,
    cluster: known.cluster,
    now,
  });
  const notes = [
    ...found.notes,
    ...notesOfStanding({ check, known, found }, policy),
    ...unmanagedNotes(ways),
  ];
  const no = refusedResponse(noted, { asked: found.asked, notes }, advice);
  return ways.length === 0 ? no : { ...no, unmanaged: ways };
}

function briefAnswer({ check, known, found }: Resolved, { policy, now }: Answering): CheckAnswer {
  const { question } = found;
  const { facts } = known;
  const user = holderOf(check);
  const answer = canI({ policy, facts, question, now, user, nearestOnly: true });
  if (answer.allowed) {
    return { allowed: true, paths: [], refusals: [], ...untilResponse(answer.until) };
  }
  const by = { policy, cluster: known.cluster, now };
  const ways = unmanagedWaysTo(known.others, user, question, by);
  const notes = [...notesOfStanding({ check, known, found }, policy), ...unmanagedNotes(ways)];
  const refusals = refusalsOf(answer.refusals.map(refusalResponse), found).slice(0, 1);
  return { allowed: false, paths: [], refusals, ...(notes.length === 0 ? {} : { notes }) };
}

/** Nobody granted it, and it may be there all the same. */
function notesOfStanding({ check, known, found }: Resolved, policy: PolicyView): string[] {
  const { unwanted, facts, cluster } = known;
  const standing = unwanted.length === 0 ? [] : unwantedAccess(unwanted, found.question, facts);
  return standing.length === 0
    ? []
    : standingNotes(standing, nameIn(cluster, holderOf(check), policy));
}

/** As the API server of the cluster names a person or program. */
function nameIn(cluster: PolicyCluster, holder: string, policy: PolicyView): string {
  const uid = policy.byName('User', holder)?.uid ?? '';
  return nameInCluster(cluster, { kind: 'user', uid, name: holder }, nodeDigests);
}

/** The name of whom is asked about, as the policy has it. */
export const holderOf = ({ user, service }: Pick<AskedCheck, 'user' | 'service'>): string =>
  service === undefined ? (user ?? '') : holderOfService(service);

function notServed(check: AskedCheck, refused: Refused): CheckAnswer {
  const message = unservedMessage(check, refused);
  return {
    allowed: false,
    paths: [],
    refusals: [{ reason: 'resource_not_served', message }],
    notes: [],
  };
}

type Understood = Pick<ResolvedQuestion, 'asked' | 'notes'>;

function allowedResponse(
  { paths, until }: Extract<AccessAnswer, { allowed: true }>,
  { asked, notes }: Understood,
  told: (path: AccessPath) => CheckAnswer['paths'][number],
): CheckAnswer {
  const shown = paths.slice(0, mostShown).map(told);
  const understood = { asked, notes: [...notes] };
  return { allowed: true, paths: shown, refusals: [], ...understood, ...untilResponse(until) };
}

type Refusals = CheckAnswer['refusals'];

const uidOf = (policy: PolicyView, user: string): string => policy.byName('User', user)?.uid ?? '';

const notedRefusals = (
  { refusals }: Extract<AccessAnswer, { allowed: false }>,
  reads: ConditionReads,
  asked: AskedCondition,
): Refusals => refusals.map((refusal) => reads.note(refusalResponse(refusal), refusal, asked));

function refusedResponse(
  told: Refusals,
  { asked, notes }: Understood,
  advice: Partial<ReturnType<typeof accessAdvice>>,
): CheckAnswer {
  const refusals = refusalsOf(told, { asked, notes }).slice(0, mostShown);
  return { allowed: false, paths: [], refusals, asked, notes: [...notes], ...advice };
}

/** A no about what could not be checked says that first. */
function refusalsOf(told: Refusals, { asked, notes }: Understood): Refusals {
  if (asked.basis !== 'unknown') return told;
  return [{ reason: 'resource_unchecked', message: notes[0] ?? '' }, ...told];
}

/** A way, as it is answered; where the membership in a group comes from is told by whoever asks. */
export function pathResponse({
  grant,
  role,
  scope,
  reach,
  through,
  team,
  match,
  until,
  hours,
}: AccessPath): CheckAnswer['paths'][number] {
  return {
    grant,
    role,
    scope,
    reach,
    ...defined({ group: through, team, match }),
    ...untilResponse(until),
    ...defined({ hours }),
  };
}

/** Why not, as it is answered. */
export function refusalResponse(refusal: AccessRefusal): CheckAnswer['refusals'][number] {
  const { reason, message, grant, through, team, at } = refusal;
  return {
    reason,
    message,
    ...defined({ grant, group: through, team }),
    ...(at === undefined ? {} : { at: timestamp(at) }),
  };
}

export const untilResponse = (until: Millis | undefined): { until?: string } =>
  until === undefined ? {} : { until: timestamp(until) };

import { AccessCheck, WhoCanQuery, parseWith } from '@ambit/contracts';
import type { AccessAnswer, AccessEvidence, OwnCluster, UnwantedAccess } from '@ambit/contracts';
import type { api } from '@ambit/contracts/grpc';
import type { Entrant } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import type { AccessHandlers } from '../../platform/grpc-api/api-call.ts';
import { given, pageQuery } from '../../platform/grpc-api/given.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { AnswerAccess } from './answer-access.ts';

export interface AccessServicePorts {
  readonly answers: Pick<AnswerAccess, 'check' | 'whoCan'>;
  readonly world: Pick<PolicyWorld, 'policy' | 'revision'>;
  /** What somebody holds, by cluster. */
  heldBy(entrant: Entrant): Promise<readonly OwnCluster[]>;
}

/** `AccessService` over the same use cases as the REST API, with the same limits. */
export function accessService({ answers, world, heldBy }: AccessServicePorts): AccessHandlers {
  const check = (questions: readonly unknown[], brief: boolean) =>
    answers.check(parseWith(AccessCheck, { checks: questions, details: !brief }, 'The request'));
  return {
    CheckAccess: async ({ question }) => {
      const { items, evidence, revision } = await check([asked(question)], false);
      return {
        revision,
        answer: items[0] && answerMessage(items[0]),
        evidence: evidence[0] && evidenceMessage(evidence[0]),
      };
    },
    CheckAccessMany: async ({ questions, brief }) => {
      const { items, evidence, revision } = await check(questions.map(asked), brief);
      return {
        revision,
        answers: items.map(answerMessage),
        evidence: evidence.map(evidenceMessage),
      };
    },
    WhoCan: async ({ target, ...page }) => {
      const query = { ...given({ ...target }), ...pageQuery(page) };
      const found = await answers.whoCan(parseWith(WhoCanQuery, query, 'The request'));
      return {
        holders: found.items,
        evidence: evidenceMessage(found.evidence),
        notes: found.notes ?? [],
        standing: (found.standing ?? []).map(({ object }: UnwantedAccess) => object),
        nextPageToken: found.continue ?? '',
        revision: found.revision,
      };
    },
    ListHeldAccess: async (request) => {
      const clusters = await heldBy(entrantOf(world, request));
      return {
        revision: world.revision,
        clusters: clusters.map(({ name, roles, namespaces, user }) => ({
          cluster: name,
          roles,
          namespaces,
          subject: user,
        })),
      };
    },
  };
}

/** A question as the schema of the REST API has it: what is empty was not given. */
const asked = (question: api.AccessQuestion | null): object => {
  const { user = '', service = '', target } = question ?? {};
  return given({ user, service, ...target });
};

const answerMessage = ({ paths, refusals, ...answer }: AccessAnswer) => ({
  allowed: answer.allowed,
  paths,
  refusals,
  until: answer.until,
  notes: answer.notes ?? [],
  hint: answer.hint,
  nextCommand: answer.nextCommand,
});

const evidenceMessage = ({ cluster, connected, ageSeconds, appliedRevision }: AccessEvidence) => ({
  cluster,
  connected,
  told: ageSeconds !== undefined,
  ageSeconds,
  appliedRevision,
});

/** Throws `invalid_request` unless one is named, and `not_found`. */
function entrantOf(
  { policy }: Pick<PolicyWorld, 'policy'>,
  { user, service }: api.ListHeldAccessRequest,
): Entrant {
  if ((user === '') === (service === ''))
    throw new AppError('invalid_request', 'Name exactly one of user and service.', {
      errors: [{ pointer: '/user', message: 'exactly one of user and service' }],
    });
  const [kind, of, name] =
    service === ''
      ? (['user', 'User', user] as const)
      : (['service', 'ServiceIdentity', service] as const);
  const found = policy.byName(of, name);
  if (found === undefined) throw notFound(of, name.slice(0, 253));
  return { kind, uid: found.uid, name };
}

import { AccessCheck, AtQuery, WhoCanQuery, parseWith } from '@ambit/contracts';
import type { AccessAnswer, OwnCluster, UnwantedAccess } from '@ambit/contracts';
import type { api } from '@ambit/contracts/grpc';
import type { Entrant } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import type { AccessHandlers, GrpcCall } from '../../platform/grpc-api/api-call.ts';
import { given, pageQuery } from '../../platform/grpc-api/given.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { AnswerAccess } from './answer-access.ts';
import { askerOf } from './asked-whom.ts';
import type { AnswerEffective } from './effective-access.ts';
import type { ExplainAccess } from './explain-access.ts';
import { evidenceMessage, explanations, unmanagedWayMessage } from './explanation-service.ts';

export interface AccessServicePorts {
  readonly answers: Pick<AnswerAccess, 'check' | 'whoCan'>;
  readonly effective: Pick<AnswerEffective, 'of'>;
  readonly explain: Pick<ExplainAccess, 'of'>;
  readonly world: Pick<PolicyWorld, 'policy' | 'revision'>;
  /** What somebody holds, by cluster. */
  heldBy(entrant: Entrant): Promise<readonly OwnCluster[]>;
}

/** `AccessService` over the same use cases as the REST API, with the same limits. */
export function accessService(ports: AccessServicePorts): AccessHandlers {
  const { answers, world, heldBy } = ports;
  const check = (
    { questions, brief, at }: { questions: readonly unknown[]; brief: boolean; at: string },
    call: GrpcCall,
  ) =>
    answers.check(
      parseWith(AccessCheck, { checks: questions, details: !brief }, 'The request'),
      waitingOf(call),
      parseWith(AtQuery, given({ at }), 'The request').at,
    );
  return {
    CheckAccess: async ({ question, at }, call) => {
      const whether = { questions: [asked(question)], brief: false, at };
      const { items, evidence, revision, asOf } = await check(whether, call);
      return {
        asOf,
        revision,
        answer: items[0] && answerMessage(items[0]),
        evidence: evidence[0] && evidenceMessage(evidence[0]),
      };
    },
    CheckAccessMany: async ({ questions, brief, at }, call) => {
      const whether = { questions: questions.map(asked), brief, at };
      const { items, evidence, revision, asOf } = await check(whether, call);
      return {
        asOf,
        revision,
        answers: items.map(answerMessage),
        evidence: evidence.map(evidenceMessage),
      };
    },
    WhoCan: async ({ target, at, ...page }, call) => {
      const query = { ...given({ ...target, at }), ...pageQuery(page) };
      const found = await answers.whoCan(
        parseWith(WhoCanQuery, query, 'The request'),
        waitingOf(call),
      );
      return {
        asOf: found.asOf,
        holders: found.items,
        evidence: evidenceMessage(found.evidence),
        notes: found.notes ?? [],
        standing: (found.standing ?? []).map(({ object }: UnwantedAccess) => object),
        unmanaged: (found.unmanaged ?? []).map(unmanagedWayMessage),
        moreUnmanaged: found.moreUnmanaged ?? 0,
        unmanagedLeftOut: found.unmanagedLeftOut ?? 0,
        nextPageToken: found.continue ?? '',
        revision: found.revision,
      };
    },
    ListHeldAccess: async (request) => {
      const clusters = await heldBy(entrantOf(world, request));
      return { revision: world.revision, clusters: clusters.map(heldMessage) };
    },
    ...explanations(ports),
  };
}

const heldMessage = ({ name, roles, namespaces, user }: OwnCluster) => ({
  cluster: name,
  roles,
  namespaces,
  subject: user,
});

const waitingOf = ({ actor, ended }: GrpcCall) => askerOf(actor, ended).waiting;

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
  unmanaged: (answer.unmanaged ?? []).map(unmanagedWayMessage),
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

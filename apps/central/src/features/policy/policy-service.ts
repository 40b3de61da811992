import { ListQuery, findPolicyKind, parseRequest, parseWith } from '@ambit/contracts';
import type { ApplyRequest, ApplyResult, PolicyKindName } from '@ambit/contracts';
import type { api } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { GrpcCall, PolicyHandlers } from '../../platform/grpc-api/api-call.ts';
import { given, pageQuery } from '../../platform/grpc-api/given.ts';
import { parseJsonBody } from '../../platform/json-body.ts';
import { readPiecewise } from '../../platform/read-piecewise.ts';
import { applyResult, outcomeResponse, withWarnings } from './apply-result.ts';
import type { KindUseCases } from './kind-endpoints.ts';
import { teamsReadBy, writeRequest } from './write-request.ts';

type Asked = Pick<ApplyRequest, 'dryRun' | 'confirmRemovals'>;

/** As in a body of the REST API: what is deeper or holds more is no policy. */
const documentLimits = { bytes: 1024 * 1024, containers: 50_000 };

/** `PolicyService` over the same use cases as the REST API. */
export function policyService(useCases: KindUseCases): PolicyHandlers {
  const { read } = useCases;
  return {
    ApplyPolicy: async ({ documents, confirmRemovals }, call) => {
      const asked = given({ confirmRemovals }) as Asked;
      return { effect: effectMessage(await applied(useCases, documents, { call, asked })) };
    },
    PlanPolicy: async ({ documents }, call) => {
      const result = await applied(useCases, documents, { call, asked: { dryRun: 'All' } });
      return {
        effect: effectMessage(result),
        removalsDigest: result.removalGuard?.digest ?? '',
      };
    },
    GetPolicyObject: async ({ kind: named, name }, { actor }) => {
      const kind = kindNamed(named);
      return { object: JSON.stringify(await read.get(kind, name, teamsReadBy(actor, kind))) };
    },
    ListPolicyObjects: async ({ kind: named, labelSelector, q, ...page }, { actor }) => {
      const kind = kindNamed(named);
      const query = parseWith(
        ListQuery,
        { ...pageQuery(page), ...given({ labelSelector, q }) },
        'The request',
      );
      const { items, metadata } = (await read.list(kind, query, teamsReadBy(actor, kind))) as {
        readonly items: readonly object[];
        readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      };
      return {
        objects: items.map((item) => JSON.stringify(item)),
        nextPageToken: metadata.continue ?? '',
        revision: Number(metadata.resourceVersion),
      };
    },
  };
}

async function applied(
  { apply, connections, warnings }: KindUseCases,
  documents: readonly string[],
  { call, asked }: { readonly call: GrpcCall; readonly asked: Asked },
): Promise<ApplyResult> {
  const body = { objects: parsed(documents), ...asked };
  const { objects, ...query } = (await readPiecewise(
    (part) => parseRequest('ApplyRequest', part),
    body,
  )) as ApplyRequest;
  // Before anything is stored: a change that is made must not end in an error.
  const told = await warnings.of(objects);
  const result = await apply.execute(objects, writeRequest(call, query));
  const dryRun = asked.dryRun === 'All';
  const answer = await applyResult(result, result.value.map(outcomeResponse), {
    dryRun,
    connections,
  });
  return withWarnings(answer, told);
}

/** Throws `invalid_request` with every document that is no JSON. */
function parsed(documents: readonly string[]): unknown[] {
  const errors: ErrorItem[] = [];
  const values = documents.map((text, document) => {
    try {
      return parseJsonBody(Buffer.from(text), documentLimits);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      errors.push({ document, pointer: '', message: error.message });
      return undefined;
    }
  });
  if (errors.length === 0) return values;
  throw new AppError(
    'invalid_request',
    `${errors.length} of ${documents.length} documents are no JSON.`,
    {
      errors,
    },
  );
}

/** Of a kind that the edge has let through. */
function kindNamed(text: string): PolicyKindName {
  const kind = findPolicyKind(text)?.kind;
  if (kind === undefined) throw new AppError('internal', 'A kind was not looked at.');
  return kind;
}

const effectMessage = ({
  changed,
  revision,
  objects,
  clusters,
  warnings = [],
}: ApplyResult): Partial<api.PolicyEffect> => ({
  changed,
  revision,
  objects: objects.map(({ kind, name, uid = '', action }) => ({ kind, name, uid, action })),
  clusters: clusters.map(({ name, objects: _objects, ...effect }) => ({
    cluster: name,
    ...effect,
  })),
  warnings,
});

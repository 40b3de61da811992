import type { ApplyResult, KindOperations, PolicyKindName } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Precondition } from '@ambit/persistence';
import { Answer } from '../../platform/answer.ts';
import type { Call } from '../../platform/call.ts';
import type { ApplyDocuments, SourcedRequest } from './apply-documents.ts';
import { applyResult, outcomeResponse, withWarnings } from './apply-result.ts';
import type { Connections } from './connections.ts';
import type { DeleteObject } from './delete-object.ts';
import type { ReadObjects } from './read-objects.ts';
import type { ScopeWarnings } from './scope-warnings.ts';
import { teamsReadBy, writeRequest } from './write-request.ts';

type ListCall = Call<KindOperations['list']>;
type GetCall = Call<KindOperations['get']>;
type PutCall = Call<KindOperations['put']>;
type DeleteCall = Call<KindOperations['delete']>;

export interface KindUseCases {
  readonly apply: ApplyDocuments;
  readonly remove: DeleteObject;
  readonly read: ReadObjects;
  readonly connections: Connections;
  readonly warnings: ScopeWarnings;
}

/** The four operations of a kind between HTTP and the use cases, the same for every kind of policy object. */
export class KindEndpoints {
  readonly #useCases: KindUseCases;

  constructor(useCases: KindUseCases) {
    this.#useCases = useCases;
  }

  list(kind: PolicyKindName, { query, actor }: ListCall): Promise<object> {
    return this.#useCases.read.list(kind, query, teamsReadBy(actor, kind));
  }

  get(kind: PolicyKindName, { params, actor }: GetCall): Promise<object> {
    return this.#useCases.read.get(kind, params['name'] ?? '', teamsReadBy(actor, kind));
  }

  /** Upsert by name. */
  async put(kind: PolicyKindName, call: PutCall): Promise<Answer> {
    const { body } = call;
    refuseOtherName(body.metadata.name, call.params['name']);
    const result = await this.#useCases.apply.execute([body], request(call));
    if (call.query.dryRun === 'All') {
      const answer = await this.#answer(result, result.value.map(outcomeResponse), true);
      const warnings = await this.#useCases.warnings.of([body]);
      return new Answer(withWarnings(answer, warnings), { schema: 'ApplyResult' });
    }
    const [outcome] = result.value;
    if (outcome === undefined) throw new AppError('internal', 'A put has no outcome.');
    const status = outcome.action === 'created' ? 201 : 200;
    const answer = await this.#useCases.read.put(kind, outcome);
    return new Answer(answer, { status, revision: result.revision });
  }

  async delete(kind: PolicyKindName, call: DeleteCall): Promise<Answer> {
    const name = call.params['name'] ?? '';
    const result = await this.#useCases.remove.execute(kind, name, request(call));
    const answer = await this.#answer(result, result.value, call.query.dryRun === 'All');
    return new Answer(answer, { revision: result.revision });
  }

  #answer(
    result: Parameters<typeof applyResult>[0],
    objects: Parameters<typeof applyResult>[1],
    dryRun: boolean,
  ): Promise<ApplyResult> {
    const { connections } = this.#useCases;
    return applyResult(result, objects, { dryRun, connections });
  }
}

function refuseOtherName(name: string, inPath: string | undefined): void {
  if (name === inPath) return;
  throw new AppError('invalid_request', `The path names ${inPath}, the body ${name}.`, {
    errors: [{ pointer: '/metadata/name', message: 'differs from the name in the path' }],
  });
}

function request(
  call: PutCall | DeleteCall,
): SourcedRequest & { readonly precondition?: Precondition } {
  const { precondition } = call;
  return {
    ...writeRequest(call, call.query),
    ...(precondition === undefined ? {} : { precondition }),
  };
}

import type { ApplyResult, PolicyDocument, PolicyKindName, WriteQuery } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Actor } from '../../platform/actor.ts';
import { Answer } from '../../platform/answer.ts';
import type { IfMatch } from '../../platform/call.ts';
import type { ApplyDocuments } from './apply-documents.ts';
import { applyResult, outcomeResponse } from './apply-result.ts';
import type { Connections } from './connections.ts';
import type { DeleteObject } from './delete-object.ts';
import { writeRequest } from './write-request.ts';

interface WriteCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: WriteQuery;
  readonly actor: Actor;
  readonly requestId: string;
  readonly precondition?: IfMatch;
}

/** PUT and DELETE by name, the same for every kind of policy object. */
export class ObjectWrites {
  readonly #apply: ApplyDocuments;
  readonly #delete: DeleteObject;
  readonly #connections: Connections;

  constructor(apply: ApplyDocuments, remove: DeleteObject, connections: Connections) {
    this.#apply = apply;
    this.#delete = remove;
    this.#connections = connections;
  }

  /** Upsert by name; `read` gives the object as it is answered afterwards. */
  async put(
    call: WriteCall & { readonly body: PolicyDocument },
    read: () => Promise<unknown>,
  ): Promise<Answer> {
    const { body, params } = call;
    if (body.metadata.name !== params['name']) {
      throw new AppError(
        'invalid_request',
        `The path names ${params['name']}, the body ${body.metadata.name}.`,
        {
          errors: [{ pointer: '/metadata/name', message: 'differs from the name in the path' }],
        },
      );
    }
    const result = await this.#apply.execute([body], this.#request(call));
    const [outcome] = result.value;
    if (call.query.dryRun === 'All') {
      return new Answer(await this.#answer(result, result.value.map(outcomeResponse), true), {
        schema: 'ApplyResult',
      });
    }
    const status = outcome?.action === 'created' ? 201 : 200;
    return new Answer(await read(), { status, revision: result.revision });
  }

  async delete(kind: PolicyKindName, call: WriteCall): Promise<Answer> {
    const result = await this.#delete.execute(kind, call.params['name'] ?? '', this.#request(call));
    const dryRun = call.query.dryRun === 'All';
    return new Answer(await this.#answer(result, result.value, dryRun), {
      revision: result.revision,
    });
  }

  #request(call: WriteCall): ReturnType<typeof writeRequest> & { precondition?: IfMatch } {
    const { precondition } = call;
    return {
      ...writeRequest(call, call.query),
      ...(precondition === undefined ? {} : { precondition }),
    };
  }

  #answer(
    result: Parameters<typeof applyResult>[0],
    objects: Parameters<typeof applyResult>[1],
    dryRun: boolean,
  ): Promise<ApplyResult> {
    return applyResult(result, objects, { dryRun, connections: this.#connections });
  }
}

import { toAppError } from '@ambit/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.filter.ts';

/**
 * A document that anybody may read: one fixed path, asked for by GET, without parameters, body or credential. These are the
 * only answers beside the route table; whatever is about somebody, or changes anything, is an operation of that table.
 */
export interface PublicDocument {
  readonly path: `/${string}`;
  /** How long others may keep it. */
  readonly maxAgeSeconds: number;
  /** Its JSON. */
  read(): object | Promise<object>;
}

/** Answers the documents. */
export function servePublicDocuments(
  fastify: FastifyInstance,
  documents: readonly PublicDocument[],
): void {
  for (const document of documents) {
    fastify.get(document.path, (request: FastifyRequest, reply: FastifyReply) =>
      answer(document, request, reply),
    );
  }
}

async function answer(
  { read, maxAgeSeconds }: PublicDocument,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const text = JSON.stringify(await read());
    void reply
      .header('content-type', 'application/json')
      .header('cache-control', `public, max-age=${maxAgeSeconds}`)
      .send(text);
  } catch (error) {
    sendProblem(toAppError(error), request, reply);
  }
  return reply;
}

import { AppError, storable, storableText, toAppError } from '@ambit/kernel';
import type { StorableLimits } from '@ambit/kernel';
import { auditBatchProblem } from '@ambit/protocol';
import type { ReceivedAuditBatch, wire } from '@ambit/protocol';
import type { AgentServerHandlers, MessageStream } from '@ambit/transport';

/** UTF-16 units that a text of an agent keeps, by its field; those that are not named keep `otherwise`. */
const longest: ReadonlyMap<string, number> = new Map([
  ['agentVersion', 64],
  ['kubernetesVersion', 64],
  ['ceilingDigest', 128],
  ['conditions', 64],
  ['phase', 64],
  ['kind', 64],
  ['name', 256],
  ['namespace', 256],
  ['code', 64],
  ['reason', 128],
  // Compared and parsed, never stored as it is.
  ['joinToken', 1_024],
  ['ceilingJson', 512 * 1_024],
  // Of an answer: handed on, never stored as it is.
  ['token', 16 * 1_024],
]);
const otherwise = 1_024;

/** What is compared to know somebody again: another text in its place would be somebody else. */
const identifiers = new Set(['kubeSystemUid', 'clusterUid', 'instanceId', 'spoolEpoch']);
const identifier = /^[\x21-\x7e]{0,128}$/;

const limits: StorableLimits = {
  text: (field, text) => {
    if (!identifiers.has(field)) return storableText(text, longest.get(field) ?? otherwise);
    if (identifier.test(text)) return text;
    throw new AppError('invalid_request', `The field ${field} of an agent holds no identifier.`, {
      why: 'An identifier has at most 128 visible ASCII characters.',
    });
  },
  depth: 16,
};

/** A message of an agent, every text in it made storable. Throws `invalid_request` for an identifier that is none. */
export const fromAgent = <T>(message: T): T => storable(message, limits);

/** What an agent sent as JSON, every text in it made storable; null when it is none. */
export function storableJson(json: string): unknown {
  try {
    return fromAgent(JSON.parse(json) as unknown);
  } catch {
    return null;
  }
}

/** A batch of audit events of the form it should have, texts beside its events made storable. Throws `invalid_request`. */
export function readBatch(received: ReceivedAuditBatch): wire.AuditBatch {
  let batch: wire.AuditBatch;
  try {
    batch = received.decode();
  } catch (cause) {
    throw new AppError('invalid_request', 'The batch of audit events cannot be read.', { cause });
  }
  const problem = auditBatchProblem(batch, received.bytes);
  if (problem !== undefined) throw new AppError('invalid_request', problem);
  return fromAgent(batch);
}

/** The handlers of the agent port behind the one door through which texts of agents enter. */
export function withStorableText(handlers: AgentServerHandlers): AgentServerHandlers {
  return {
    enroll: async (request, call) => handlers.enroll(fromAgent(request), call),
    renew: async (request, call) => handlers.renew(fromAgent(request), call),
    renewChallenge: async (request, call) => handlers.renewChallenge(fromAgent(request), call),
    renewExpired: async (request, call) => handlers.renewExpired(fromAgent(request), call),
    connect: (stream, call) => handlers.connect(storableStream(stream), call),
    // Batches wait as bytes: `readBatch` is their door.
    push: (stream, call) => handlers.push(stream, call),
  };
}

function storableStream<In, Out>(stream: MessageStream<In, Out>): MessageStream<In, Out> {
  return {
    outbox: stream.outbox,
    listen: (listener) =>
      stream.listen({
        closed: (error) => listener.closed(error),
        message: (message) => {
          let taken: In;
          try {
            taken = fromAgent(message);
          } catch (error) {
            return stream.fail(toAppError(error));
          }
          listener.message(taken);
        },
      }),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
  };
}

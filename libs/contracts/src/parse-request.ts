import { findPolicyKind } from './kinds/policy-kinds.ts';
import { markLater, parseApplyRequest } from './policy-documents.ts';
import { parseWith } from './schema-problems.ts';
import { requestSchemas, type RequestSchemaName } from './schemas.ts';

/**
 * Reads the body of a request by the name of its schema: whoever takes requests reads them with this alone. Throws
 * `invalid_request` with every problem, and for a set of objects `invalid_policy`.
 */
export function parseRequest(name: RequestSchemaName, body: unknown): unknown {
  if (name === 'ApplyRequest') return parseApplyRequest(body);
  const kind = findPolicyKind(name.replace(/Write$/, ''))?.kind;
  const mark = kind === undefined ? undefined : markLater(kind);
  return parseWith(requestSchemas[name], body ?? {}, 'The body', mark);
}

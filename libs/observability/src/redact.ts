import { types } from 'node:util';
import { isAppError } from '@ambit/kernel';

const shown = '[redacted]';

/** Field names whose value is never written, whatever it is. Compared in lower case without separators. */
const secretNames =
  /^(.*(password|passwd|secret|token|authorization|cookie|credential|credentials|privatekey|apikey|clientkeydata)|pem)$/;

/** Names that end like a secret's but name something public. */
const publicNames = /^(tokenid|tokenname|nexttoken|continuetoken)$/;

/** Texts that are secrets by their shape: tokens of ours, bearer credentials, JWTs, keys, passwords in URLs. */
const secretShapes: readonly (readonly [RegExp, string])[] = [
  [/\bamb[ajrs]?_[A-Za-z0-9]+[._][A-Za-z0-9._-]+/g, shown],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${shown}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, shown],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, shown],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, `$1:${shown}@`],
];

const deepest = 6;

/** A text with everything that looks like a secret replaced. */
export function redactText(text: string): string {
  let clean = text;
  for (const [shape, instead] of secretShapes) clean = clean.replace(shape, instead);
  return clean;
}

/** A value as it may be logged: secrets by name or shape replaced, errors as plain fields, bytes as their length. */
export function redactValue(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'object':
      return value === null ? null : redactObject(value, depth);
    default:
      return value;
  }
}

function redactObject(value: object, depth: number): unknown {
  if (depth >= deepest) return '[deeper]';
  // By these checks and not by instanceof: errors of Node's own modules may come from another realm.
  if (types.isNativeError(value)) return redactError(value, depth);
  if (types.isDate(value)) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return redactValue(value.toJSON(), depth + 1);
  }
  return redactFields(value, depth + 1);
}

/** Fields as they may be logged. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    clean[name] = isSecretName(name) && isFilled(value) ? shown : redactValue(value, depth);
  }
  return clean;
}

function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_.]/g, '');
  return secretNames.test(plain) && !publicNames.test(plain);
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== 'boolean' && value !== '';
}

type Loggable = Error & { readonly code?: unknown; readonly foreseen?: unknown };

/** What was foreseen needs no stack, neither its own nor that of its cause: the message says where to look. */
function redactError(error: Error, depth: number, foreseen = false): Record<string, unknown> {
  const { code, stack, cause, foreseen: marked } = error as Loggable;
  const known = foreseen || marked === true || (isAppError(error) && error.code !== 'internal');
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(stack === undefined || known || isAppError(error) ? {} : { stack: redactText(stack) }),
    ...(cause === undefined ? {} : { cause: redactCause(cause, depth + 1, known) }),
  };
}

function redactCause(cause: unknown, depth: number, foreseen: boolean): unknown {
  return types.isNativeError(cause) && depth < deepest
    ? redactError(cause, depth, foreseen)
    : redactValue(cause, depth);
}

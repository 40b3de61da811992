import { AppError, errorKinds } from '@ambit/kernel';
import type { ErrorCode, ErrorItem } from '@ambit/kernel';
import protobuf from 'protobufjs';

/** Name of the trailer in which gRPC carries a `google.rpc.Status`. */
export const statusDetailsTrailer = 'grpc-status-details-bin';

/** Of the reasons in `google.rpc.ErrorInfo`. */
export const errorDomain = 'ambit.dev';

const text = (id: number): { type: string; id: number } => ({ type: 'string', id });
const many = (type: string, id: number): { rule: string; type: string; id: number } => ({
  rule: 'repeated',
  type,
  id,
});

/** The messages by the names and numbers of google/rpc/status.proto and google/rpc/error_details.proto. */
const messages = {
  nested: {
    Any: { fields: { typeUrl: text(1), value: { type: 'bytes', id: 2 } } },
    Status: {
      fields: { code: { type: 'int32', id: 1 }, message: text(2), details: many('Any', 3) },
    },
    ErrorInfo: {
      fields: {
        reason: text(1),
        domain: text(2),
        metadata: { keyType: 'string', type: 'string', id: 3 },
      },
    },
    FieldViolation: { fields: { field: text(1), description: text(2) } },
    BadRequest: { fields: { fieldViolations: many('FieldViolation', 1) } },
    RequestInfo: { fields: { requestId: text(1) } },
    Duration: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
    RetryInfo: { fields: { retryDelay: { type: 'Duration', id: 1 } } },
  },
};
// The declarations leave out what makes a field a map.
const root = protobuf.Root.fromJSON(messages as protobuf.INamespace);

const typePrefix = 'type.googleapis.com/google.rpc.';
const plain = { longs: Number, defaults: true, arrays: true, objects: true };

type DetailName = 'ErrorInfo' | 'BadRequest' | 'RequestInfo' | 'RetryInfo';

const packed = (name: DetailName, value: object): object => ({
  typeUrl: typePrefix + name,
  value: root.lookupType(name).encode(value).finish(),
});

/** A JSON pointer as a field path: `/users/3/userName` is `users[3].user_name`. */
export function fieldOf(pointer: string): string {
  const parts = pointer.split('/').slice(1);
  const path = parts.map((part) =>
    /^\d+$/.test(part)
      ? `[${part}]`
      : `.${part.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  );
  return path.join('').replace(/^\./, '');
}

const violation = ({
  document,
  pointer = '',
  message,
}: ErrorItem): { readonly field: string; readonly description: string } => ({
  field: `${document === undefined ? '' : `documents[${document}].`}${fieldOf(pointer)}`.replace(
    /\.$/,
    '',
  ),
  description: message,
});

/**
 * Clients take 8 KiB of headers, and this one is a third longer in base64 than it is, beside a message that is a header of its
 * own. What is longer would be told as "RESOURCE_EXHAUSTED" by the client itself.
 */
const most = { message: 512, said: 384, violation: 512, violations: 2_048 };

/** The text, or as much of it as takes so many bytes. */
export function textWithin(text: string, bytes: number): string {
  let cut = text.slice(0, bytes).toWellFormed();
  while (protobuf.util.utf8.length(cut) > bytes) {
    const over = protobuf.util.utf8.length(cut) - bytes;
    cut = cut.slice(0, -Math.ceil(over / 3)).toWellFormed();
  }
  return cut;
}

/** As many faulty fields as fit, and how many more there are. */
function violationsOf(errors: readonly ErrorItem[]): object[] {
  const told: object[] = [];
  let left = most.violations;
  for (const error of errors) {
    const { field, description } = violation(error);
    const one = {
      field: textWithin(field, most.violation),
      description: textWithin(description, most.violation),
    };
    left -= protobuf.util.utf8.length(one.field) + protobuf.util.utf8.length(one.description) + 8;
    if (left < 0) break;
    told.push(one);
  }
  const more = errors.length - told.length;
  return more === 0 ? told : [...told, { field: '', description: `and ${more} more` }];
}

/**
 * The error as a `google.rpc.Status`: its code as the reason, each faulty field as far as there is room, when to come again,
 * and the id of the request. `grpcCode` is the number of the status beside it.
 */
export function encodeRpcStatus(error: AppError, grpcCode: number, requestId: string): Uint8Array {
  const { why, hint, nextCommand, errors = [], details } = error.extras;
  const said = { why, hint, nextCommand };
  const metadata = Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, textWithin(value, most.said)]],
    ),
  );
  const seconds = details?.['retryAfterSeconds'];
  const status = {
    code: grpcCode,
    message: textWithin(error.message, most.message),
    details: [
      packed('ErrorInfo', { reason: error.code, domain: errorDomain, metadata }),
      ...(errors.length === 0
        ? []
        : [
            packed('BadRequest', {
              fieldViolations: violationsOf(errors),
            }),
          ]),
      ...(typeof seconds === 'number'
        ? [packed('RetryInfo', { retryDelay: { seconds, nanos: 0 } })]
        : []),
      packed('RequestInfo', { requestId }),
    ],
  };
  return root.lookupType('Status').encode(status).finish();
}

/** What a `google.rpc.Status` of ours says, as the error that it was; undefined for one of somebody else. */
export function decodeRpcStatus(bytes: Uint8Array): AppError | undefined {
  const { message, details } = read<RpcStatus>('Status', bytes);
  const detail = <T>(name: DetailName): Partial<T> => {
    const found = details.find(({ typeUrl }) => typeUrl === typePrefix + name);
    return found === undefined ? {} : read<T>(name, found.value);
  };
  const { reason = '', domain, metadata } = detail<RpcErrorInfo>('ErrorInfo');
  if (domain !== errorDomain || !Object.hasOwn(errorKinds, reason)) return undefined;
  const { fieldViolations = [] } = detail<RpcBadRequest>('BadRequest');
  const { retryDelay } = detail<{ retryDelay: { seconds: number } }>('RetryInfo');
  const { requestId = '' } = detail<{ requestId: string }>('RequestInfo');
  const errors = fieldViolations.map(({ field, description }) => ({
    pointer: field,
    message: description,
  }));
  return new AppError(reason as ErrorCode, message, {
    ...metadata,
    ...(errors.length === 0 ? {} : { errors }),
    details: {
      requestId,
      ...(retryDelay === undefined ? {} : { retryAfterSeconds: retryDelay.seconds }),
    },
  });
}

interface RpcStatus {
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];
}

interface RpcErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface RpcBadRequest {
  readonly fieldViolations: readonly { readonly field: string; readonly description: string }[];
}

function read<T>(name: string, bytes: Uint8Array): T {
  const type = root.lookupType(name);
  return type.toObject(type.decode(bytes), plain) as T;
}

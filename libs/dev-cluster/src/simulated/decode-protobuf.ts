import { protobufMessages } from './protobuf-messages.ts';
import type { MemberType } from './protobuf-messages.ts';
import { badRequest } from './status-error.ts';

type Fields = Record<string, unknown>;

/** Every protobuf body of Kubernetes begins so (apimachinery, pkg/runtime/serializer/protobuf). */
const magic = Buffer.from('k8s\0');

/**
 * The object in a protobuf body, which is what kubectl sends for the kinds it knows. Throws 400 for a kind that is not
 * served and for bytes that are none.
 */
export function decodeProtobuf(body: Uint8Array): unknown {
  if (!magic.equals(body.subarray(0, magic.length))) throw unreadable('it does not begin with k8s');
  let type: Fields = {};
  let raw: Uint8Array = new Uint8Array();
  for (const { number, value } of members(body.subarray(magic.length))) {
    if (number === 1 && value instanceof Uint8Array) type = typeMeta(value);
    else if (number === 2 && value instanceof Uint8Array) raw = value;
  }
  return { ...type, ...decodeMessage(String(type['kind']), raw) };
}

function typeMeta(bytes: Uint8Array): Fields {
  const type: Fields = {};
  for (const { number, value } of members(bytes)) {
    if (value instanceof Uint8Array) type[number === 1 ? 'apiVersion' : 'kind'] = textOf(value);
  }
  return type;
}

function decodeMessage(name: string, bytes: Uint8Array): Fields {
  const shape = Object.hasOwn(protobufMessages, name) ? protobufMessages[name] : undefined;
  if (shape === undefined) throw unreadable(`no kind ${JSON.stringify(name)} is known`);
  const result: Fields = {};
  for (const { number, value } of members(bytes)) {
    const [member, type] = shape[number] ?? [];
    if (member !== undefined && type !== undefined) setMember(result, member, type, value);
  }
  return result;
}

function setMember(
  result: Fields,
  name: string,
  type: MemberType,
  value: Uint8Array | number,
): void {
  if (typeof value === 'number') {
    result[name] = type === 'flag' ? value !== 0 : value;
  } else if (type === 'text') {
    // Kubernetes writes texts that are not set as empty ones.
    if (value.length > 0) result[name] = textOf(value);
  } else if (type === 'textMap') {
    const [key = '', text = ''] = [...members(value)].map((part) =>
      textOf(part.value as Uint8Array),
    );
    result[name] = { ...(result[name] as Fields | undefined), [key]: text };
  } else if (typeof type === 'object') {
    result[name] =
      'message' in type
        ? decodeMessage(type.message, value)
        : appended(result[name], type.list, value);
  }
}

function appended(
  list: unknown,
  type: 'text' | { readonly message: string },
  value: Uint8Array,
): unknown[] {
  const item = type === 'text' ? textOf(value) : decodeMessage(type.message, value);
  return [...((list as unknown[] | undefined) ?? []), item];
}

interface Member {
  readonly number: number;
  readonly value: Uint8Array | number;
}

function* members(bytes: Uint8Array): Generator<Member> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 49) throw unreadable('it is cut');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 2: {
        const length = varint();
        if (at + length > bytes.length) throw unreadable('it is cut');
        yield { number, value: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        throw unreadable('it holds a wire type that is not used');
    }
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function unreadable(why: string): Error {
  return badRequest(`the protobuf body cannot be read: ${why}`);
}

import protobuf from 'protobufjs/light.js';
import type * as wire from '../core/generated/messages.ts';
import { descriptor } from '../generated/descriptor.ts';

/** Protobuf bytes of one kind of message. `decode` throws on bytes that are none; it ignores unknown fields. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
  /** The path of a field that this version does not know and may not ignore; undefined when there is none. */
  unknownField(bytes: Uint8Array): string | undefined;
}

/** From this number on a field is a hint: who does not know it goes by the rest. */
const firstHint = 100;

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace).resolveAll();

const plain: protobuf.IConversionOptions = {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
};

/** The codec of a message of `ambit.agent.v1`. The caller vouches that `T` is the type generated for it. */
export function codecOf<T extends object>(name: string): Codec<T> {
  const type = root.lookupType(`ambit.agent.v1.${name}`);
  return {
    encode: (value) => type.encode(withNumbers(type, value)).finish(),
    // The generated types are made from the same descriptor with the same options.
    decode: (bytes) => type.toObject(type.decode(bytes), plain) as T,
    unknownField: (bytes) => unknownFieldOf(type, protobuf.Reader.create(bytes)),
  };
}

type Convert = (value: unknown) => unknown;

/** Of each message type that holds enums, itself or further down: how the fields that do are made ready. */
const converters = new Map<protobuf.Type, readonly (readonly [name: string, convert: Convert])[]>();

/**
 * The message with numbers for the names of its enums, which is all that our values differ in from what is written;
 * most messages have none and are written as they are.
 */
function withNumbers(type: protobuf.Type, value: object): object {
  let copy: Record<string, unknown> | undefined;
  for (const [name, convert] of convertersOf(type)) {
    const was: unknown = Reflect.get(value, name);
    if (was === null || was === undefined) continue;
    const is = Array.isArray(was) ? was.map(convert) : convert(was);
    if (is !== was) copy = { ...(copy ?? value), [name]: is };
  }
  return copy ?? value;
}

function convertersOf(type: protobuf.Type): readonly (readonly [string, Convert])[] {
  const known = converters.get(type);
  if (known !== undefined) return known;
  const own = type.fieldsArray.flatMap(({ name, resolvedType: of }) => {
    if (of instanceof protobuf.Enum) {
      return [[name, (value: unknown) => of.values[String(value)] ?? value] as const];
    }
    if (!(of instanceof protobuf.Type) || convertersOf(of).length === 0) return [];
    return [[name, (value: unknown) => withNumbers(of, value as object)] as const];
  });
  converters.set(type, own);
  return own;
}

function unknownFieldOf(type: protobuf.Type, reader: protobuf.Reader): string | undefined {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    const field = type.fieldsById[id];
    if (field === undefined && id < firstHint) return `${type.name}.${id}`;
    const inner = field?.resolvedType;
    if (inner instanceof protobuf.Type && wireType === 2) {
      const unknown = unknownFieldOf(inner, protobuf.Reader.create(reader.bytes()));
      if (unknown !== undefined) return unknown;
    } else reader.skipType(wireType);
  }
  return undefined;
}

export const manifestCodec = codecOf<wire.Manifest>('Manifest');
export const revocationCodec = codecOf<wire.Revocation>('Revocation');
export const centralTimeCodec = codecOf<wire.CentralTime>('CentralTime');
export const epochRaiseCodec = codecOf<wire.EpochRaise>('EpochRaise');
export const commandOrderCodec = codecOf<wire.CommandOrder>('CommandOrder');
export const credentialOrderCodec = codecOf<wire.CredentialOrder>('CredentialOrder');
export const credentialAnswerCodec = codecOf<wire.CredentialAnswer>('CredentialAnswer');
export const trustBundleCodec = codecOf<wire.TrustBundle>('TrustBundle');
export const signedEnvelopeCodec = codecOf<wire.SignedEnvelope>('SignedEnvelope');

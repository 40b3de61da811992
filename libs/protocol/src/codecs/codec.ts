import protobuf from 'protobufjs/light.js';
import type * as wire from '../core/generated/messages.ts';
import { descriptor } from '../generated/descriptor.ts';

/** Protobuf bytes of one kind of message. `decode` throws on bytes that are none; it ignores unknown fields. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

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
    encode: (value) => type.encode(type.fromObject(value)).finish(),
    // The generated types are made from the same descriptor with the same options.
    decode: (bytes) => type.toObject(type.decode(bytes), plain) as T,
  };
}

export const manifestCodec = codecOf<wire.Manifest>('Manifest');
export const revocationCodec = codecOf<wire.Revocation>('Revocation');
export const centralTimeCodec = codecOf<wire.CentralTime>('CentralTime');
export const epochRaiseCodec = codecOf<wire.EpochRaise>('EpochRaise');
export const commandOrderCodec = codecOf<wire.CommandOrder>('CommandOrder');
export const trustBundleCodec = codecOf<wire.TrustBundle>('TrustBundle');
export const signedEnvelopeCodec = codecOf<wire.SignedEnvelope>('SignedEnvelope');

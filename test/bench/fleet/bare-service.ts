/**
 * The least that a stream of messages can cost over grpc-js: bytes there, bytes back, nothing read in them but a number.
 */
export const bareStream = {
  path: '/bench.Bare/Connect',
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes: Buffer): Buffer => bytes,
  requestDeserialize: (bytes: Buffer): Buffer => bytes,
  responseSerialize: (bytes: Buffer): Buffer => bytes,
  responseDeserialize: (bytes: Buffer): Buffer => bytes,
} as const;

/** A message of this size that begins with this number. */
export function numbered(number: number, bytes: number): Buffer {
  const message = Buffer.alloc(Math.max(4, bytes), 0x61);
  message.writeUInt32BE(number, 0);
  return message;
}

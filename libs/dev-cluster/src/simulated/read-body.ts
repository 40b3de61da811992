import type { Http2ServerRequest } from 'node:http2';
import { parse } from 'yaml';
import { decodeProtobuf } from './decode-protobuf.ts';
import { badRequest, StatusError } from './status-error.ts';

/** kube-apiserver's limit for one request. */
const mostBytes = 3 * 1024 * 1024;

/** The body as a value; undefined without one. Throws 413 when it is too long and 400 when it is no JSON. */
export async function readJsonBody(request: Http2ServerRequest): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to its end all the same: a client that is still sending would not see the answer.
    if (size <= mostBytes) chunks.push(chunk);
  }
  if (size > mostBytes) {
    throw new StatusError({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `Request entity too large: limit is ${mostBytes}`,
    });
  }
  if (size === 0) return undefined;
  const type = request.headers['content-type'] ?? '';
  const bytes = Buffer.concat(chunks);
  if (type.includes('vnd.kubernetes.protobuf')) return decodeProtobuf(bytes);
  const text = bytes.toString('utf8');
  try {
    return type.includes('yaml') && !text.startsWith('{')
      ? parse(text)
      : (JSON.parse(text) as unknown);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized: ${(error as Error).message.slice(0, 200)}`,
    );
  }
}

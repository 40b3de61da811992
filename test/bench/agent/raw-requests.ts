// The floor of a writer: one HTTP/2 session and nothing but the requests, in a process of its own, so that its CPU time can
// be told. Started by `raw-writer.ts`.
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import type { RawWork, RawWorkDone } from './raw-writer.ts';

process.once('message', (work: RawWork) => {
  void run(work).then((done) => process.send?.(done, () => process.exit(0)));
});

async function run({ server, identity, requests, inFlight }: RawWork): Promise<RawWorkDone> {
  const session = connect(server, { ...identity });
  await new Promise((connected, failed) => {
    session.once('connect', connected);
    session.once('error', failed);
  });
  const statuses: Record<number, number> = {};
  const latenciesMs: number[] = [];
  const before = process.cpuUsage();
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      const sent = performance.now();
      const status = await send(session, request);
      latenciesMs.push(performance.now() - sent);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  session.destroy();
  return { wallMs, cpuMs: (user + system) / 1000, statuses, latenciesMs };
}

function send(
  session: ClientHttp2Session,
  { method, path, body }: RawWork['requests'][number],
): Promise<number> {
  return new Promise((answered, failed) => {
    const stream = session.request(
      { ':method': method, ':path': path, 'content-type': 'application/json' },
      { endStream: body === undefined },
    );
    let status = 0;
    stream.once('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.once('end', () => answered(status));
    stream.once('error', failed);
    stream.resume();
    if (body !== undefined) stream.end(body);
  });
}

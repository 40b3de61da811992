import { Client, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { createSecureContext } from 'node:tls';
import { centralName } from '@ambit/transport';
import { bareStream, numbered } from './bare-service.ts';
import type { AgentFacts, FleetFacts } from './messages.ts';
import type { SimAgentEvents } from './sim-agent.ts';

const helloBytes = 400;
const ackBytes = 60;
const heartbeat = 0xffffffff;
const heartbeatMs = 15_000;

/** The other end of the bare server: says one thing, then acknowledges whatever comes. */
export class BareAgent {
  readonly #facts: AgentFacts;
  readonly #fleet: FleetFacts;
  readonly #events: SimAgentEvents;
  #client: Client | undefined;
  #stream: ClientDuplexStream<Buffer, Buffer> | undefined;
  #heartbeatAt = 0;

  constructor(facts: AgentFacts, fleet: FleetFacts, events: SimAgentEvents) {
    this.#facts = facts;
    this.#fleet = fleet;
    this.#events = events;
  }

  dial(): void {
    const { ca, privateKey, address } = this.#fleet;
    const { certificate: cert } = this.#facts;
    const context = createSecureContext({ ca, cert, key: privateKey, minVersion: 'TLSv1.3' });
    const client = new Client(
      address,
      credentials.createFromSecureContext(context, { rejectUnauthorized: true }),
      {
        'grpc.ssl_target_name_override': centralName,
        'grpc.default_authority': centralName,
        'grpc.use_local_subchannel_pool': 1,
        'grpc.keepalive_time_ms': 30_000,
        'grpc.keepalive_timeout_ms': 10_000,
        'grpc.keepalive_permit_without_calls': 1,
        'grpc.enable_channelz': 0,
        'grpc.enable_retries': 0,
        'grpc.service_config_disable_resolution': 1,
      },
    );
    const { path, requestSerialize, responseDeserialize } = bareStream;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#client = client;
    this.#stream = stream;
    this.#heartbeatAt = performance.now() + heartbeatMs;
    const over = (): void => this.#over(stream);
    stream.on('data', (bytes: Buffer) => this.#heard(stream, bytes));
    stream.on('error', over).on('end', over);
    stream.write(numbered(0, helloBytes));
  }

  tick(): void {
    if (this.#stream === undefined || performance.now() < this.#heartbeatAt) return;
    this.#heartbeatAt = performance.now() + heartbeatMs;
    this.#stream.write(numbered(heartbeat, 24));
  }

  hangUp(): void {
    this.#stream?.cancel();
  }

  #heard(stream: ClientDuplexStream<Buffer, Buffer>, bytes: Buffer): void {
    const number = bytes.readUInt32BE(0);
    if (number === heartbeat) return;
    if (number > 0) stream.write(numbered(number, ackBytes));
    this.#events.accepted(number);
  }

  #over(stream: ClientDuplexStream<Buffer, Buffer>): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#client?.close();
    this.#events.closed();
  }
}

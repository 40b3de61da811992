import { readFile } from 'node:fs/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { addressText, reachableText } from '@ambit/config';
import { apiDefinition, apiMethods, mostMessageBytes } from '@ambit/contracts/grpc';
import type { ApiServiceName } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import type { Readiness } from '@ambit/observability';
import type { CentralSettings } from '../../config.ts';
import { AdmitCalls } from './admit-calls.ts';
import type { AdmissionPorts } from './admit-calls.ts';
import type { ApiHandlers } from './api-call.ts';
import { ApiCalls } from './api-calls.ts';
import type { ApiCallPorts } from './api-calls.ts';
import { serveHealth } from './health.ts';
import { measuredService } from './measured-service.ts';
import { serveReflection } from './reflection.ts';

export interface ApiServerOptions extends ApiCallPorts, Omit<AdmissionPorts, 'refused'> {
  readonly guard: AdmissionPorts['guard'];
  readonly handlers: ApiHandlers;
  readonly readiness: Pick<Readiness, 'isReady'>;
}

export interface GrpcServer {
  /** host:port as this machine reaches it. */
  readonly address: string;
  /** No new calls; those open may end within `graceMs` milliseconds, then they are cut. */
  close(graceMs: number): Promise<void>;
}

const serverOptions = {
  'grpc.max_receive_message_length': mostMessageBytes,
  'grpc.max_send_message_length': mostMessageBytes,
  'grpc.max_concurrent_streams': 100,
  'grpc-node.max_session_memory': 16,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.enable_channelz': 0,
};

type ListenSettings = Pick<CentralSettings, 'tlsCert' | 'tlsKey'> & {
  readonly grpcListen: NonNullable<CentralSettings['grpcListen']>;
};

/**
 * Serves the gRPC API with health and reflection, by the certificate of the REST API. Throws `address_in_use`, `not_ready`
 * and `config_invalid` with the setting to change.
 */
export async function openApiServer(
  settings: ListenSettings,
  options: ApiServerOptions,
): Promise<GrpcServer> {
  const admission = new AdmitCalls({
    ...options,
    refused: (path, code) => {
      const [, service = '', method = ''] = /([^./]+)\/([^/]+)$/.exec(path) ?? [];
      options.meters.grpcHandled.inc({ service, method, code });
    },
  });
  const server = new Server({ ...serverOptions, interceptors: [admission.interceptor] });
  const definition = apiDefinition();
  const calls = new ApiCalls(admission, options);
  const services = Object.keys(apiMethods) as ApiServiceName[];
  for (const name of services)
    server.addService(
      measuredService(definition, name),
      calls.service(name, options.handlers[name] as never),
    );
  serveReflection(server, definition, calls);
  serveHealth(server, options.readiness, services);
  const port = await bind(server, settings);
  const { host } = settings.grpcListen;
  return {
    address: reachableText({ host, port }),
    close: (graceMs) => close(server, graceMs),
  };
}

async function bind(server: Server, settings: ListenSettings): Promise<number> {
  const address = addressText(settings.grpcListen);
  const credentials = await credentialsOf(settings);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) return resolve(port);
      const taken = error.message.includes('EADDRINUSE');
      const message = `${address} ${taken ? 'is taken' : 'cannot be used'}, so the gRPC API cannot be served.`;
      reject(
        new AppError(taken ? 'address_in_use' : 'not_ready', message, {
          hint: 'Name another address with --grpc-listen.',
          cause: error,
        }),
      );
    });
  });
}

async function credentialsOf({ tlsCert, tlsKey }: ListenSettings): Promise<ServerCredentials> {
  if (tlsCert === undefined || tlsKey === undefined) return ServerCredentials.createInsecure();
  // They were read and judged for the REST API a moment ago.
  const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
  return ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }], false);
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}

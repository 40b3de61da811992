import { Agent, request } from 'node:http';
import { basePath, rolePermissions, routes } from '@ambit/contracts';
import type { Route } from '@ambit/contracts';
import { Fleet } from '../../support/fleet.ts';
import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { SeededRandom } from '@ambit/testing';
import { someBody, nastyText } from './nasty.ts';

const requests: Readonly<Record<Scale, number>> = { smoke: 3_000, full: 50_000 };
const sideBySide = 8;
/** One request may keep central busy for this long. */
const mostMs = 2_000;

/** What a caller holds, and what it may do with it. */
interface Caller {
  readonly name: string;
  readonly token: string | undefined;
  readonly permissions: ReadonlySet<string>;
}

interface Answer {
  readonly status: number;
  readonly ms: number;
}

/**
 * Callers of every kind send what is nearly right and what is all wrong to every route. An escape is an answer above 499,
 * a success without the permission, an answer that takes long, or an end of central.
 */
export const rest: HostileFamily = {
  says: 'every route with every kind of caller and bodies that are nearly right',
  run: async (scale, seed) => {
    const fleet = await Fleet.start([], {});
    try {
      return await callAll(fleet, requests[scale], new SeededRandom(seed));
    } finally {
      await fleet.stop();
    }
  },
};

async function callAll(fleet: Fleet, count: number, random: SeededRandom): Promise<FamilyResult> {
  const callers = await prepareCallers(fleet);
  const escapes: Escape[] = [];
  const statuses = new Map<number, number>();
  const agent = new Agent({ keepAlive: true, maxSockets: sideBySide });
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < count && escapes.length < 100) {
      sent++;
      const [operation, route] = random.pick(operations);
      const caller = random.pick(callers);
      const { path, body } = attackOn(route, random);
      const from = caller.permissions.size > 0 ? '127.0.0.1' : elsewhere(random);
      const { token } = caller;
      const answer = await send(fleet.url, agent, { route, path, body, token, from });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const got = judge(route, caller, answer);
      if (got !== undefined) {
        const text = body?.toString('utf8').slice(0, 300) ?? '';
        escapes.push({ attack: `${operation} as ${caller.name}: ${path} ${text}`, got });
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  agent.destroy();
  if (fleet.central?.alive !== true) escapes.push({ attack: 'all', got: 'central ended' });
  const counts = [...statuses].toSorted(([a], [b]) => a - b);
  const note = counts.map(([status, times]) => `${status}: ${times}`).join(', ');
  return { attacks: sent, escapes, notes: [`answers by status: ${note}`] };
}

/** Removing the callers' own tokens would end the attack. */
const left = 'revokeApiToken';
const byId: Readonly<Record<string, Route>> = routes;
const operations = Object.entries(byId).filter(([id]) => id !== left);

async function prepareCallers(fleet: Fleet): Promise<Caller[]> {
  const { api } = fleet.client();
  const withRole = async (role: 'viewer' | 'sync'): Promise<Caller> => {
    const { token } = await api.createApiToken({ body: { name: `hostile-${role}`, role } });
    return { name: role, token, permissions: new Set(rolePermissions[role]) };
  };
  const nobody = (name: string, token?: string): Caller => ({
    name,
    token,
    permissions: new Set(),
  });
  return [
    { name: 'admin', token: fleet.token, permissions: new Set(rolePermissions.admin) },
    await withRole('viewer'),
    await withRole('sync'),
    nobody('nobody'),
    nobody('an invented token', fleet.token.replace(/_[a-z2-7]{4}/, '_aaaa')),
    nobody('half a token', fleet.token.slice(0, 30)),
  ];
}

function attackOn(
  route: Route,
  random: SeededRandom,
): { readonly path: string; readonly body: Buffer | undefined } {
  const name = `n${random.below(20)}`;
  const value = (): string => (random.chance(0.5) ? name : inUrl(nastyText(random)));
  const path = route.path.replaceAll(/\{\w+\}/g, value);
  const keys = [
    'limit',
    'continue',
    'labelSelector',
    'q',
    'dryRun',
    'wait',
    'since',
    'type',
  ] as const;
  const query = random.chance(0.4) ? `?${random.pick(keys)}=${inUrl(nastyText(random))}` : '';
  const writes = route.request !== undefined || route.method === 'PUT';
  const body = writes || random.chance(0.1) ? someBody(random, path) : undefined;
  return { path: `${basePath}${path}${query}`, body };
}

const elsewhere = (random: SeededRandom): string =>
  `127.${1 + random.below(250)}.${random.below(250)}.${1 + random.below(250)}`;
/** Lone surrogates have no place in a URL. */
const inUrl = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

interface Sent {
  readonly route: Route;
  readonly path: string;
  readonly body: Buffer | undefined;
  readonly token: string | undefined;
  /** Failures are counted by address: who fails comes from another one each time. */
  readonly from: string;
}

function send(
  url: string,
  agent: Agent,
  { route, path, body, token, from }: Sent,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': body.length }),
  };
  const began = performance.now();
  return new Promise((resolve) => {
    const answered = (status: number): void => resolve({ status, ms: performance.now() - began });
    const call = request(
      { hostname, port, path, method: route.method, headers, agent, localAddress: from },
      (answer) => {
        // A stream that was opened has been answered.
        if (answer.headers['content-type']?.startsWith('text/event-stream') === true) {
          answered(answer.statusCode ?? 0);
          call.destroy();
          return;
        }
        answer.resume().on('end', () => answered(answer.statusCode ?? 0));
      },
    );
    call.on('error', () => answered(0));
    call.setTimeout(15_000, () => call.destroy());
    call.end(body);
  });
}

function judge(route: Route, caller: Caller, { status, ms }: Answer): string | undefined {
  // Being told to wait, or that a cluster is not connected, is an answer; a fault of ours is none.
  if (status === 500 || status === 502 || status === 504) return `status ${status}`;
  if (ms > mostMs && status !== 202) return `an answer after ${ms.toFixed(0)} ms`;
  const allowed = route.permission === 'anyone' || caller.permissions.has(route.permission);
  if (!allowed && status >= 200 && status < 300) return `status ${status} without the permission`;
  return undefined;
}

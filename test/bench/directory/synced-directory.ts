import { AmbitGrpcClient } from '@ambit/client/grpc';
import { closedLoop } from '../harness/open-loop.ts';
import { BenchClient, document } from '../suite/bench-central.ts';

export interface DirectorySize {
  readonly users: number;
  readonly groups: number;
  /** Of each group but the first. */
  readonly members: number;
  readonly membersOfFirst: number;
}

/** What a directory holds at one moment: people by number, with what is said of them, and groups of such numbers. */
interface Held {
  readonly titles: readonly string[];
  readonly groups: readonly (readonly number[])[];
}

/** Fewer than are answered at once, so that none has to be sent again. */
const callers = 12;
const provider = 'bench';
const person = (at: number): string => `user-${at}@bench.example`;
export const groupName = (at: number): string => `team-${at}`;

/** What speaks for the directory of a provider that it makes. Gives the token. Secret. */
export async function connectDirectory(admin: BenchClient): Promise<string> {
  const service = `${provider}-scim`;
  const objects = [
    document('ServiceIdentity', service, {}),
    document('Delegation', service, { subjects: [{ service }], role: 'directory' }),
    document('IdentityProvider', provider, {
      preset: 'oidc',
      issuer: 'https://login.bench.example',
      clientId: 'ambit',
      clientSecret: { env: 'IDP_BENCH' },
      domains: ['bench.example'],
      directory: { service },
    }),
  ];
  await admin.call('POST', '/apply', { objects });
  const body = { name: 'bench', ttlSeconds: 86_400 };
  const { text } = await admin.call('POST', `/services/${service}/tokens`, body);
  return (JSON.parse(text) as { token: string }).token;
}

/** Everybody in their groups, each in as many as the size says. */
export function heldAtFirst({ users, groups, members, membersOfFirst }: DirectorySize): Held {
  return {
    titles: Array.from({ length: users }, () => 'Engineer'),
    groups: Array.from({ length: groups }, (_, group) =>
      Array.from(
        { length: group === 0 ? membersOfFirst : members },
        (__, at) => (group * members + at) % users,
      ),
    ),
  };
}

/** One of a hundred people is called otherwise, and one of a hundred groups has a member more. */
export function aHundredthChanged({ titles, groups }: Held): Held {
  return {
    titles: titles.map((title, at) => (at % 100 === 0 ? `${title} II` : title)),
    groups: groups.map((members, at) =>
      at % 100 === 0 ? [...members, ((members.at(-1) ?? 0) + 1) % titles.length] : members,
    ),
  };
}

/** A directory that brings everything it holds each time, as the large ones do: it looks for each object, then writes it. */
export class SyncedDirectory {
  readonly #client: BenchClient;
  readonly #ids: string[] = [];

  constructor(port: number, token: string) {
    this.#client = new BenchClient(port, token, { callers, base: '/scim/v2' });
  }

  /** Two calls for each object. */
  async sync({ titles, groups }: Held): Promise<void> {
    const bringPerson = async (at: number): Promise<void> => {
      const userName = person(at);
      const externalId = `00u${at}`;
      const emails = [{ value: userName, type: 'work', primary: true }];
      const body = { userName, externalId, active: true, title: titles[at], emails };
      this.#ids[at] = await this.#bring('/Users', `userName eq "${userName}"`, body);
    };
    const bringGroup = async (at: number): Promise<void> => {
      const displayName = groupName(at);
      const members = (groups[at] ?? []).map((each) => ({ value: this.#ids[each] }));
      const body = { displayName, externalId: `00g${at}`, members };
      await this.#bring('/Groups', `displayName eq "${displayName}"`, body);
    };
    await closedLoop({ callers, operations: titles.length, run: bringPerson });
    await closedLoop({ callers, operations: groups.length, run: bringGroup });
  }

  close(): void {
    this.#client.close();
  }

  /** Gives the id. */
  async #bring(path: string, filter: string, body: object): Promise<string> {
    const asked = `${path}?excludedAttributes=members&filter=${encodeURIComponent(filter)}`;
    const { text } = await this.#client.call('GET', asked);
    const [found] = (JSON.parse(text) as { Resources: { id: string }[] }).Resources;
    const without = '?excludedAttributes=members';
    const answer =
      found === undefined
        ? await this.#client.call('POST', `${path}${without}`, body)
        : await this.#client.call('PUT', `${path}/${found.id}${without}`, body);
    return (JSON.parse(answer.text) as { id: string }).id;
  }
}

/** A directory that sends everything it holds in one stream, which is planned and written as one. */
export class StreamedDirectory {
  readonly #client: AmbitGrpcClient;

  constructor(port: number, token: string) {
    this.#client = new AmbitGrpcClient({ server: `http://127.0.0.1:${port}`, token });
  }

  /** Gives how many people and groups were written. Throws when something was refused. */
  async sync({ titles, groups }: Held): Promise<number> {
    const externalId = (at: number): string => `00u${at}`;
    const users = titles.map((title, at) => ({
      externalId: externalId(at),
      userName: person(at),
      displayName: `${title} ${at}`,
      emails: [person(at)],
    }));
    const said = groups.map((members, at) => ({
      externalId: `00g${at}`,
      displayName: groupName(at),
      members: members.map(externalId),
    }));
    const done = await this.#client.syncDirectory({ users, groups: said });
    if (done.refusedTotal > 0)
      throw new Error(`refused: ${JSON.stringify(done.refused.slice(0, 3))}`);
    const written = [done.users, done.groups].flatMap((outcome) =>
      outcome === null || outcome === undefined
        ? []
        : [outcome.created, outcome.changed, outcome.removed],
    );
    return written.reduce((total, each) => total + each, 0);
  }

  close(): void {
    this.#client.close();
  }
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basePath, responseSchemas, routes, type Route } from '@ambit/contracts';

/** What a terminal would act on, of every kind: OSC, CSI of seven and eight bits, C0, DEL, directions, the invisible. */
export const poison =
  'x\u001b]0;owned\u0007\u001b[8m\u009b2J\u007f\b\r\nerror: forged\u202egnp\u2066\u200b\u00ad\ufeff\u2028y';

/** What it calls everything whose name cannot be poison. */
export const innocentName = '0192f0c1-0000-7000-8000-000000000001';
const innocent = ['2026-01-01T00:00:00.000Z', innocentName, '418', 'x'];

interface Schema {
  readonly def: {
    readonly type: string;
    readonly shape?: Readonly<Record<string, Schema>>;
    readonly element?: Schema;
    readonly innerType?: Schema;
    readonly valueType?: Schema;
    readonly options?: readonly Schema[];
    readonly entries?: Readonly<Record<string, string>>;
    readonly values?: readonly unknown[];
    readonly in?: Schema;
  };
  safeParse(value: unknown): { readonly success: boolean };
}

/** A value of the schema in which every text that may be anything is poison. */
function poisoned(schema: Schema): unknown {
  const { shape, element, valueType } = schema.def;
  if (shape !== undefined) {
    // A list that goes on for ever is another attack.
    const fields = Object.entries(shape).filter(([key]) => key !== 'continue');
    return Object.fromEntries(fields.map(([key, one]) => [key, poisoned(one)]));
  }
  if (element !== undefined) return [poisoned(element)];
  if (valueType !== undefined) return { [poison]: poisoned(valueType) };
  const inner = schema.def.innerType ?? schema.def.in ?? schema.def.options?.[0];
  return inner === undefined ? plainValue(schema) : poisoned(inner);
}

function plainValue(schema: Schema): unknown {
  const { type, entries, values } = schema.def;
  const [known] = entries === undefined ? (values ?? []) : Object.values(entries);
  if (known !== undefined) return known;
  if (type === 'boolean') return true;
  if (type === 'number') return 1;
  return [poison, ...innocent].find((text) => schema.safeParse(text).success) ?? poison;
}

/** Central taken over by somebody who wants our terminals: it answers by the contract, or refuses, in texts of his own. */
export class HostileCentral {
  refuses = false;
  url = '';
  #server: Server | undefined;

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x');
      const called = ({ method, path }: { readonly method: string; readonly path: string }) =>
        method === request.method &&
        new RegExp(`^${basePath}${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname);
      const route = (Object.values(routes) as Route[]).find(called);
      const schema = route && responseSchemas[route.response];
      const answers = !this.refuses && schema !== undefined;
      const body = poisoned((answers ? schema : responseSchemas.Problem) as unknown as Schema);
      response
        .writeHead(answers ? 200 : 409, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

import { expect } from '@jest/globals';
import { basePath, Problem, problemContentType } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Answer, SmallCentral } from '../../apps/cli/src/small-central.test-support.ts';

export type Answers = SmallCentral['answers'];

/** A central over REST. It holds `restWorld`, and an agent is connected for the cluster "prod-eu". */
export interface RestTarget {
  readonly url: string;
  readonly token: string;
  /** What the fake is told to answer from now on; central answers of itself. */
  tell(answers: Answers): void;
  stop(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly type: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  readonly body: any;
}

/** A call; a text is sent as it stands, an empty token is none. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a target, and expects of its answers what every answer has. */
export class RestCaller {
  readonly #target: () => RestTarget;

  constructor(target: () => RestTarget) {
    this.#target = target;
  }

  get target(): RestTarget {
    return this.#target();
  }

  async call({
    method = 'GET',
    path,
    body,
    token = this.target.token,
    headers,
  }: Asked): Promise<Reply> {
    const response = await fetch(`${this.target.url}${basePath}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const type = response.headers.get('content-type');
    return { status: response.status, type, body: await response.json() };
  }

  /** The problem that a call is answered with: whole, with its status in it, and in its own content type. */
  async refused(asked: Asked): Promise<Problem> {
    const { status, type, body } = await this.call(asked);
    expect(type).toContain(problemContentType);
    const problem = Problem.parse(body);
    expect(problem.status).toBe(status);
    expect(problem.requestId).not.toBe('');
    return problem;
  }

  /** The answer to a call for which the fake is told what to say: it has each field of that, of the same type. */
  async claimed(claim: Readonly<Record<string, unknown>>, asked: Asked): Promise<Reply['body']> {
    const answers = Object.entries(claim).map(([operation, said]) => [operation, () => said]);
    this.target.tell(Object.fromEntries(answers) as Answers);
    const { status, body } = await this.call(asked);
    expect({ status, body }).toMatchObject({ status: 200 });
    for (const said of Object.values(claim)) {
      expect(fieldsOf(body)).toEqual(expect.arrayContaining(fieldsOf(said)));
    }
    return body;
  }
}

/** An answer of the fake that refuses. */
export const refusing =
  (...[code, message, extras]: ConstructorParameters<typeof AppError>): Answer =>
  () => {
    throw new AppError(code, message, extras);
  };

/** Applies these objects. */
export const applying = (objects: readonly object[], more: object = {}): Asked => ({
  method: 'POST',
  path: '/apply',
  body: { objects, ...more },
});

/** The fields of a value with their types: `.metadata.name string`. A list is told by its first item. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    const first = value.slice(0, 1).flatMap((item) => fieldsOf(item, `${path}[]`));
    return [`${path} list`, ...first];
  }
  if (typeof value !== 'object' || value === null) return [`${path} ${typeof value}`];
  return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, `${path}.${name}`));
}

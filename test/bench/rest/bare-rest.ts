import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { environment, programs } from '../../support/run-program.ts';

/** What is asked of the database, with what. */
export interface BareQuestion {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Answers question N at /api/v1/N as central answers a list, by Fastify and pg and nothing else. */
const script = `
  const { default: fastify } = await import('fastify');
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 16 });
  const questions = JSON.parse(process.env.BENCH_QUESTIONS);
  const item = ({ uid, name, labels, annotations, generation, revision, created_at, ...spec }) => ({
    apiVersion: 'ambit.dev/v1', kind: 'User',
    metadata: { uid, name, labels, annotations, generation, resourceVersion: String(revision), creationTimestamp: created_at },
    spec, status: { groups: [], conditions: [{ type: 'Active', status: 'True', reason: 'Active' }] },
  });
  const app = fastify();
  app.get('/api/v1/:at', async ({ params }) => {
    const { rows } = await pool.query(questions[Number(params.at)]);
    return { apiVersion: 'ambit.dev/v1', kind: 'List', metadata: {}, items: rows.map(item) };
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  console.log(app.server.address().port);`;

/** The least that could answer the same, as a process of its own. */
export class BareRest {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(url: string, questions: readonly BareQuestion[]): Promise<BareRest> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: dirname(programs.central),
      env: {
        ...environment,
        BENCH_DATABASE_URL: url,
        BENCH_QUESTIONS: JSON.stringify(questions),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new BareRest(child, Number(line));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

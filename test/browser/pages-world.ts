import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from '../../apps/central/src/central.test-support.ts';
import { offerSetUp } from '../../apps/central/src/features/sign-in/public.ts';
import {
  codeOf,
  forgetCodes,
  localUser,
  password,
} from '../../apps/central/src/sign-in.test-support.ts';
import { startUpstream, stopUpstreams } from '../../apps/central/src/upstream.test-support.ts';
import type {
  TestUpstream,
  UpstreamOptions,
} from '../../apps/central/src/upstream.test-support.ts';
import { createAuthority } from '../../libs/dev-cluster/src/access/certificates.ts';
import { chromiumFlags, findChromium } from '../support/chromium.ts';

const program = findChromium(process.env);
export const hasChromium = program !== undefined;

const programName = 'ambit-cli';
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** A program that asked to be let in, and waits. */
export interface WaitingDevice {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

/** Central as people reach it, behind a proxy that ends TLS, with people who have a local sign-in, and a real browser. */
export class PagesWorld {
  readonly db: TestDatabase;
  readonly central: TestCentral;
  readonly url: string;
  readonly folder: string;
  readonly #front: Front;
  readonly #browser: Browser;
  readonly #keys = new Map<string, string>();
  readonly #providers = new Map<string, TestUpstream>();

  private constructor(parts: {
    db: TestDatabase;
    central: TestCentral;
    front: Front;
    browser: Browser;
    folder: string;
  }) {
    this.db = parts.db;
    this.central = parts.central;
    this.#front = parts.front;
    this.url = parts.front.url;
    this.#browser = parts.browser;
    this.folder = parts.folder;
  }

  static async start(): Promise<PagesWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-pages-'));
    const front = await Front.open(join(folder, 'ca.crt'));
    const db = await testDatabase();
    const central = await TestCentral.start(db.url, { env: { AMBIT_PUBLIC_URL: front.url } });
    front.behind.port = Number(new URL(central.running.restUrl ?? '').port);
    const browser = await chromium.launch({
      executablePath: program ?? '',
      args: [...chromiumFlags],
    });
    return new PagesWorld({ db, central, front, browser, folder });
  }

  /** The CA that signed the proxy's certificate. */
  get caFile(): string {
    return join(this.folder, 'ca.crt');
  }

  get policy(): PolicyWriter {
    return new PolicyWriter(this.db.database);
  }

  /** A browser that nobody used before. Scripts are off unless they are asked for. */
  newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    return this.#browser.newContext({
      baseURL: this.url,
      ignoreHTTPSErrors: true,
      javaScriptEnabled: false,
      ...options,
    });
  }

  /** A person with a password and an authenticator, who did nothing wrong so far. */
  async addPerson(name: string): Promise<void> {
    this.#keys.set(name, await localUser(this.central, this, name));
  }

  /** A provider of the company, which runs and which central knows. */
  async addProvider(options: UpstreamOptions): Promise<void> {
    const provider = await startUpstream(this.central, { ...options, centralUrl: this.url });
    this.#providers.set(provider.name, provider);
  }

  provider(name: string): TestUpstream {
    const found = this.#providers.get(name);
    if (found === undefined) throw new Error(`there is no provider ${name}`);
    return found;
  }

  /** The variables of somebody's command: all of it in a folder of theirs, and a PATH that is one folder. */
  commandLine(name: string): Record<string, string> {
    const home = join(this.folder, name);
    return {
      AMBIT_CONFIG_DIR: join(home, 'config'),
      AMBIT_CACHE_DIR: join(home, 'cache'),
      AMBIT_STATE_DIR: join(home, 'state'),
      AMBIT_CA_FILE: this.caFile,
      KUBECONFIG: join(home, 'kubeconfig'),
      PATH: join(home, 'bin'),
    };
  }

  /** A code with which somebody sets up their sign-in. */
  offerSetUp(name: string): Promise<string> {
    return offerSetUp(this.policy.unit, { kind: 'system', name: 'test' }, name);
  }

  /** What the person types: it is good now, whatever was used before. */
  async signInFields(name: string): Promise<{ name: string; password: string; code: string }> {
    await forgetCodes(this.db, name);
    return { name, password, code: codeOf(this.#keys.get(name) ?? '') };
  }

  /** Fills in the form of the page, which is folded where there are providers. */
  async signIn(page: Page, name: string): Promise<void> {
    const fields = await this.signInFields(name);
    const folded = page.locator('details:not([open]) > summary');
    if ((await folded.count()) > 0) await folded.click();
    await page.getByLabel('Name').fill(fields.name);
    await page.getByLabel('Password').fill(fields.password);
    await page.getByLabel('Code of your authenticator').fill(fields.code);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** Presses the button of a provider, and says there who one is. */
  async signInWith(page: Page, title: string, name: string): Promise<void> {
    await page.getByRole('button', { name: `Sign in with ${title}`, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Log in', exact: true }).waitFor();
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
  }

  /** Nobody has to wait for what others tried. */
  async forgetAttempts(): Promise<void> {
    await this.db.database.query('DELETE FROM sign_in_attempts');
  }

  /** Asks to be let in, as a program that says this of itself. */
  async askAsDevice(userAgent = 'ambit/test <on a laptop>'): Promise<WaitingDevice> {
    const { body } = await this.#ask('/device/auth', { scope: 'openid offline_access' }, userAgent);
    return body as unknown as WaitingDevice;
  }

  /** What the program hears when it asks whether it was let in: `error` while it was not. */
  async poll({ device_code }: WaitingDevice): Promise<Readonly<Record<string, unknown>>> {
    return (await this.#ask('/token', { grant_type: deviceGrant, device_code }, 'test')).body;
  }

  async #ask(
    path: string,
    fields: Readonly<Record<string, string>>,
    userAgent: string,
  ): Promise<{ readonly body: Readonly<Record<string, unknown>> }> {
    const reply = await fetch(`${this.central.running.restUrl}/oauth2${path}`, {
      method: 'POST',
      headers: { 'user-agent': userAgent },
      body: new URLSearchParams({ client_id: programName, ...fields }),
    });
    return { body: (await reply.json()) as Readonly<Record<string, unknown>> };
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await stopUpstreams();
    await this.#front.close();
    await this.central.stop();
    await this.db.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Ends TLS and passes on what is within, as a proxy in front of central does. */
class Front {
  readonly url: string;
  /** Where it passes on to. */
  readonly behind: { port: number };
  readonly #server: Server;
  readonly #open: Set<Socket>;

  private constructor(server: Server, open: Set<Socket>, behind: { port: number }) {
    this.#server = server;
    this.#open = open;
    this.behind = behind;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(caFile: string): Promise<Front> {
    const authority = await createAuthority('CA of the pages');
    await writeFile(caFile, authority.certPem);
    const { certPem: cert, keyPem: key } = await authority.serving('pages');
    const open = new Set<Socket>();
    const behind = { port: 0 };
    const server = createServer({ cert, key }, (from) => {
      const to = connect(behind.port, '127.0.0.1');
      for (const [socket, other] of [
        [from, to],
        [to, from],
      ] as const) {
        open.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => (open.delete(socket), other.destroy()));
      }
      from.pipe(to).pipe(from);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Front(server, open, behind);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

// A test runner for Stryker: the engine of Jest without the program around it. The specs are bundled once, and each
// mutant is one run of that bundle within the same process, which takes milliseconds where `jest` takes a second and more.
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin';
import { TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { build } from 'esbuild';
import * as circus from 'jest-circus';
import { jestExpect } from '@jest/expect';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

const testGlobals = new URL('./test-globals.cjs', import.meta.url).pathname;

/** `jest` as specs know it, as far as they use it. */
function jestObject() {
  const timers = new ModernFakeTimers({ global: globalThis, config: { fakeTimers: {} } });
  const mocks = new ModuleMocker(globalThis);
  return new Proxy(timers, {
    get(_, name) {
      const owner = name in timers ? timers : mocks;
      return owner[name].bind(owner);
    },
  });
}

/** A script has no `import.meta`: each file gets its own address instead. */
const ownAddress = {
  name: 'own-address',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
    }),
};

/** All specs of an area as one script; what comes from a registry stays outside of it. */
async function bundleOf(specs) {
  const files = specs.flatMap((spec) => globSync(spec));
  const { outputFiles } = await build({
    stdin: {
      // Each within a block of its own, so that its hooks are its own.
      contents: files
        .map((file) => `describe('${file}', () => void require('./${file}'));`)
        .join('\n'),
      resolveDir: process.cwd(),
    },
    alias: { '@jest/globals': testGlobals },
    bundle: true,
    conditions: ['@ambit/source'],
    external: ['fast-check', 'pg', 'typeorm', '@nestjs/*'],
    format: 'cjs',
    platform: 'node',
    plugins: [ownAddress],
    sourcemap: 'inline',
    write: false,
  });
  return outputFiles[0].text;
}

class CircusRunner {
  static inject = ['options'];
  #specs;
  #script;
  #wanted;
  #bail = false;

  constructor({ circus: { specs } }) {
    this.#specs = specs;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    globalThis.__stryker__ ??= {};
    globalThis.ambitTestGlobals = { ...circus, expect: jestExpect, jest: jestObject() };
    globalThis.describe = circus.describe;
    this.#script = new Script(
      `(function (require, module, exports) {${await bundleOf(this.#specs)}\n})`,
      { filename: join(process.cwd(), 'specs.cjs') },
    );
    circus.addEventHandler((event) => this.#on(event));
  }

  async dryRun() {
    const { __stryker__: mutation } = globalThis;
    mutation.mutantCoverage = { static: {}, perTest: {} };
    mutation.activeMutant = undefined;
    const tests = await this.#run(undefined, false);
    return { status: 'complete', tests, mutantCoverage: mutation.mutantCoverage };
  }

  async mutantRun({ activeMutant, disableBail, hitLimit, mutantActivation, testFilter }) {
    const { __stryker__: mutation } = globalThis;
    mutation.hitCount = 0;
    mutation.hitLimit = hitLimit;
    mutation.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    const loaded = () => (mutation.activeMutant = activeMutant.id);
    const tests = await this.#run(testFilter, !disableBail, loaded);
    if (hitLimit !== undefined && mutation.hitCount > hitLimit)
      return { status: 'timeout', reason: `Hit limit reached (${mutation.hitCount}/${hitLimit})` };
    return toMutantRunResult({ status: 'complete', tests });
  }

  /** Loads the specs anew, so that what a module keeps is fresh for each mutant. */
  async #run(filter, bail, loaded = () => undefined) {
    circus.resetState();
    this.#wanted = filter && new Set(filter);
    this.#bail = bail;
    this.#results = [];
    try {
      const module = { exports: {} };
      this.#script.runInThisContext()(
        createRequire(join(process.cwd(), 'x.cjs')),
        module,
        module.exports,
      );
    } catch (error) {
      return [failed('loading', error.stack)];
    }
    loaded();
    const { unhandledErrors } = await circus.run();
    return unhandledErrors.length > 0 ? [failed('outside', unhandledErrors[0])] : this.#results;
  }

  #results = [];

  #on(event) {
    const { __stryker__: mutation } = globalThis;
    if (event.name === 'run_start') this.#choose(circus.getState().rootDescribeBlock);
    if (event.name === 'test_start') mutation.currentTestId = idOf(event.test);
    if (event.name === 'test_done') {
      mutation.currentTestId = undefined;
      const { errors, duration } = event.test;
      const [first] = errors;
      const id = idOf(event.test);
      if (first === undefined)
        this.#results.push({
          id,
          name: id,
          timeSpentMs: duration ?? 0,
          status: TestStatus.Success,
        });
      else this.#results.push(failed(id, messageOf(first)));
      if (first !== undefined && this.#bail)
        this.#choose(circus.getState().rootDescribeBlock, true);
    }
  }

  /** Leaves out what does not reach the mutant, and all that is left once one test has failed. */
  #choose(block, none = false) {
    for (const child of block.children) {
      if (child.type === 'describeBlock') this.#choose(child, none);
      else if (none || this.#wanted?.has(idOf(child)) === false) child.mode = 'skip';
    }
  }
}

const failed = (id, failureMessage) => ({
  id,
  name: id,
  timeSpentMs: 0,
  status: TestStatus.Failed,
  failureMessage: String(failureMessage),
});

function idOf(test) {
  const titles = [];
  for (let at = test; at.parent !== undefined; at = at.parent) titles.unshift(at.name);
  return titles.join(' › ');
}

function messageOf(error) {
  const thrown = Array.isArray(error) ? (error[0] ?? error[1]) : error;
  return thrown?.message ?? thrown;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'circus', CircusRunner)];

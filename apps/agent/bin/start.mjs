// Little memory before speed: docs/adr/0010-an-agent-in-one-file.md. V8 reads these flags when it starts, so that the
// process replaces itself by one that has them. It keeps its number, and what started it notices nothing.
import { statSync } from 'node:fs';

const flags = ['--max-semi-space-size=1', '--optimize-for-size', '--no-opt', '--no-maglev'];

if (!flags.every((flag) => process.execArgv.includes(flag)) && process.execve !== undefined) {
  const quiet = '--disable-warning=ExperimentalWarning';
  const args = [process.execPath, ...process.execArgv, ...flags, quiet, ...process.argv.slice(1)];
  // Fewer arenas of malloc: what its threads free is used again.
  process.execve(process.execPath, args, { MALLOC_ARENA_MAX: '1', ...process.env });
}

const changed = (path) =>
  statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const bundle = '../dist/bundle/main.js';

// After `tsc -b` alone the bundle is older than what it was made from.
const fresh = changed(bundle) >= changed('../dist/.tsbuildinfo') && changed(bundle) > 0;
await import(fresh ? bundle : '../dist/main.js');

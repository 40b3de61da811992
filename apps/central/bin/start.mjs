// One bundle instead of thousands of modules: docs/adr/0020-central-from-a-bundle.md.
import { statSync } from 'node:fs';

const changed = (path) =>
  statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const bundle = '../dist/bundle/main.js';

// After `tsc -b` alone the bundle is older than what it was made from.
const fresh = changed(bundle) >= changed('../dist/.tsbuildinfo') && changed(bundle) > 0;
await import(fresh ? bundle : '../dist/main.js');

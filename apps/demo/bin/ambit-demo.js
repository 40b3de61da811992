#!/usr/bin/env node
// Written for any Node there is, so that an old one is told what is missing instead of failing on syntax.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `error: the demo needs Node 24 or newer; this is Node ${process.versions.node}\n` +
      '  next: npm run demo (it brings its own Node on Linux), or install Node 24 from https://nodejs.org\n',
  );
  process.exitCode = 1;
} else {
  void import('../dist/main.js').then(({ main }) => main());
}

#!/usr/bin/env node
// Written for any Node there is, so that an old one is told what is missing instead of failing on syntax.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `ambit-central needs Node 24 or newer; this is Node ${process.versions.node}.\n` +
      'Install Node 24, or run `npx ambit-central` in the checkout.\n',
  );
  process.exitCode = 1;
} else {
  void import('./start.mjs');
}

#!/usr/bin/env node
void import('../dist/clusters-main.js').then(({ main }) => main());

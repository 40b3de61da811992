// Some packages of the Nest family are CommonJS and require() Nest: it has to be loaded as ESM first.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';

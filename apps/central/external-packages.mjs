// What no bundle of central takes in.

/** What Nest and Fastify would use if it were installed, which it is not. */
export const uninstalled = [
  'class-transformer',
  'class-validator',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
];

/** What looks for files beside itself: its other half, which is native, or its protos. */
export const withFiles = ['@node-rs/argon2', '@grpc/reflection', 'grpc-health-check'];

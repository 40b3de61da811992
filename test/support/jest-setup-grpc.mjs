// Packages that read their protos beside themselves are no part of the bundles and require() these: which Node and Jest refuse
// while one is being linked, so they have to be there before a test is.
import '@grpc/grpc-js';
import '@grpc/proto-loader';

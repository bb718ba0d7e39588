#!/usr/bin/env node
// libuv's pool syncs the files. Its size is read as soon as Node loads an ES module, so it is set before the first one.
process.env.UV_THREADPOOL_SIZE ??= "16";
import("../dist/bundle/start.js").then(({ run }) => run());

// node node_scheduler.js LIBRARY PORT LEASE: a scheduler of node-resque, in a hurry.
"use strict";
const [library, port, lease] = process.argv.slice(2);
const { Scheduler } = require(library);
const connection = {
  pkg: "ioredis",
  host: "127.0.0.1",
  port: Number(port),
  database: 0,
  options: { connectionName: "node" },
};

async function main() {
  const scheduler = new Scheduler({ connection, timeout: 100, leaderLockTimeout: Number(lease) });
  scheduler.on("error", (error) => console.error(error));
  await scheduler.connect();
  await scheduler.start();
}

main();
